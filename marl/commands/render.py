"""``marl render``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from marl.api import check_fit, environment_config, reference
from marl.checkpoint import load_policy
from marl.commands.evaluate import Environment
from marl.evaluation import Player, record_episode
from marl.rendering import check_path, draw, save
from marl.run_config import ConfigError

__all__ = ["render"]


@dataclass
class Arguments:
    """Makes an animated picture of one episode."""

    run: tyro.conf.Positional[Path | None] = None
    """Folder of a trained run."""
    out: Path = Path("episode.gif")
    """Where to: a .gif or .mp4 file."""
    policy: str | None = None
    """A reference in place of a run: random or chase."""
    environment: tyro.conf.OmitArgPrefixes[Environment] = None  # type: ignore[assignment]
    """What is played."""
    seed: int = 0
    """Of world and actions."""
    messages: Literal["on", "off"] = "on"
    """Whether agents hear each other."""


def render(arguments: list[str]) -> int:
    """Plays one episode and draws it.

    Args:
        arguments: as typed after ``marl render``.

    Returns:
        Exit status.
    """
    options = tyro.cli(Arguments, args=arguments, prog="marl render", default=Arguments(environment=Environment()))
    if (options.run is None) == (options.policy is None):
        raise ConfigError("name either a run's folder or a reference: marl render RUN, or marl render --policy chase")
    try:
        check_path(options.out)
    except ValueError as error:
        raise ConfigError(f"--out: {error}") from error
    saved = None if options.run is None else load_policy(options.run)
    settings = {"name": "simple_tag"} if saved is None else saved.environment
    task, config = environment_config(settings, options.environment.overrides)
    environment = task.make(config, 1)
    if saved is not None:
        check_fit(saved.policy, environment)
    player: Player = reference(str(options.policy), task, config) if saved is None else saved.policy
    scenes, scores = record_episode(environment, player, options.seed, options.messages == "on")
    path = save(draw(scenes, scores), options.out)
    Console(highlight=False).print(f"wrote {path}: {len(scenes)} steps, score {scores[-1]:.0f}")
    return 0
