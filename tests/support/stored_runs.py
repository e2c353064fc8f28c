"""Runs that are stopped, and the comparison of what two of them stored and logged."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import torch
from each_iteration import EachIteration

from marl.core.serialisation import load_state
from marl.training.callbacks import Callback
from marl.training.checkpoints import Checkpoints
from marl.training.progress import Progress

__all__ = ["assert_equal_bit_for_bit", "assert_same_run", "last_state", "logged", "stop_after"]


def stop_after(iterations: int) -> list[Callback]:
    """Callback that presses Ctrl-C after so many iterations."""
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == iterations:
            signal.raise_signal(signal.SIGINT)

    return [EachIteration(watch)]


def flat(state: Any, name: str = "") -> dict[str, Any]:
    """Leaves of nested dicts under dotted names."""
    if isinstance(state, dict):
        return {key: value for part in state for key, value in flat(state[part], f"{name}.{part}").items()}
    return {name: state}


def last_state(folder: Path) -> dict[str, Any]:
    """Weights and state of the latest checkpoint of a run, times and the size of the log, which has them, left out."""
    latest = Checkpoints(folder / "checkpoints").latest
    assert latest is not None
    state = {**load_state(latest, "weights"), **load_state(latest, "state")}
    return {name: value for name, value in flat(state).items() if "time/" not in name and ".log." not in name}


def assert_equal_bit_for_bit(one: Path, other: Path) -> None:
    """Assert that the latest checkpoints of two runs hold the same."""
    first, second = last_state(one), last_state(other)
    assert first.keys() == second.keys()
    different = [
        name
        for name in first
        if not (torch.equal(first[name], second[name]) if torch.is_tensor(first[name]) else first[name] == second[name])
    ]
    assert not different


def assert_same_run(one: Path, other: Path) -> None:
    """Assert that two runs of self-play hold the same: weights, optimiser, best network, games, history and policy."""
    assert_equal_bit_for_bit(one, other)
    assert logged(one) == logged(other)
    for folder, name in (("history", "*.safetensors"), ("policy", "policy.safetensors")):
        here, there = ({path.name: path.read_bytes() for path in (run / folder).glob(name)} for run in (one, other))
        assert here and here == there


def logged(folder: Path) -> list[dict[str, float]]:
    """Rows of the metrics that a run logged, times left out."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [{name: value for name, value in row.items() if not name.startswith("time/")} for row in rows]
