"""Options that several commands share: their types and checks, and the policy and environment that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from marl.cli.help_text import parse_options
from marl.core.errors import ConfigError
from marl.core.limits import SEED_BELOW, check_between
from marl.core.nearest import did_you_mean

__all__ = [
    "Deterministic",
    "EnvironmentOptions",
    "Jobs",
    "JsonFile",
    "Messages",
    "NamedPlayers",
    "ReferenceName",
    "RunFolder",
    "TrustedModules",
    "check_file",
    "check_player",
    "check_seed",
    "named_players",
    "parse",
    "shown",
]

T = TypeVar("T")

REFERENCE_TASK = "simple_tag"
"""Task of a reference when neither a run nor the command names one."""


def shown(metavar: str, default: str = "") -> Any:
    """Placeholder of an option's value and its default, as ``--help`` shows them."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=default)


RunFolder = Annotated[Path | None, tyro.conf.Positional, shown("[RUN]")]
"""Folder of a run as the first argument."""

ReferenceName = Annotated[str | None, shown("NAME", "(default: the run's own)")]
"""Name of a policy that is not learnt."""

NamedPlayers = Annotated[str | None, tyro.conf.arg(name="players"), shown("PLAYER,PLAYER[,...]", "(default: none)")]
"""Players of a game as an option, which `named_players` joins to those that are named after the game."""

JsonFile = Annotated[Path | None, shown("FILE")]
"""File for the result."""

Jobs = Annotated[int | None, shown("N", "(default: as many as there are processors)")]
"""Number of processes."""

TrustedModules = Annotated[tuple[str, ...], tyro.conf.UseAppendAction, shown("MODULE")]
"""Modules that may be imported where a run names them."""

Messages = Literal["on", "off"]
Deterministic = Annotated[bool, tyro.conf.FlagCreatePairsOff]


def _as_trained(metavar: str) -> Any:
    return shown(metavar, "(default: as trained)")


