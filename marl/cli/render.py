"""``marl render``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from marl.cli.options import (
    Deterministic,
    EnvironmentOptions,
    Messages,
    ReferenceName,
    RunFolder,
    check_player,
    check_seed,
    parse,
)
from marl.cli.progress_bars import Counting
from marl.core.errors import ConfigError
from marl.core.limits import check_between
from marl.core.trust import trusting
from marl.system.console import plain_console
from marl.system.interrupts import exit_status, stop_on_signal

if TYPE_CHECKING:
    from rich.console import Console

    from marl.analysis.animation import Animation

__all__ = ["render"]


@dataclass
class Arguments:
    """Make an animated picture of one episode.

    In simple_tag predators are coloured by class; prey, obstacles, ranges and live links are drawn,
    contacts flash. Gymnasium's environments draw themselves; a game shows what its network's searches found.
    Examples: marl render runs/x --out episode.mp4;
    marl render --policy chase --team A=2,B=2 --prey flee; marl render --policy balance --task CartPole-v1
    """

    run: RunFolder = None
    """Folder of a trained run, its policy/, or a policy that comes with the package, e.g. predator_team."""
    out: Path = Path("episode.gif")
    """The picture: a .gif or .mp4 file, or an .html page to replay it; one that is there is replaced."""
    policy: ReferenceName = None
    """A reference plays in place of the run's policy: random, chase in simple_tag, balance in CartPole."""
    environment: tyro.conf.OmitArgPrefixes[EnvironmentOptions] = field(default_factory=EnvironmentOptions)
    """Settings of the environment; those that are not named are as the run was trained."""
    seed: int = 0
    """Seed of world and actions, below 2^32."""
    max_steps: int = 10_000
    """Steps after which the episode is cut."""
    messages: Messages = "on"
    """Messages between agents."""
    deterministic: Deterministic = False
    """Take the likeliest actions instead of drawing them."""
    follow: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Draw a run that still trains after each checkpoint, into the same file, until it ends."""


def render(arguments: list[str]) -> int:
    """Play one episode and draw it.

    Args:
        arguments: as typed after ``marl render``.

    Returns:
        Exit status.

    Raises:
        ConfigError: if an option cannot be used.
    """
    options = parse(Arguments, arguments, "marl render")
    check_player(options.run, options.policy, options.environment.task, "render")
    check_seed(options.seed)
    check_between("--max-steps", options.max_steps, 1)
    from marl.pictures.animation import check_path

    try:
        check_path(options.out)
    except ValueError as error:
        raise ConfigError(f"--out: {error}") from error
    console = plain_console()
    if not options.follow:
        _draw(options, console)
        return 0
    if options.run is None:
        raise ConfigError("--follow is for a run; name its folder")
    from marl.analysis.follow import policies

    with stop_on_signal() as stop_wished:
        for env_steps in policies(options.run, stop_wished):
            print(f"env step {env_steps:,}")
            _draw(options, console)
    return exit_status(stop_wished.signal) if stop_wished() else 0


def _draw(options: Arguments, console: Console) -> None:
    from marl.analysis.game_render import plays_game, render_game

    done = "replaced" if options.out.exists() else "wrote"
    played = options.policy is None and not options.environment.play
    if options.run is not None and played and plays_game(options.run):
        with Counting(console, "moves") as show:
            drawn = render_game(options.run, options.out, options.seed, show)
    else:
        drawn = _render_episode(options, console)
    print(f"{done} {drawn.path}: {drawn.told}", flush=True)


def _render_episode(options: Arguments, console: Console) -> Animation:
    from marl.analysis.render import name_of, record, stage

    given = options.environment
    with trusting(given.trust, typed=given.typed):
        settings = given.changed(options.run)
        environment, player = stage(options.run, options.policy, settings, given.overrides, given.players)
        limits = (options.messages == "on", options.deterministic, options.max_steps)
        name = name_of(options.run, options.policy, environment, options.seed)
        with Counting(console, "steps") as show:
            episode = record(environment, player, options.out.parent, options.seed, *limits, _shown(show), name)
    with Counting(console, "frames") as show:
        return episode.save(options.out, show)


def _shown(show: Callable[..., None]) -> Callable[[int], bool]:
    def watch(steps: int) -> bool:
        show(steps)
        return True

    return watch
