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
    check_player,
    check_seed,
    parse,
    shown,
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
    from marl.analysis.render import Episode

__all__ = ["render"]


@dataclass
class Arguments:
    """Make an animated picture of one episode.

    In simple_tag predators are coloured by class; prey, obstacles, ranges and live links are drawn,
    contacts flash. Gymnasium's environments draw themselves; a game shows what its network's searches found.
    Examples: marl render runs/x --out episode.mp4; marl render runs/x runs/y --out both.html;
    marl render --policy chase --team A=2,B=2 --prey flee; marl render --policy balance --task CartPole-v1
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, shown("[RUN...]")] = ()
    """Folder of a trained run, its policy/, or a policy that comes with the package, e.g. predator_team. Several are
    shown side by side on one page."""
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

    @property
    def run(self) -> Path | None:
        """The run, or the first of several."""
        return self.runs[0] if self.runs else None


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
    if len(options.runs) > 1 and (options.follow or options.policy or options.out.suffix.lower() != ".html"):
        raise ConfigError(
            f"{len(options.runs)} runs are shown side by side on a page that ends in .html, e.g. --out both.html, "
            "without --policy and --follow"
        )
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
    from marl.analysis.game_render import render_game
    from marl.evaluation.access import plays_game

    done = "replaced" if options.out.exists() else "wrote"
    if len(options.runs) > 1:
        print(f"{done} {_side_by_side(options, console)}: {len(options.runs)} runs", flush=True)
        return
    own = options.policy is None and options.environment.as_trained
    if options.run is not None and own and plays_game(options.run):
        with Counting(console, "moves") as show:
            drawn = render_game(options.run, options.out, options.seed, show)
    else:
        drawn = _render_episode(options, console)
    print(f"{done} {drawn.path}: {drawn.told}", flush=True)


def _side_by_side(options: Arguments, console: Console) -> Path:
    """A page with an episode of each run, on one clock."""
    from marl.analysis.game_render import game_panel
    from marl.evaluation.access import plays_game
    from marl.pictures.replay import save_replay

    panels, speeds = [], []
    for run in options.runs:
        if options.environment.as_trained and plays_game(run):
            with Counting(console, "moves") as show:
                panels.append(game_panel(run, options.seed, show))
            continue
        episode = _episode(options, run, console)
        panels.append(episode.panel(episode.name))
        speeds.append(episode.frames_per_second)
    title = " and ".join(str(run) for run in options.runs)
    return save_replay(panels, title, min(speeds, default=1.0), options.out)


def _render_episode(options: Arguments, console: Console) -> Animation:
    episode = _episode(options, options.run, console)
    with Counting(console, "frames") as show:
        return episode.save(options.out, show)


def _episode(options: Arguments, run: Path | None, console: Console) -> Episode:
    from marl.analysis.render import name_of, record, stage

    given = options.environment
    with trusting(given.trust, typed=given.typed):
        settings = given.changed(run)
        environment, player = stage(run, options.policy, settings, given.overrides, given.players)
        limits = (options.messages == "on", options.deterministic, options.max_steps)
        name, table = name_of(run, options.policy, environment, options.seed), options.out.suffix.lower() == ".html"
        with Counting(console, "steps") as show:
            return record(environment, player, options.out.parent, options.seed, *limits, _shown(show), name, table)


def _shown(show: Callable[..., None]) -> Callable[[int], bool]:
    def watch(steps: int) -> bool:
        show(steps)
        return True

    return watch
