"""Every PettingZoo environment by one command: checked, trained, evaluated and rendered, each in a process of its own.

Usage: python experiments/pettingzoo_environments.py [--only PART ...] [--runs DIR]

Environments whose packages are not installed are left out by name; their rows stay as they are in the results.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tyro

from marl.core.files import save_json
from marl.core.reading import read_json
from marl.core.trust import module_of

RESULTS = Path(__file__).parent / "results" / "pettingzoo_environments.json"
PATIENCE = 600
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Family:
    """Environments of one package.

    Args:
        names: as ``env.name`` takes them.
        needs: modules without which they are left out.
        install: what brings those.
    """

    names: tuple[str, ...]
    needs: tuple[str, ...]
    install: str


def _of(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in names)


FAMILIES = {
    "mpe2": Family(
        _of("mpe2.simple", "_v3", "_adversary_v3", "_crypto_v3", "_push_v3", "_reference_v3", "_speaker_listener_v4")
        + _of("mpe2.simple", "_spread_v3", "_tag_v3", "_world_comm_v3", "_formation_v1", "_line_v1")
        + ("mpe2.collect_treasure_v1",),
        ("mpe2",),
        "comes with marl-teams",
    ),
    "sisl": Family(_of("sisl/", "multiwalker-v9", "pursuit-v5"), ("Box2D", "pymunk"), "marl-teams[pettingzoo]"),
    "butterfly": Family(
        _of("butterfly/", "cooperative_pong-v6", "knights_archers_zombies-v11", "pistonball-v6"),
        ("pymunk",),
        "marl-teams[pettingzoo]",
    ),
    "classic": Family(
        _of("classic/", "chess-v6", "rps-v2", "connect_four-v3", "tictactoe-v3", "go-v5")
        + _of("classic/", "leduc_holdem-v4", "texas_holdem-v4", "texas_holdem_no_limit-v6", "hanabi-v5"),
        ("chess", "rlcard", "shimmy", "pyspiel"),
        "marl-teams[pettingzoo]",
    ),
    "magent2": Family(("magent2.environments.battle_v4",), ("magent2",), "marl-teams[magent2]"),
    "dsse": Family(("DSSE:DroneSwarmSearch",), ("DSSE", "numba"), "marl-teams[pettingzoo,fast], DSSE with --no-deps"),
}
"""The 26 environments of PettingZoo and mpe2 that run without ROMs, and those of others."""


SETTINGS = {"DSSE:DroneSwarmSearch": ("--env.arguments.drone_amount", "4")}
"""Settings of environments in which a single agent plays by default."""
FEWER = ("--algorithm.epochs", "1")
SMALLER = (
    "--env.wrappers",
    "[{supersuit.color_reduction_v0: {mode: B}}, {supersuit.resize_v1: {x_size: 84, y_size: 84}}]",
)
FURTHER = {
    "butterfly/cooperative_pong-v6": FEWER,
    "butterfly/pistonball-v6": (*FEWER, *SMALLER),
    "magent2.environments.battle_v4": (*FEWER, "--env.arguments", "{map_size: 20, max_cycles: 200}"),
}
"""Further options of trainings on pictures, or on the boards of battle's 162 agents, which would take an hour for their
2,000 env steps: one epoch, for the 20 pistons pictures as small as PettingZoo's tutorial makes them, and for battle a
map for 18 agents."""


def commands(name: str, run: Path) -> dict[str, list[str]]:
    """The commands of a row, as typed after ``marl``."""
    folder, settings, further = str(run), SETTINGS.get(name, ()), FURTHER.get(name, ())
    trust = ["--trust", module] if (module := module_of(name)) else []
    return {
        "check": ["check", name, *settings, "--episodes", "1", "--max-steps", "200", "--json", f"{folder}.json"],
        "train": [
            *("train", name, *settings, "--out", folder, "--total-env-steps", "2000", "--evaluation-episodes", "2"),
            *further,
        ],
        "evaluate": ["evaluate", folder, "--episodes", "2", "--max-steps", "200", *trust],
        "render": ["render", folder, "--out", f"{folder}.gif", "--max-steps", "10", *trust],
    }


def measure(name: str, runs: Path) -> dict[str, Any]:
    """Run the commands of an environment, and return its row."""
    run = runs / name.replace("/", "_")
    run.parent.mkdir(parents=True, exist_ok=True)
    row: dict[str, Any] = {}
    for command, words in commands(name, run).items():
        begin = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "marl", *words], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        row[command] = {"status": done.returncode, "seconds": round(time.monotonic() - begin, 1)}
        if done.returncode != 0:
            row[command]["error"] = (done.stderr or done.stdout).strip().splitlines()[-1]
            break
    return row | (told(read_json(found)) if (found := Path(f"{run}.json")).exists() else {})


def told(check: Mapping[str, Any]) -> dict[str, Any]:
    """Part of a row that ``marl check`` told."""
    classes = {kind: len(each["agents"]) for kind, each in check["classes"].items()}
    drawn = {} if check["pictures"].endswith(" pixels") else {"render": {"status": 0, "none": check["pictures"]}}
    return {"classes": classes, **{name: check[name] for name in ("moves", "masks", "warnings")}, **drawn}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows in Markdown."""
    titles = ["environment", "agents by class", "move", "masks", "check", "train", "evaluate", "render"]
    cells = [titles, ["---"] * len(titles)]
    for name, row in rows.items():
        agents = ", ".join(f"{number} {kind}" for kind, number in row.get("classes", {}).items())
        states = [_state(row.get(command)) for command in ("check", "train", "evaluate", "render")]
        cells.append([f"`{name}`", agents, row.get("moves", ""), "yes" if row.get("masks") else "", *states])
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _state(done: Mapping[str, Any] | None) -> str:
    if done is None:
        return ""
    return "no pictures" if "none" in done else "yes" if done["status"] == 0 else f"status {done['status']}"


def left_out(family: Family) -> str | None:
    """First module that a family lacks here; None if it has all."""
    return next((module for module in family.needs if find_spec(module) is None), None)


def main(only: tuple[str, ...] = (), runs: Path = Path("runs/pettingzoo_environments"), out: Path = RESULTS) -> None:
    """Measure rows, write them and print the table.

    Args:
        only: parts of names; all by default.
        runs: folder of the runs, which must be new.
        out: the JSON file.
    """
    rows: dict[str, Any] = read_json(out) if out.exists() else {}
    failed = []
    for family in FAMILIES.values():
        lacking = left_out(family)
        for name in chosen(family.names, only):
            if lacking is not None:
                print(f"{name} is left out: {lacking} is not installed ({family.install})")
                continue
            rows[name] = measure(name, runs)
            failed += [name] if any(rows[name].get(c, {"status": 1})["status"] for c in commands(name, runs)) else []
            print(name, rows[name], flush=True)
            rows = {each: rows[each] for family in FAMILIES.values() for each in family.names if each in rows}
            save_json(out, rows)
    print(table(rows))
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def chosen(names: Sequence[str], only: Sequence[str]) -> list[str]:
    """Names that have one of some parts in them; all without parts."""
    return [name for name in names if not only or any(part in name for part in only)]


if __name__ == "__main__":
    tyro.cli(main)
