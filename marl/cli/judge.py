"""``marl judge``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import JsonFile, check_file, shown
from marl.cli.tables import interval_text, plain_table
from marl.system.console import plain_console

if TYPE_CHECKING:
    from rich.table import Table

    from marl.players.judge import JudgeReport

__all__ = ["judge", "mistakes_table"]


@dataclass
class Arguments:
    """Count the mistakes of players in positions in which the value of every move is known.

    A mistake: another move leads to a better of won, drawn, lost under perfect play. All players get the
    same positions, and know nothing from one position in the next.

    Connect four has 1,000 positions in each of six buckets: begin (2 to 11 moves played), middle (15 to
    28), end (more); easy (fewer than 14 moves to the end under perfect play), medium (14 to 28), hard (more).
    Nine-board has 1,000 late ones, in which a mistake is possible and no move wins at once. Tic-tac-toe
    has all 4,520.

    Players: random; first (legal action); rules (of tic_tac_toe); negamax:DEPTH; uct:SIMULATIONS;
    uct:SECONDSs for each move; az:RUN, a trained network.

    Examples: marl judge connect_four uct:1000 negamax:4 --positions 150 --seed 1;
    marl judge tic_tac_toe rules uct:100 --json mistakes.json
    """

    game: Annotated[str, tyro.conf.Positional, shown("GAME")]
    """One of connect_four, nine_board and tic_tac_toe."""
    players: Annotated[tuple[str, ...], tyro.conf.Positional, shown("PLAYER [PLAYER...]")]
    """E.g. uct:1000 negamax:4 random."""
    positions: Annotated[int | None, shown("N", "(default: all)")] = None
    """Positions of each bucket, drawn by the seed; at most as many as it has."""
    seed: int = 0
    """Seed of the sample and of the players, below 2^32."""
    json: JsonFile = None
    """Write all numbers to this file too."""


def judge(arguments: list[str]) -> int:
    """Judge players and print a table.

    Args:
        arguments: as typed after ``marl judge``.

    Returns:
        Exit status.

    Raises:
        ConfigError: if an option cannot be used.
    """
    options = parse_options(Arguments, arguments, "marl judge")
    check_file("json", options.json)
    from marl.cli.progress_bars import Counting
    from marl.core.files import save_json
    from marl.players.judge import judge as judge_players

    console = plain_console()
    with Counting(console, "moves") as watch:
        report = judge_players(options.game, options.players, options.positions, options.seed, watch)
    console.print(mistakes_table(report))
    if options.json is not None:
        save_json(options.json, report.as_json())
        console.print(f"wrote {options.json}", soft_wrap=True)
    return 0


def mistakes_table(report: JudgeReport) -> Table:
    """Make a table with the players one below the other in each bucket."""
    columns = ("mistakes", "%", "95 % interval")
    table = plain_table(("bucket", "player"), columns, collapse_padding=True, title=report.game)
    for bucket in report.players[0].buckets:
        for number, player in enumerate(report.players):
            found = player.buckets[bucket]
            low, high = found.share_ci95
            shown = f"{found.mistakes:,} of {found.positions:,}", f"{100 * found.share:.1f}"
            table.add_row(
                "" if number else bucket, player.player, *shown, interval_text((100 * low, 100 * high), ".1f")
            )
    return table
