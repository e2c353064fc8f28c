"""Sizes in which frozen teams play: compositions of declared classes, or values of an argument of the environment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marl.analysis.generalisation.arms import TrainedRun
from marl.analysis.generalisation.records import ArenaChoice, Cell
from marl.core.composition import parse_teams, short_team
from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.settings import shown_value
from marl.core.wording import argument
from marl.tasks.environment_config import environment_config

__all__ = ["ArgumentValues", "Compositions", "argument_values", "compositions"]


@dataclass(frozen=True)
class Compositions:
    """Compositions of simple_tag's classes. `Sizes`.

    Args:
        cells: each composition against each prey in each arena.
        classes: names of the declared classes, in order.
        arena: half-width of the arena in which natives are trained.
    """

    cells: list[Cell]
    classes: list[str]
    arena: float
    argument = None
    settings = ("env.team", "env.training_teams", "env.curriculum.stages")
    hint = ""
    unfit = "trained at several compositions, with other classes, or in an arena of another size"

    @property
    def native(self) -> str:
        """One composition; see `Sizes`."""
        return f"one composition of {', '.join(self.classes)}"

    def home(self, run: TrainedRun) -> str | None:
        """Composition of a run; see `Sizes`."""
        alike = list(run.team) == self.classes and run.environment.get("arena", 1.0) == self.arena
        return short_team(run.team) if alike and not run.mixed else None

    def seen(self, run: TrainedRun, cell: Cell) -> bool:
        """True if training had episodes of the cell's composition; see `Sizes`."""
        return run.trained_at(dict(cell.team))

    def training_of(self, sizes: Sequence[str], seeds: int) -> str:
        """Command that trains a grid of compositions; see `Sizes`."""
        return f"marl train PRESET --native-grid {','.join(sizes)} --seeds {seeds} --out FOLDER"


@dataclass(frozen=True)
class ArgumentValues:
    """Values of an argument of the environment. `Sizes`.

    Args:
        cells: one for each value, without its team.
        argument: name of the argument.
        name: name of the environment.
        hint: advice where the environment refuses a cell.
    """

    cells: list[Cell]
    argument: str
    name: str
    hint: str = ""

    @property
    def native(self) -> str:
        """The environment, with the argument given; see `Sizes`."""
        return f"{self.name} with {self.argument} among its arguments"

    @property
    def unfit(self) -> str:
        """Another environment, or no value; see `Sizes`."""
        return f"trained in something else than {self.native}"

    @property
    def settings(self) -> tuple[str, ...]:
        """The argument; see `Sizes`."""
        return (f"env.arguments.{self.argument}",)

    def home(self, run: TrainedRun) -> str | None:
        """Value of a run in which it is given; see `Sizes`."""
        given = run.environment.get("arguments") or {}
        alike = run.environment["name"] == self.name and self.argument in given
        return f"{self.argument}={given[self.argument]}" if alike else None

    def seen(self, run: TrainedRun, cell: Cell) -> bool:
        """True if the run was trained with the value; see `Sizes`."""
        return self.home(run) == cell.composition

    def training_of(self, sizes: Sequence[str], seeds: int) -> str:
        """Command that trains with one value; see `Sizes`."""
        value = sizes[0].partition("=")[2]
        more = f" (and so on, each into a folder of FOLDER: {', '.join(sizes[1:])})" * (len(sizes) > 1)
        return f"marl train PRESET --env.arguments.{self.argument} {value} --seeds {seeds} --out FOLDER/{value}{more}"


