"""``marl evaluate``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from marl.api import environment_config, reference
from marl.api import evaluate as evaluate_policy
from marl.commands.report import table_of
from marl.evaluation import Player
from marl.run_config import ConfigError
from marl.serialisation import atomic_path
from marl.statistics import Estimate

__all__ = ["Environment", "evaluate"]


@dataclass
class Environment:
    """What is played; what is not named is as the run was trained."""

    team: str | None = None
    """Composition, e.g. A=3,B=1."""
    prey: str | None = None
    """How the prey moves: random, still or flee."""
    backend: Literal["batched", "pettingzoo"] | None = None
    """The simulator on tensors, or mpe2 through PettingZoo wrappers and SuperSuit."""
    max_cycles: int | None = None
    """Steps of an episode."""

    @property
    def overrides(self) -> dict[str, Any]:
        """The fields that were named."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass
class Arguments:
    """Plays whole episodes with a trained or a reference policy and says what they brought."""

    run: tyro.conf.Positional[Path | None] = None
    """Folder of a trained run."""
    policy: str | None = None
    """A reference in place of a run: random or chase."""
    environment: tyro.conf.OmitArgPrefixes[Environment] = None  # type: ignore[assignment]
    """What is played."""
    episodes: int = 500
    """How many."""
    seed: int = 0
    """Of worlds and actions."""
    messages: Literal["on", "off"] = "on"
    """Whether agents hear each other."""
    deterministic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take the likeliest actions instead of drawing them."""
    json: Path | None = None
    """Write the result to this file."""


def evaluate(arguments: list[str]) -> int:
    """Evaluates a policy and prints a table.

    Args:
        arguments: as typed after ``marl evaluate``.

    Returns:
        Exit status.
    """
    options = tyro.cli(Arguments, args=arguments, prog="marl evaluate", default=Arguments(environment=Environment()))
    if options.json is not None and not options.json.parent.is_dir():
        raise ConfigError(f"--json {options.json}: the folder {options.json.parent} does not exist; make it first")
    player, settings = _player(options)
    result = evaluate_policy(
        player,
        _positive(options.episodes),
        options.seed,
        options.messages == "on",
        options.deterministic,
        settings,
        **options.environment.overrides,
    )
    result["messages"] = options.messages
    result["policy"] = str(options.run) if options.policy is None else options.policy
    if options.json is not None:
        with atomic_path(options.json) as path:
            path.write_text(json.dumps(result, indent=1) + "\n")
    estimates = {
        name: _estimate(value) for name, value in result.items() if isinstance(value, dict) and "ci95" in value
    }
    team = ", ".join(f"{count} {name}" for name, count in result.get("team", {}).items())
    title = f"team {team}, prey {result.get('prey')}, messages {options.messages}, {options.episodes} episodes"
    Console(highlight=False).print(table_of({result["policy"]: estimates}, title))
    return 0


def _player(options: Arguments) -> tuple[Path | Player, dict[str, Any] | None]:
    if (options.run is None) == (options.policy is None):
        raise ConfigError(
            "name either a run's folder or a reference: marl evaluate RUN, or marl evaluate --policy chase"
        )
    if options.run is not None:
        return options.run, None
    task, config = environment_config({"name": "simple_tag"}, options.environment.overrides)
    return reference(str(options.policy), task, config), {"name": "simple_tag"}


def _positive(episodes: int) -> int:
    if episodes < 1:
        raise ConfigError(f"--episodes is {episodes}; give at least 1")
    return episodes


def _estimate(value: dict[str, Any]) -> Estimate:
    return Estimate(value["mean"], None if value["ci95"] is None else (value["ci95"][0], value["ci95"][1]))
