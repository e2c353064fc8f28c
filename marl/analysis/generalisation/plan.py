"""Plan of a measurement of transfer, with checks that everything in it can be played."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from marl.analysis.generalisation.arms import Arm, TrainedRun, arms_of
from marl.analysis.generalisation.cell_evaluations import CellEvaluation
from marl.analysis.generalisation.notes import notes_of
from marl.analysis.generalisation.records import Cell, Contestant, Protocol, Sizes, TransferPlan
from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError, FileError
from marl.core.files import digest
from marl.core.trust import UntrustedError
from marl.evaluation.access import check_fit
from marl.policies.saved import policy_file
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.registry import shipped_policies

__all__ = ["make_plan", "same_classes"]

ONLY_TRAINING = frozenset(
    {"training_teams", "training_prey", "training_predators", "training_num_predators", "curriculum"}
)
"""Settings without effect on frozen policies, which play with the defaults."""


@dataclass
class _Probe:
    """Environment of one copy, made to check that everything fits."""

    environment: TaskEnvironment
    settings: dict[str, Any]
    described: dict[str, Any]
    entities: torch.Tensor | None
    opponents: dict[str, str]


class _Planner:
    def __init__(self, base: Mapping[str, Any], protocol: Protocol, hint: str) -> None:
        self.base, self.protocol, self.hint = base, protocol, hint
        self.probes: dict[str, _Probe] = {}

    def probe(self, cell: Cell) -> TaskEnvironment:
        """Make the environment of a cell with the settings of the first run."""
        self.evaluation(None, "", True, cell)
        return self._probe(self.base, cell).environment

    def evaluation(self, run: TrainedRun | None, reference: str, messages: bool, cell: Cell) -> CellEvaluation:
        """Evaluation of a policy in a cell, after making its environment and checking that the policy fits it.

        Raises:
            ConfigError: naming the cell and the run.
            UntrustedError: if a run names a module that is not trusted.
        """
        try:
            probe = self._probe(self.base if run is None else run.environment, cell)
            if run is not None:
                _check_alike(probe, self._probe(self.base, cell))
                check_fit(run.saved.policy, probe.environment)
        except UntrustedError:
            raise
        except (ConfigError, FileError) as error:
            who, hint = ("", self.hint) if run is None else (f", {run.folder}", "")
            raise ConfigError(f"{cell.title}{who}: {error}{hint}") from error
        return CellEvaluation(
            environment=probe.settings,
            agents=cell.agents,
            episodes=self.protocol.episodes,
            seed=self.protocol.seed,
            messages=messages,
            deterministic=self.protocol.deterministic,
            run=None if run is None else run.folder,
            content=reference if run is None else run.content,
            opponents=probe.opponents,
        )

    def _probe(self, settings: Mapping[str, Any], cell: Cell) -> _Probe:
        key = json.dumps([settings, cell.overrides], sort_keys=True)
        if key not in self.probes:
            playing = {name: value for name, value in settings.items() if name not in ONLY_TRAINING}
            task, config = environment_config(playing, cell.overrides)
            environment = make_environment(task, config, 1)
            entities = environment.reset(self.protocol.seed).entities
            values = config.model_dump(mode="json")
            opponents = _trained_opponents(values)
            self.probes[key] = _Probe(environment, values, task.describe(config), entities, opponents)
        return self.probes[key]

    def close(self) -> None:
        for probe in self.probes.values():
            probe.environment.close()


def make_plan(runs: Sequence[TrainedRun], natives: Mapping[str, Arm], sizes: Sizes, protocol: Protocol) -> TransferPlan:
    """Plan all evaluations, and make every environment once as a check.

    Args:
        runs: at least one.
        natives: natives by the name of their size.
        sizes: sizes of the team, and their cells.
        protocol: rules of the evaluations.

    Raises:
        ConfigError: if something cannot be played; names the cell.
    """
    base = runs[0].environment
    same_classes([*runs, *(run for arm in natives.values() for run in arm.runs)])
    planner = _Planner(base, protocol, sizes.hint)
    try:
        cells = [_with_team(planner, cell) for cell in sizes.cells]
        probe = planner.probe(cells[0])
        contestants = _contestants(runs, natives, probe)
        evaluations = {(c.name, cell): _evaluations(planner, c, cell) for cell in cells for c in contestants}
        names = dict(probe.events), probe.agent_noun
        plan = TransferPlan(
            contestants, cells, sizes, evaluations, *names, runs[0].team, _described(base, cells[0].overrides)
        )
    finally:
        planner.close()
    plan.notes = notes_of(plan)
    return plan


def same_classes(runs: Sequence[TrainedRun]) -> None:
    """Raise an error for runs whose classes differ from the first's in their names or order.

    Raises:
        ConfigError: naming both.
    """
    for run in runs[1:]:
        if list(run.team) != list(runs[0].team):
            raise ConfigError(
                f"{run.folder} has classes {', '.join(run.team)} and {runs[0].folder} {', '.join(runs[0].team)}; "
                "a composition must mean the same for all"
            )


def _evaluations(planner: _Planner, contestant: Contestant, cell: Cell) -> list[CellEvaluation]:
    if contestant.arm is None:
        return [planner.evaluation(None, contestant.name, True, cell)]
    messages = contestant.kind != "messages off"
    return [planner.evaluation(run, "", messages, cell) for run in contestant.arm.runs]


def _contestants(runs: Sequence[TrainedRun], natives: Mapping[str, Arm], probe: TaskEnvironment) -> list[Contestant]:
    references = [*probe.scripted(), "random"]
    native_names = [arm.name for arm in natives.values()]
    found: list[Contestant] = []
    for arm in arms_of(runs, [*references, *native_names]):
        found.append(Contestant(arm.name, "arm", arm))
        # settings of simple_tag say if agents talk; elsewhere a policy with a graph has somebody to hear
        if all(run.saved.policy.has_messages and run.environment.get("communication", True) for run in arm.runs):
            found.append(Contestant(f"{arm.name}, messages off", "messages off", arm))
    found += [Contestant(arm.name, "native", arm) for arm in natives.values()]
    return found + [Contestant(name, "reference") for name in references]


def _with_team(planner: _Planner, cell: Cell) -> Cell:
    """Cell with the team that its environment has."""
    return replace(cell, team=tuple(planner.probe(cell).roster.team.items())) if not cell.team else cell


def _described(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the environment as its task describes them, without those that make a cell."""
    task, config = environment_config(base, {})
    described = task.describe(config)
    for path in (name.split("__") for name in overrides):
        described = _without(described, path)
    return described