@dataclass
class EnvironmentOptions:
    """Settings of the environment that are changed; all others are as the run was trained."""

    task: Annotated[str | None, shown("NAME", f"(default: {REFERENCE_TASK})")] = None
    """Task that a reference plays without a run, e.g. CartPole-v1."""
    team: Annotated[str | None, _as_trained("A=N,B=N")] = None
    """Composition of simple_tag, e.g. A=3,B=1."""
    prey: Annotated[str | None, _as_trained("NAME")] = None
    """Prey of simple_tag: random, still, flee, held_out_prey, or the folder of a run that trained prey."""
    backend: Annotated[Literal["batched", "pettingzoo"] | None, _as_trained("{batched,pettingzoo}")] = None
    """Backend of simple_tag: the simulator on tensors, or mpe2 through PettingZoo wrappers."""
    max_cycles: Annotated[int | None, _as_trained("N")] = None
    """Steps of an episode of simple_tag."""
    env: Annotated[tuple[str, ...], tyro.conf.arg(name="env.FIELD", metavar="VALUE", help_behavior_hint="")] = ()
    """Any other setting, as in marl train: --env.max-episode-steps 200, --env.arguments.is_slippery False."""
    play: Annotated[tuple[str, ...], tyro.conf.UseAppendAction, shown("SIDE=PLAYER")] = ()
    """Another player for a side, a class or an agent: random, a rule of the environment, MODULE:FUNCTION for one of
    one's own, or the folder of a run; may be given several times."""
    trust: TrustedModules = ()
    """Import this module where the run names it; may be given several times."""

    @property
    def players(self) -> dict[str, str]:
        """Player of each side, class or agent that is not the run's.

        Raises:
            ConfigError: for words without ``=``, and a side that is given twice.
        """
        players: dict[str, str] = {}
        for word in self.play:
            side, equals, player = word.partition("=")
            if not (side and equals and player):
                raise ConfigError(f"--play is {word!r}; write SIDE=PLAYER, e.g. --play prey=random")
            if side in players:
                raise ConfigError(f"--play gives {side!r} to {players[side]!r} and to {player!r}; give it to one")
            players[side] = player
        return players

    @property
    def overrides(self) -> dict[str, Any]:
        """Settings that have options of their own, as they were given."""
        no_settings = ("task", "trust", "env", "play")
        return {name: value for name, value in vars(self).items() if value is not None and name not in no_settings}

    @property
    def as_trained(self) -> bool:
        """True if nothing of the environment and its players is changed."""
        return not (self.env or self.play or self.overrides)

    @property
    def typed(self) -> str | None:
        """Name of the environment, if it was typed."""
        from marl.cli.overrides import option

        return option(list(self.env), "env.name") or self.task

    def changed(self, run: Path | None) -> Mapping[str, Any] | None:
        """Settings of the environment for a run, or for a reference; None for those of the run as they are.

        Raises:
            ConfigError, FileError: if they cannot be used.
        """
        if run is not None and not self.env:
            return None
        from marl.policies.saved import load_policy
        from marl.tasks.registry import find_policy

        return self.settings(None if run is None else load_policy(find_policy(run)).environment)

    def settings(self, trained: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Settings of the environment with those that ``--env.FIELD`` changes.

        Args:
            trained: settings of the run; None for a reference without a run.

        Raises:
            ConfigError: for a field that is not there, or a value that cannot be used.
        """
        settings = {"name": self.typed or REFERENCE_TASK} if trained is None else trained
        if not self.env:
            return settings
        from marl.cli.overrides import with_overrides
        from marl.core.settings import completed, flat_settings
        from marl.tasks.registry import find_task

        task = find_task(settings["name"], settings.get("registry"))
        values, left = with_overrides({"env": completed(task.config_type, settings)}, task, list(self.env))
        if left:
            fields, names = (
                [f"--env.{name.replace('_', '-')}" for name in there]
                for there in (task.config_type.model_fields, flat_settings(values["env"]))
            )
            near = did_you_mean(left[0], names)
            told = f"{near}{settings['name']} has {', '.join(fields)}"
            raise ConfigError(f"{left[0]} has no value, or is no field; {told}")
        return values["env"]


def parse(kind: type[T], arguments: list[str], command: str) -> T:
    """Parse the options of a command that plays in an environment.

    Args:
        kind: class of the options; its field ``environment`` are `EnvironmentOptions`.
        arguments: as typed after the command.
        command: the command, for help.
    """
    from marl.cli.overrides import split_environment

    fields, others = split_environment(arguments)
    options: Any = parse_options(kind, others, command)
    options.environment.env = tuple(fields)
    return options


def check_seed(seed: int) -> None:
    """Check that a seed is not negative and below 2^32.

    Raises:
        ConfigError: naming the seed.
    """
    check_between("--seed", seed, 0, SEED_BELOW - 1)


def check_file(name: str, path: Path | None) -> None:
    """Check that a file can be written to a place, before any work is done.

    Raises:
        ConfigError: naming the option.
    """
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise ConfigError(f"--{name} {path}: name a file in a folder that exists")


def check_player(run: Path | None, policy: str | None, task: str | None, command: str) -> None:
    """Check that a run or a reference is named, and no other task for a run.

    Raises:
        ConfigError: if neither a run nor a reference is named, or both a run and a task.
    """
    if run is not None and task is not None:
        raise ConfigError(f"--task is {task}, but {run} plays what it was trained on; leave --task or the run out")
    if run is None and policy is None:
        raise ConfigError(
            f"nobody plays; name a run's folder or a reference: marl {command} RUN, or marl {command} --policy chase"
        )


def named_players(placed: Sequence[str], named: str | None, example: str) -> list[str]:
    """Players of a game, named after it or by ``--players``, with spaces or commas between them.

    Raises:
        ConfigError: if there are none, or both.
    """
    if placed and named is not None:
        raise ConfigError(f"players are named after the game, {' '.join(placed)}, and as --players {named}; name one")
    found = [name for text in (*placed, *filter(None, [named])) for name in text.split(",")]
    if not found:
        raise ConfigError(f"nobody plays; name the players after the game: {example}")
    return found
