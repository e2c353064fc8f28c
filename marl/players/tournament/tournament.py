"""Tournaments from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from marl.core.errors import ConfigError
from marl.core.limits import MOST_JOBS, check_between, check_switches
from marl.core.result import Result
from marl.core.wording import argument
from marl.games.search.negamax import Ties
from marl.players.specs import parse_player
from marl.players.tournament.games import play_tournament
from marl.players.tournament.plan import plan_tournament
from marl.players.tournament.tournament_picture import save_tournament_picture
from marl.players.tournament.tournament_report import tournament_report
from marl.system.interrupts import stop_on_signal
from marl.system.process_pool import usable_cores

__all__ = ["DEFAULT_PLIES", "Openings", "plies_of", "tournament"]

DEFAULT_PLIES = 2
Openings = Literal["paired", "none"]


def tournament(
    game: str,
    players: Sequence[str],
    games: int = 200,
    openings: Openings = "paired",
    opening_plies: int | None = None,
    classic: bool = False,
    ties: Ties | None = None,
    seed: int = 0,
    jobs: int | None = None,
    out: str | Path | None = None,
) -> Result:
    """Let players of a turn-based game meet, and rate them; Ctrl-C ends with what was played.

    Args:
        game: e.g. ``"tic_tac_toe"`` or ``"nine_board:5"``.
        players: e.g. ``["negamax:9", "uct:1000", "az:runs/x", "random"]``.
        games: games of each pair (or three), from all seats together.
        openings: beginnings of games: after drawn actions, or ``"none"``, at the first position.
        opening_plies: number of actions of an opening that are drawn; 2 by default.
        classic: negamax always begins, with an action that is drawn; UCT is plain.
        ties: choice of negamax among equally good actions: ``"soonest"``, ``"first"`` or ``"random"``.
        seed: of openings and players.
        jobs: processes that play side by side; as many as there are processors by default.
        out: a picture, ``.png``; none by default.

    Returns:
        Players from the highest rating to the lowest, pairs, and the settings; ``games_played`` may be fewer than
        ``games_planned``.

    Raises:
        ConfigError: if a game, a player or a setting cannot be used.
        OSError: if the picture cannot be written.
    """
    check_between("jobs", jobs, 1, MOST_JOBS)
    check_switches(classic=classic)
    if isinstance(players, str):
        raise ConfigError(f"players is {players!r}; give a list of names")
    if out is not None and Path(out).suffix != ".png":
        raise ConfigError(f"out is {str(out)!r}; name a .png file")
    plies = plies_of(openings, opening_plies, classic)
    plan = plan_tournament(game, [parse_player(text) for text in players], games, plies, seed, classic, ties)
    with stop_on_signal() as stop_wished:
        finished = play_tournament(plan, jobs or usable_cores(), lambda done, total: None, stop_wished)
    if not finished:
        raise KeyboardInterrupt(stop_wished.signal)
    report = tournament_report(plan, finished)
    if out is not None:
        save_tournament_picture(report, Path(out))
    return Result(report.as_json())


def plies_of(openings: Openings, opening_plies: int | None, classic: bool) -> int:
    """Number of drawn actions of an opening.

    Raises:
        ConfigError: for settings that contradict each other.
    """
    given, plain = argument("opening_plies"), argument("classic")
    paired, none = argument("openings", "paired", "'paired'"), argument("openings", "none", "'none'")
    if opening_plies is not None and (classic or openings == "none"):
        raise ConfigError(f"{given} is for {paired} without {plain}; leave it out")
    if classic and openings == "none":
        raise ConfigError(f"{plain} draws the first action; leave {argument('openings')} out")
    if openings == "none":
        return 0
    plies = DEFAULT_PLIES if opening_plies is None else opening_plies
    if plies < 1:
        raise ConfigError(f"{given} is {plies}; give at least 1, or {none}")
    return plies
