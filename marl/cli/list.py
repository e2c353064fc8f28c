"""``marl list``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import shown
from marl.core.errors import ConfigError, FileError
from marl.core.nearest import did_you_mean

__all__ = ["list_names"]

Purposes = dict[str, str]
"""For each name a line that says what it is for."""
_MOVES = {"parallel": "all agents act at once", "aec": "agents take turns"}
NEEDED = {"box2d": "Box2D", "mujoco": "mujoco", "phys2d": "jax", "tabular": "jax"}
"""Module that a family of Gymnasium's environments needs; others need none."""


@dataclass
class Arguments:
    """List what there is: presets, environments, algorithms, policies, players, games, or the runs in a folder.

    Examples: marl list; marl list presets; marl list runs runs/several; marl list environments --json
    """

    what: Annotated[str | None, tyro.conf.Positional, shown("[WHAT]")] = None
    """One of presets, environments, algorithms, policies, players, games, runs; all but runs if it is left out."""
    folder: Annotated[Path | None, tyro.conf.Positional, shown("[FOLDER]")] = None
    """Folder of the runs."""
    json: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Print JSON."""


def list_names(arguments: list[str]) -> int:
    """Print names, each with a line that says what it is for.

    Args:
        arguments: as typed after ``marl list``.

    Returns:
        Exit status.

    Raises:
        ConfigError: for another word.
    """
    options = parse_options(Arguments, arguments, "marl list")
    if options.what is not None and options.what not in ("runs", *KINDS):
        known = ", ".join((*KINDS, "runs"))
        raise ConfigError(f"there is no list of {options.what!r}; {did_you_mean(options.what, KINDS)}there is {known}")
    if (options.what == "runs") != (options.folder is not None):
        raise ConfigError("runs are listed from a folder, and nothing else is: marl list runs FOLDER")
    if options.folder is not None:
        found: dict[str, list[dict[str, Any]]] = {"runs": _runs(options.folder)}
    else:
        kinds = KINDS if options.what is None else {options.what: KINDS[options.what]}
        found = {
            kind: [{"name": name, "purpose": purpose} for name, purpose in list_of().items()]
            for kind, list_of in kinds.items()
        }
    if options.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print(found)
    return 0


def _print(found: Mapping[str, list[dict[str, Any]]]) -> None:
    """One line a name, so that it can be searched."""
    for number, (kind, entries) in enumerate(found.items()):
        heads = [head for head in (entries[0] if entries else {}) if head != "name"]
        rows = [[entry["name"], *(str(entry[head]) for head in heads)] for entry in entries]
        if heads not in ([], ["purpose"]):
            rows.insert(0, ["", *(head.replace("_", " ") for head in heads)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(heads) + 1)] if rows else []
        print("\n" * (number > 0) + f"{kind}:")
        for row in rows:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip())


def _presets() -> Purposes:
    from marl.training.preset_files import preset_files, purpose_of

    return {name: purpose_of(path) for name, path in preset_files().items()}


def _environments() -> Purposes:
    """Those of entry points, then the latest version of each of Gymnasium's, then PettingZoo's and mpe2's."""
    import gymnasium

    from marl.core.entry_points import MissingModuleError, offered
    from marl.tasks.pettingzoo.names import mpe2_names, registered
    from marl.tasks.registry import GROUP, find_task, latest_environments

    found: Purposes = {}
    for name in offered(GROUP):
        with suppress(MissingModuleError):
            purpose = getattr(find_task(name), "purpose", "")  # a task of another package may have none
            spec = gymnasium.registry.get(name)
            found[name] = purpose if spec is None else f"{_of_gymnasium(spec)}, {purpose}"
    latest = latest_environments()
    found |= {name: _of_gymnasium(spec) for name, spec in latest.items() if name not in found}
    found |= {name: _of_pettingzoo(name, kind) for name, kind in registered().items()}
    return found | dict.fromkeys(mpe2_names(), f"mpe2, {_MOVES['parallel']}")


def _of_gymnasium(spec: Any) -> str:
    module = spec.entry_point.partition(":")[0] if isinstance(spec.entry_point, str) else ""
    family = module.removeprefix("gymnasium.envs.").partition(".")[0]
    parts = [f"Gymnasium, {family}"]
    if spec.max_episode_steps is not None:
        parts.append(f"at most {spec.max_episode_steps:,} steps")
    if spec.reward_threshold is not None:
        parts.append(f"solved at {spec.reward_threshold:g}")
    if family in NEEDED and find_spec(NEEDED[family]) is None:
        parts.append(f"needs the module {NEEDED[family]}")
    return ", ".join(parts)


def _of_pettingzoo(name: str, kind: str) -> str:
    from marl.tasks.pettingzoo.names import missing_module

    missing = missing_module(name)
    needs = missing and f", needs the module {missing}: pip install 'pettingzoo[{name.partition('/')[0]}]'"
    return f"PettingZoo, {_MOVES[kind]}{needs or ''}"


def _algorithms() -> Purposes:
    from marl.algorithms.configs import ALGORITHMS

    return {name: kind.purpose for name, kind in ALGORITHMS.items()}


def _policies() -> Purposes:
    from marl.core.entry_points import MissingModuleError, offered
    from marl.tasks.registry import GROUP, find_task

    found: Purposes = {}
    for name in offered(GROUP):
        with suppress(MissingModuleError):
            task = find_task(name)
            purposes = getattr(task, "policy_purposes", {})
            found |= {policy: purposes.get(policy, f"trained on {name}") for policy in task.policies}
    return found


def _players() -> Purposes:
    from marl.players.specs import PLAYERS

    return dict(PLAYERS)


def _games() -> Purposes:
    from marl.core.entry_points import MissingModuleError, load_entry, offered
    from marl.games.registry import GROUP

    found: Purposes = {}
    for name, entry in sorted(offered(GROUP).items()):
        with suppress(MissingModuleError):
            found[name] = getattr(load_entry(entry), "purpose", "")
    return found


def _runs(folder: Path) -> list[dict[str, Any]]:
    from marl.analysis.run_folders import run_folders
    from marl.core.reading import parse_yaml, read_text

    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name one with runs inside")
    return [_run(run, parse_yaml(read_text(run / "config.yaml"))) for run in run_folders(folder)]


def _run(folder: Path, settings: Any) -> dict[str, Any]:
    saved = [int(path.name) for path in (folder / "checkpoints").glob("[0-9]*") if path.name.isdecimal()]
    try:
        return {
            "name": str(folder),
            "environment": settings["env"]["name"],
            "algorithm": settings["algorithm"]["name"],
            "seed": settings["seed"],
            "env_steps": max(saved, default=0),
            "total_env_steps": settings["total_env_steps"],
        }
    except (KeyError, TypeError) as error:
        raise FileError(f"{folder / 'config.yaml'} is not the configuration of a run ({error} is missing)") from error


KINDS: dict[str, Callable[[], Purposes]] = {
    "presets": _presets,
    "environments": _environments,
    "algorithms": _algorithms,
    "policies": _policies,
    "players": _players,
    "games": _games,
}
"""Kinds of names that can be listed, and the functions that find them."""