def _without(settings: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    first, *rest = path
    if not rest or first not in settings:
        return {name: value for name, value in settings.items() if name != first}
    return {**settings, first: _without(settings[first], rest)}


def _check_alike(here: _Probe, there: _Probe) -> None:
    """Raise an error for an environment in which the same seed gives another world, as scores would not compare."""
    for name, value in there.described.items():
        if here.described.get(name) != value:
            raise ConfigError(
                f"{name} is {here.described.get(name)!r}, but {value!r} for the first run; compare runs of one kind"
            )
    one, other = here.entities, there.entities
    if one is not None and other is not None and not (one.shape == other.shape and bool((one == other).all())):
        raise ConfigError(
            "its worlds are not those of the first run (other numbers of prey or obstacles?); compare runs of one kind"
        )


def _trained_opponents(values: Mapping[str, Any]) -> dict[str, str]:
    """Hashes of the trained policies that settings of the environment name.

    Settings hold a folder as an absolute path; any other name is a policy that comes with a package, or a rule.
    """
    named = {side: values[side] for side in ("prey", "predators") if isinstance(values.get(side), str)}
    shipped = shipped_policies()
    folders = {side: Path(name) if Path(name).is_absolute() else shipped.get(name) for side, name in named.items()}
    return {side: json.dumps(digest(policy_file(path))) for side, path in folders.items() if path is not None}
