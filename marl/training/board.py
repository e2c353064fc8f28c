"""Texts, charts and hyper-parameters of a run in TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from marl.training.changes import differences
from marl.training.preset_files import preset_files
from marl.training.run_config import RunConfig, config_text, load_values, read_config

__all__ = ["chart_layout", "hyper_parameters", "hyper_scores", "texts"]

CHARTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "learning": {
        "return in training": ("return/",),
        "evaluation: return": ("evaluation/return/",),
        "evaluation: points against each player": ("evaluation/points/",),
        "mean score of the last episodes": ("score/mean_",),
        "share won": ("won/", "points/"),
        "arena": ("arena/score",),
        "arena: Elo": ("arena/elo",),
        "episode length": ("episode/length",),
    },
    "who touches": {
        "contacts": ("contacts/",),
        "share with a contact": ("episode/share_with_contact",),
        "teammates heard": ("links/",),
        "alive": ("alive/",),
        "curriculum": ("curriculum/",),
    },
    "optimiser": {
        "losses": ("loss/",),
        "steps of the policy": ("policy/approx_kl", "policy/clip_fraction"),
        "entropy": ("policy/entropy", "search/entropy"),
        "exploration": ("exploration",),
        "values": ("value/",),
        "gradient norm": ("optimiser/gradient_norm",),
        "learning rate": ("optimiser/learning_rate",),
    },
    "speed": {
        "env steps per second": ("time/env_steps_per_second",),
        "shares of time": ("time/share_",),
    },
}
"""Beginnings of the names of the metrics in each chart, by category."""
ALWAYS = ("evaluation/return/all", "return/all", "evaluation/episode_length")
"""Metrics beside the hyper-parameters of every run: TensorBoard takes the columns of all from one."""
SCORES = ("score/mean_", "arena/elo", "evaluation/points/", "evaluation/contacts_per")
"""Beginnings of the names of others."""
LEARNING = ("env", "policy", "algorithm", "sides", "initial_policy", "total_env_steps", "num_copies", "rollout_length")
"""Settings that change what is learnt; the seed has a column of its own."""
PLAIN = (bool, int, float, str)
COLUMNS = ("task", "algorithm", "preset", "changes", "seed")


def chart_layout(names: Iterable[str]) -> dict[str, dict[str, list[Any]]]:
    """Charts of TensorBoard's custom scalars: those of which there is a metric.

    Args:
        names: metrics of the first entry of the log.
    """
    there = [*names]
    there.append("evaluation/points/" if "search/entropy" in there else "evaluation/return/")
    return {
        category: {
            title: ["Multiline", [f"^{start}" for start in starts]]
            for title, starts in charts.items()
            if any(name.startswith(start) for name in there for start in starts)
        }
        for category, charts in CHARTS.items()
        if any(name.startswith(start) for name in there for starts in charts.values() for start in starts)
    }


def hyper_parameters(config: RunConfig[Any], pictures: bool) -> dict[str, bool | int | float | str]:
    """Task, algorithm, nearest preset of the package, seed, and the settings in which a run differs from that.

    They are there in one text, too: TensorBoard takes the columns of all runs from one.

    Args:
        config: of the run.
        pictures: True if agents see pictures.
    """
    name, different = _nearest_preset(config, pictures)
    sides = {side: each.algorithm.name if each.algorithm else "fixed" for side, each in config.sides.items()}
    algorithm = ", ".join(f"{side}: {kind}" for side, kind in sides.items()) or config.algorithm.name
    plain = {
        field: new if isinstance(new, bool | int | float | str) else json.dumps(new) for field, new in different.items()
    }
    changes = ", ".join(f"{field} {value}" for field, value in plain.items())
    told = (config.env.name, algorithm, name, changes or "none", config.seed)
    return {**dict(zip(COLUMNS, told, strict=True)), **plain}


def hyper_scores(names: Iterable[str]) -> list[str]:
    """Names of the metrics that stand beside the hyper-parameters, of those that a run has logged, and some more."""
    return [*ALWAYS, *(name for name in names if name.startswith(SCORES))]


def texts(config: RunConfig[Any], system: Mapping[str, Any]) -> dict[str, str]:
    """Texts of a process that trains: its settings, its command, its versions and machine, in Markdown."""
    rows = {**system["versions"], **system["machine"]}
    table = "\n".join(["| what | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())])
    return {
        "run/command": _code(system["command"].replace(" --", " \\\n  --")),
        "run/config": _code(config_text(config)),
        "run/versions": table,
    }


def _code(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def _nearest_preset(config: RunConfig[Any], pictures: bool) -> tuple[str, dict[str, Any]]:
    """Preset of the task that differs least, and the settings that differ; an empty name if there is none."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, path in preset_files().items():
        if config.env.name not in path.read_text(encoding="utf-8"):  # a file is read in no time, and parsed in 10 ms
            continue
        values = load_values(path)
        if values["env"]["name"] == config.env.name:
            preset = read_config(values, None, config.task, pictures).model_dump(mode="json")
            found.append((name, {field: new for field, _, new in differences(preset, config, LEARNING)}))
    return min(found, key=lambda each: len(each[1]), default=("", {}))
