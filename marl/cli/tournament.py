"""``marl tournament``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import Jobs, JsonFile, NamedPlayers, check_file, named_players, shown
from marl.cli.tables import interval_text, number_text, plain_table, seconds_text
from marl.core.errors import ConfigError
from marl.core.limits import MOST_JOBS, check_between
from marl.system.console import plain_console
from marl.system.interrupts import end_on_signal, exit_status, stop_on_signal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from marl.players.tournament.tournament_report import TournamentReport

__all__ = ["tournament"]

DEFAULT_PLIES = 2


@dataclass
class Arguments:
    """Let players of a turn-based game meet, and tell who is better, and how sure that is.

    In a game of two every pair meets; in a game of three every three, and of two of them the one won
    who got more. Openings are paired: their first actions are drawn among all legal ones, drawn again
    if that ends the game, and each opening is played from all seats. All groups play the same openings.

    Players: random; first (legal action); rules (of tic_tac_toe); negamax:DEPTH; uct:SIMULATIONS;
    uct:SECONDSs for each move; az:RUN, a trained network. Each has a seed of its own in each game: the
    same command plays the same games, whatever --jobs is (but for budgets of time).

    Elo is by maximum likelihood with draws as half a win; one drawn game is added to each pair, so that
    who won all has a rating. Its interval is over openings; who won or lost all has one end only, by a
    normal approximation. Ctrl-C prints and saves what was played.

    Examples: marl tournament tic_tac_toe negamax:9 uct:1 uct:100 --games 1000 --seed 1 --json out.json;
    marl tournament nine_board negamax:4 uct:10 uct:100 --games 200 --classic
    """

    game: Annotated[str, tyro.conf.Positional, shown("GAME")]
    """E.g. tic_tac_toe, nine_board (nine_board:5 begins on board 5), connect_four, three_marks or quarto."""
    players: Annotated[tuple[str, ...], tyro.conf.Positional, shown("PLAYER PLAYER [PLAYER...]")] = ()
    """E.g. negamax:9 uct:1000 uct:0.5s random."""
    named: NamedPlayers = None
    """The same with commas."""
    games: int = 200
    """Games of each pair (or three), from all seats together; at most 10,000,000 of all pairs."""
    openings: Literal["paired", "none"] = "paired"
    """Beginnings of games: after actions that are drawn, or at the first position; from there two players who draw
    nothing play the same game again and again."""
    opening_plies: Annotated[int | None, shown("N", f"(default: {DEFAULT_PLIES})")] = None
    """Number of actions of an opening that are drawn."""
    classic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Negamax always begins, with an action that is drawn; UCT is plain: no proofs, nothing kept between moves."""
    ties: Annotated[
        Literal["soonest", "first", "random"] | None,
        shown("{soonest,first,random}", "(default: soonest; random with --classic)"),
    ] = None
    """Choice of negamax among equally good actions: the fastest win or the slowest loss, the first, or any."""
    seed: int = 0
    """Seed of openings and players, below 2^32."""
    jobs: Jobs = None
    """Processes that play side by side, at most 1,024."""
    out: Path = Path("tournament.png")
    """The picture: a .png file."""
    json: JsonFile = None
    """Write all numbers to this file too."""


@end_on_signal()
def tournament(arguments: list[str]) -> int:
    """Play a tournament, print tables, draw a picture.

    Args:
        arguments: as typed after ``marl tournament``.

    Returns:
        Exit status.

    Raises:
        ConfigError: if an option cannot be used.
    """
    options = parse_options(Arguments, arguments, "marl tournament")
    from marl.players.tournament.tournament import plies_of

    plies = plies_of(options.openings, options.opening_plies, options.classic)
    _check(options)
    from marl.cli.progress_bars import Counting
    from marl.players.specs import parse_player
    from marl.players.tournament.games import play_tournament
    from marl.players.tournament.plan import plan_tournament
    from marl.players.tournament.tournament_report import tournament_report
    from marl.system.process_pool import usable_cores

    named = named_players(options.players, options.named, "marl tournament tic_tac_toe negamax:9 uct:100")
    players = [parse_player(text) for text in named]
    settings = (options.games, plies, options.seed, options.classic, options.ties)
    plan = plan_tournament(options.game, players, *settings)
    console = plain_console()
    with stop_on_signal() as stop_wished, Counting(console, "games") as watch:
        finished = play_tournament(plan, options.jobs or usable_cores(), watch, stop_wished)
    complete = len(finished) == plan.total_games
    if not finished:
        console.print("stopped before a game was finished")
        return exit_status(stop_wished.signal)
    if not complete:
        console.print(f"stopped after {len(finished)} of {plan.total_games} games", soft_wrap=True)
    _tell(tournament_report(plan, finished), options, console)
    return 0 if complete else exit_status(stop_wished.signal)


def _check(options: Arguments) -> None:
    check_between("--jobs", options.jobs, 1, MOST_JOBS)
    if options.out.suffix != ".png":
        raise ConfigError(f"--out {options.out}: name a .png file")
    if options.json == options.out:
        raise ConfigError(f"--json and --out are both {options.out}; name two files")
    for name, path in (("out", options.out), ("json", options.json)):
        check_file(name, path)
        if path is not None and not os.access(path.parent, os.W_OK):
            raise ConfigError(f"--{name} {path}: the folder {path.parent.absolute()} cannot be written; name another")


def _tell(report: TournamentReport, options: Arguments, console: Console) -> None:
    from marl.core.files import save_json
    from marl.players.tournament.tournament_picture import save_tournament_picture

    try:
        if options.json is not None:
            save_json(options.json, report.as_json())
        save_tournament_picture(report, options.out)
    finally:  # the tables are there also where the files cannot be written
        console.print(_pairs(report))
        console.print(_ratings(report))
        console.print(
            "Score: share of games won, draws as half, with its Wilson interval. Elo: mean zero, a drawn game added to "
            "each pair, interval over openings; … has no end: the results alone do not bound it. Times are CPU time.",
            soft_wrap=True,
        )
        if options.openings == "paired" and not options.classic:
            told = (
                "Games begin with drawn openings, each played from all seats; a perfect player loses some of them, too."
            )
            console.print(told, soft_wrap=True)
    for written in (options.out, options.json):
        if written is not None:
            console.print(f"wrote {written}", soft_wrap=True)


def _pairs(report: TournamentReport) -> Table:
    columns = ("games", "won/lost/drawn", "score", "a game")
    table = plain_table("pair", columns, collapse_padding=True, title=report.game)
    for pair in report.pairs:
        counts = f"{pair.outcomes.won}/{pair.outcomes.lost}/{pair.outcomes.drawn}"
        score = f"{number_text(pair.score, '.3f')} {interval_text(pair.score_ci95, '.3f')}"
        names = f"{pair.first} - {pair.second}"
        table.add_row(names, f"{pair.games:,}", counts, score, seconds_text(pair.seconds_per_game))
    return table


def _ratings(report: TournamentReport) -> Table:
    table = plain_table("player", ("Elo", "95 % interval", "score", "games", "a move"))
    for player in report.players:
        elo, interval = number_text(player.elo, "+.0f"), interval_text(player.elo_ci95, "+.0f")
        score, moves = number_text(player.score, ".3f"), seconds_text(player.seconds_per_move)
        table.add_row(player.player, elo, interval, score, f"{player.games:,}", moves)
    return table
