"""All that the runs below a folder stored and logged, and the difference of two such outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from stored_runs import flat, last_state, logged
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from marl.core.serialisation import load_state

__all__ = ["differences", "outcome"]

TEXTS = ("scores.csv", "score.json", "crosstable.json")


def outcome(folder: Path) -> dict[str, Any]:
    """Weights, states, rows and TensorBoard entries by name, times left out, and the names of the files."""
    found: dict[str, Any] = {}
    for run in sorted(path.parent for path in folder.rglob("config.yaml")):
        parts = {
            "checkpoint": {name: _plain(value) for name, value in last_state(run).items()},
            "policy": {name: _plain(value) for name, value in flat(load_state(run / "policy", "policy")).items()},
            "metrics.jsonl": logged(run),
        }
        found |= {f"{run.relative_to(folder)}/{name}": value for name, value in parts.items()}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name in TEXTS:
            found[name] = path.read_text(encoding="utf-8")
        elif path.is_dir() and any(path.glob("events.out.tfevents.*")):
            found |= {f"{name}: {tag}": entries for tag, entries in _entries(path).items()}
        elif path.name.startswith("."):
            found[f"{name.rpartition('/')[0]}: left over"] = path.name
        elif path.suffix in (".png", ".yaml", ".log"):
            found[name] = True
    return found


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of what differs, or is only in one."""
    return sorted(name for name in {*one, *other} if name not in one or name not in other or one[name] != other[name])


def _plain(value: Any) -> Any:
    if torch.is_tensor(value):
        return str(value.dtype), tuple(value.shape), value.contiguous().numpy().tobytes()
    return value


def _entries(folder: Path) -> dict[str, Any]:
    """Entries that TensorBoard shows: steps and values of scalars, steps of the others, rows of hyper-parameters.

    Times are left out, and the texts of each process that trained (``run/``).
    """
    events, found = EventAccumulator(str(folder), {"tensors": 0}), dict[str, Any]()
    events.Reload()
    for tag, about in events.summary_metadata.items():
        kind = about.plugin_data.plugin_name
        if kind == "hparams":
            found[tag] = about.plugin_data.content
        elif not tag.startswith(("time/", "run/")):
            entries = events.Tensors(tag)
            found[tag] = [(e.step, e.tensor_proto.SerializeToString() if kind == "scalars" else None) for e in entries]
    return found
