"""Commands that train, disturbed once and given again, and how their end differs from the undisturbed one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from command_server import CommandServer, Ended
from file_faults import Fault, Operation, read_log
from outcomes import differences, outcome

__all__ = ["ALTERNATE", "SEEDS", "TRAIN", "Drill", "DrillOf", "Scenario", "spread", "told"]

T = TypeVar("T")

MEETING: dict[str, Any] = {
    "env": {"name": "meeting", "team": {"A": 1, "B": 1}, "max_cycles": 6, "communication": None},
    "policy": {"kind": "q_network", "encoder": {"hidden": [4], "temporal": "none"}, "normalise_features": True},
    "algorithm": {"name": "dqn", "batch_size": 8, "learning_starts": 32, "replay_capacity": 200},
    "num_copies": 4,
    "rollout_length": 4,
    "total_env_steps": 160,
    "threads": 1,
    "log_interval": 16,
    "checkpoint_interval": 48,
    "evaluation_interval": 80,
    "evaluation_episodes": 2,
    "score_log": {"threshold": 0.1, "window": 5},
}
"""Ten iterations, three checkpoints and the final one, an evaluation and the final one; solved on the way."""
SIDE: dict[str, Any] = {
    "policy": {
        "encoder": {"hidden": [8], "temporal": "none"},
        "graph": {"kind": "none"},
        "critic": {"hidden": [8], "entity_hidden": [8]},
    },
    "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1},
    "num_copies": 2,
    "rollout_length": 8,
    "total_env_steps": 32,
    "threads": 1,
    "log_interval": 16,
    "checkpoint_interval": 16,
    "evaluation_interval": 32,
    "evaluation_episodes": 2,
}
"""Two iterations, each with a checkpoint."""
PREDATORS = {"name": "simple_tag", "team": {"B": 2}, "classes": {"B": ["prey"]}, "prey": "flee", "max_cycles": 8}
PREY = {"name": "simple_tag", "side": "prey", "team": {"P": 1}, "classes": {"P": ["predators:3"]}, "max_cycles": 8}
OPPONENTS = {"predators": "chase", "num_predators": 2}


@dataclass(frozen=True)
class Scenario:
    """A command, and the one that goes on with what it left.

    Args:
        name: of the scenario.
        out: folder that it trains into.
        presets: content of each file ``../NAME.yaml``.
        begin: arguments after ``marl``.
        go_on: arguments after ``marl``.
    """

    name: str
    out: str
    presets: Mapping[str, Mapping[str, Any]]
    begin: Sequence[str]
    go_on: Sequence[str] = field(default=())


TRAIN = Scenario(
    "train",
    "walkers",
    {"meeting": MEETING},
    ("train", "../meeting.yaml", "--out", "walkers"),
    ("train", "--resume", "walkers"),
)
SEEDS = Scenario(
    "seeds",
    "runs",
    {"meeting": {**MEETING, "total_env_steps": 32, "checkpoint_interval": 16}},
    ("train", "../meeting.yaml", "--out", "runs", "--seeds", "2", "--jobs", "1"),
)
ALTERNATE = Scenario(
    "alternate",
    "duel",
    {"predators": {**SIDE, "env": PREDATORS}, "prey": {**SIDE, "env": {**PREY, **OPPONENTS}}},
    ("alternate", "../predators.yaml", "../prey.yaml", "--out", "duel", "--rounds", "1"),
)


class Drill:
    """A scenario carried out again and again, in one folder.

    Args:
        server: runs the commands.
        scenario: what is run.
        folder: for the presets, and the folder ``case``.
    """

    def __init__(self, server: CommandServer, scenario: Scenario, folder: Path) -> None:
        self.server, self.scenario, self.folder = server, scenario, folder
        self.case = folder / "case"
        for name, preset in scenario.presets.items():
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(dict(preset)))

    def begin(self, fault: Fault | None = None, log: Path | None = None) -> Ended:
        """Run the command in an empty folder."""
        self.clear()
        return self.server.run(self.scenario.begin, self.case, fault, log)

    def clear(self) -> None:
        """Empty the folder of the case."""
        shutil.rmtree(self.case, ignore_errors=True)
        self.case.mkdir()

    def go_on(self, fault: Fault | None = None) -> Ended:
        """Go on with what is there; begin anew if a run has no checkpoint yet."""
        ended = self.server.run(self.scenario.go_on or self.scenario.begin, self.case, fault)
        if self.scenario.go_on and ended.status == 2 and not any(self.case.glob("*/checkpoints/[0-9]*/*")):
            return self.begin(fault)
        return ended

    @cached_property
    def _undisturbed(self) -> tuple[dict[str, Any], list[Operation]]:
        log = self.folder / "log"
        ended = self.begin(log=log)
        assert ended.status == 0, ended.told
        return outcome(self.case), read_log(log)

    @property
    def operations(self) -> list[Operation]:
        """File operations of the undisturbed command."""
        return self._undisturbed[1]

    def amiss(self) -> list[str]:
        """Go on to the end, and name what is not as it is undisturbed."""
        expected = self._undisturbed[0]
        for path in self.case.rglob("*"):
            os.utime(path, (0, 0))  # as in a copy: times tell nothing
        ended = self.go_on()
        if ended.status or "Traceback" in ended.told:
            return [f"status {ended.status}", *(ended.told or ended.printed).splitlines()[-2:]]
        return differences(outcome(self.case), expected)

    def short(self, operation: Operation) -> str:
        """An operation with names relative to the folder."""
        return str(operation).replace(f"{self.case}/", "")


DrillOf = Callable[[Scenario], Drill]


def spread(items: Sequence[T], number: int) -> list[T]:
    """So many items, evenly spaced, the first and the last among them."""
    return [items[round(place * (len(items) - 1) / (number - 1))] for place in range(number)]


def told(wrong: Mapping[str, Sequence[str]]) -> str:
    """Lines of the cases in which something is wrong; empty if there are none."""
    return "\n".join(f"{case}: {', '.join(names[:5])}" for case, names in wrong.items() if names)