def compositions(first: TrainedRun, teams: str, prey: str | None, arena: ArenaChoice) -> Compositions:
    """Compositions against prey in arenas.

    Args:
        first: run whose classes, prey and arena are meant.
        teams: compositions between commas, as `parse_teams` reads them.
        prey: names or folders between commas, as the task knows them; None for that of the run.
        arena: ``fixed``, ``density`` or ``both``.

    Raises:
        ConfigError: for what cannot be read, and an environment without teams or prey to choose.
    """
    base = first.environment
    task, config = environment_config(base, {})
    if "team" not in base:
        raise ConfigError(
            f"{first.folder} plays {base['name']}, which has no team to change; {_instead(task.config_type)}"
        )
    try:
        counts = parse_teams(teams, list(first.team))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if "prey" not in task.describe(config):
        raise ConfigError(
            f"{first.folder} trained no predators, or both sides at once, and only teams of predators are changed "
            "here; name runs that trained them alone (marl evaluate RUN --team plays another team of any run)"
        )
    sized = "arena" in config.model_dump()
    if arena != "fixed" and not sized:
        raise ConfigError(f"arena is {arena!r}, but env {base['name']!r} has no field arena; write fixed")
    named = [str(base.get("prey"))] if prey is None else [name.strip() for name in prey.split(",")]
    width = float(base.get("arena", 1.0))
    modes = ("fixed", "density") if arena == "both" else (arena,)
    cells = []
    for label, setting in _labels(named).items():
        for mode in modes:
            for team in counts:
                size = width if mode == "fixed" else width * math.sqrt(sum(team.values()) / sum(first.team.values()))
                made = {"team": team, "prey": setting, **({"arena": size} if sized else {})}
                cells.append(Cell(short_team(team), tuple(team.items()), made, label, setting, mode, size))
    return Compositions(cells, list(first.team), width)


def _instead(config_type: Any) -> str:
    if "arguments" in config_type.model_fields:
        return (
            "if its number of agents is one of its arguments, change that: marl generalise RUN --env.arguments.NAME "
            "5,20 (in Python arguments={'NAME': [5, 20]})"
        )
    return "evaluate plays it as it is: marl evaluate"


def _labels(prey: Sequence[str]) -> dict[str, str]:
    """Setting of each prey by its name in tables: for a folder its own name, if no other has that."""
    if not any(prey):
        raise ConfigError("prey names nobody; write for example random,flee or the folder of a run that trained prey")
    twice = next((name for name in prey if prey.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"prey {twice!r} comes twice; name it once")
    names = [Path(name).name for name in prey]
    return {name if names.count(name) == 1 else setting: setting for name, setting in zip(names, prey, strict=True)}


def argument_values(
    first: TrainedRun, values: Mapping[str, Sequence[Any]], prey: str | None, arena: ArenaChoice
) -> ArgumentValues:
    """Values of an argument of the environment.

    Args:
        first: run whose environment is meant.
        values: name of one argument, and its values.
        prey: refused if given, as such environments have none to choose.
        arena: refused unless ``fixed``.

    Raises:
        ConfigError: for an environment without arguments, and values that cannot be meant.
    """
    base = first.environment
    task, _ = environment_config(base, {})
    if "arguments" not in task.config_type.model_fields:
        teams = argument("teams", "1+1,2+2")
        raise ConfigError(
            f"arguments are {shown_value(dict(values))}, but {base['name']} takes none; give compositions: {teams}"
        )
    if len(values) != 1:
        raise ConfigError(f"arguments are {shown_value(dict(values))}; give one with its values, e.g. 5,20,40")
    for option, given, left_out in (("prey", prey, None), ("arena", arena, "fixed")):
        if given != left_out:
            raise ConfigError(f"{option} is {given!r}, but {base['name']} has none to choose; leave it out")
    ((name, several),) = values.items()
    _check_values(f"argument {name}", several)
    known = base.get("arguments") or {}
    trained = f"{first.folder} was trained with {', '.join(known) or 'no arguments'}"
    hint = "" if name in known else f"; {did_you_mean(name, known)}{trained}"
    cells = [Cell(f"{name}={value}", (), {f"arguments__{name}": value}) for value in several]
    return ArgumentValues(cells, name, base["name"], hint)


def _check_values(told: str, values: Any) -> None:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ConfigError(f"{told} is {shown_value(values)}; give a list of values, e.g. [5, 20, 40]")
    if not values:
        raise ConfigError(f"{told} has no values; give some, e.g. 5,20,40")
    for number, value in enumerate(values):
        if not isinstance(value, str | int | float):
            raise ConfigError(f"{told}: {shown_value(value)} is no number, word or truth value; give e.g. 5,20,40")
        if str(value) in map(str, values[:number]):
            raise ConfigError(f"{told} has {value} twice; give each value once")
