"""Strength of search on small games: the classic tables again, nine-board against negamax, tic-tac-toe without a loss.

Usage: python experiments/games_tables.py [--parts classic strength sound] [--seed 1] [--jobs N] [--out FILE]

"classic": negamax always begins with an action that is drawn; UCT is plain, without proofs and without a kept subtree:
``marl tournament --classic``. The published rows do not say which of equally good actions negamax plays: with
``random`` it draws one, with ``first`` it plays the first, with ``soonest`` the fastest win or the slowest loss. A row
is "inside" if the published shares lie in the Wilson intervals of the measured shares. Both are samples; the chance is
the p-value of Fisher's exact test (of a chi-squared test where both losses and draws occur): the probability that
samples of the same players differ as much.
"strength": UCT with 10,000 simulations on nine-board against negamax to depth 8, 200 games, from paired openings of two
drawn actions; and UCT with as many simulations as take the CPU time that this negamax took for a move on average.
"sound": UCT with 10,000 simulations against perfect negamax in tic-tac-toe, from both seats, from the empty board and
after each first and each second move: its return, and the value of the position for it under perfect play.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from rich.console import Console
from scipy import stats

from marl.core.files import save_json
from marl.core.game import Game
from marl.games.registry import new_game
from marl.games.search.negamax import Negamax, Ties
from marl.players.match import play_match
from marl.players.specs import make_player, parse_player
from marl.players.tournament.games import play_tournament
from marl.players.tournament.plan import plan_tournament, seed_of
from marl.players.tournament.tournament_report import tournament_report
from marl.system.process_pool import usable_cores

Part = Literal["classic", "strength", "sound"]
CLASSIC: dict[str, dict[tuple[str, str], tuple[int, int, int]]] = {
    "tic_tac_toe": {
        ("negamax:9", "uct:1"): (964, 0, 36),
        ("negamax:9", "uct:10"): (923, 0, 77),
        ("negamax:9", "uct:100"): (577, 0, 423),
        ("negamax:9", "uct:1000"): (48, 0, 952),
        ("negamax:9", "uct:10000"): (0, 0, 1000),
    },
    "nine_board": {
        ("negamax:4", "uct:1"): (196, 4, 0),
        ("negamax:4", "uct:10"): (197, 3, 0),
        ("negamax:4", "uct:100"): (93, 107, 0),
        ("negamax:4", "uct:1000"): (28, 172, 0),
        ("negamax:5", "uct:10000"): (0, 50, 0),
        ("negamax:6", "uct:10000"): (0, 50, 0),
    },
}
"""Published games won, lost and drawn by negamax, by players and game."""
RULES: tuple[Ties, ...] = ("random", "first", "soonest")
GAMES_AGAINST_NEGAMAX = 200
GAMES_FROM_EACH = 5


@contextmanager
def timed(told: dict[str, Any]) -> Iterator[None]:
    """Measure seconds and CPU seconds of a block, those of child processes included, into ``told``."""
    begin, cpu = time.perf_counter(), _cpu_seconds()
    yield
    told["seconds"], told["cpu_seconds"] = time.perf_counter() - begin, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def tournament(
    game: str, players: Sequence[str], games: int, seed: int, jobs: int, ties: Ties | None = None
) -> dict[str, Any]:
    """Play a tournament from openings of two drawn actions, or a classic one with a rule for ties, and report on it."""
    plan = plan_tournament(game, [parse_player(text) for text in players], games, 2, seed, ties is not None, ties)
    finished = play_tournament(plan, jobs, lambda done, total: None, lambda: False)
    return tournament_report(plan, finished).as_json()


def classic_rows(game: str, ties: Ties, seed: int, jobs: int) -> dict[str, Any]:
    """Play the rows of one game, and put them beside the published ones."""
    told: dict[str, Any] = {"game": game, "ties": ties, "rows": []}
    with timed(told):
        by_games: dict[tuple[str, int], list[str]] = {}
        for (negamax, uct), published in CLASSIC[game].items():
            by_games.setdefault((negamax, sum(published)), []).append(uct)
        for (negamax, games), others in by_games.items():
            report = tournament(game, [negamax, *others], games, seed, jobs, ties)
            told["rows"] += [_beside(pair, CLASSIC[game][pair["first"], pair["second"]]) for pair in report["pairs"]]
    return told


def _beside(pair: dict[str, Any], published: tuple[int, int, int]) -> dict[str, Any]:
    """A measured row beside the published one, with the two comparisons of the module's docstring."""
    counts = [pair[outcome] for outcome in ("won", "lost", "drawn")]
    intervals = [pair[f"{outcome}_ci95"] for outcome in ("won", "lost", "drawn")]
    shares = [count / sum(published) for count in published]
    inside = all(low <= share <= high for share, (low, high) in zip(shares, intervals, strict=True))
    chance = _chance(np.array([counts, published]))
    return {
        "negamax": pair["first"],
        "uct": pair["second"],
        "won_lost_drawn": counts,
        "won_ci95": intervals[0],
        "published": list(published),
        "published_inside_interval": inside,
        "chance": chance,
        "seconds_per_game": pair["seconds_per_game"],
    }


def _chance(table: np.ndarray) -> float:
    table = table[:, table.any(0)]
    if table.shape[1] == 1:
        return 1.0
    test = stats.fisher_exact(table) if table.shape[1] == 2 else stats.chi2_contingency(table)
    return float(test.pvalue)


def strength(seed: int, jobs: int) -> dict[str, Any]:
    """Play UCT against negamax on nine-board, with 10,000 simulations and at equal time for each move."""
    told: dict[str, Any] = {}
    with timed(told):
        told["simulations"] = tournament("nine_board", ["uct:10000", "negamax:8"], GAMES_AGAINST_NEGAMAX, seed, jobs)
        times = {player["player"]: player["seconds_per_move"] for player in told["simulations"]["players"]}
        equal = f"uct:{round(10_000 * times['negamax:8'] / times['uct:10000'])}"
        told["equal_time"] = tournament("nine_board", [equal, "negamax:8"], GAMES_AGAINST_NEGAMAX, seed, jobs)
    return told


def sound(seed: int) -> dict[str, Any]:
    """Count games of tic-tac-toe in which UCT received less than the value of the opening under perfect play."""
    told: dict[str, Any] = {"games": 0, "won": 0, "lost": 0, "drawn": 0, "lost_what_was_no_loss": 0, "below_value": 0}
    start = new_game("tic_tac_toe")
    firsts = [start.play(action) for action in start.legal]
    openings = [start, *firsts, *(first.play(action) for first in firsts for action in first.legal)]
    with timed(told):
        for number, seat, game in product(range(len(openings)), range(2), range(GAMES_FROM_EACH)):
            opening = openings[number]
            value = max(each.value for each in Negamax(9).explore(opening, exact=True))
            won = _against_perfect_play(opening, seat, seed_of(seed, number, seat, game))
            _count(told, won, value if opening.mover == seat else -value)
    return told


def _against_perfect_play(opening: Game, seat: int, seed: int) -> float:
    """Return of UCT in a seat against perfect negamax."""
    specs = [parse_player("uct:10000"), replace(parse_player("negamax:9"), ties="random")]
    players = [make_player(spec, opening, seed_of(seed, spec.text)) for spec in specs]
    return play_match(opening, players[:: 1 - 2 * seat]).returns[seat]


def _count(told: dict[str, Any], won: float, worth: float) -> None:
    told["games"] += 1
    told["won" if won > 0 else "lost" if won < 0 else "drawn"] += 1
    told["lost_what_was_no_loss"] += won < 0 <= worth
    told["below_value"] += won < worth


def show(results: dict[str, Any], console: Console) -> None:
    """Print the results."""
    for table in results.get("classic", ()):
        times = f"{table['seconds']:.1f} s, {table['cpu_seconds']:.1f} s of CPU time"
        console.print(f"{table['game']}, equal actions: {table['ties']}; {times}")
        for row in table["rows"]:
            counts, published = ("/".join(map(str, row[name])) for name in ("won_lost_drawn", "published"))
            inside = "inside" if row["published_inside_interval"] else "outside"
            names = f"{row['negamax']} - {row['uct']}"
            console.print(
                f"  {names:22} {counts:>10}   published {published:>10} {inside:8} chance {row['chance']:.3f}"
            )
    for name, report in results.get("strength", {}).items():
        if isinstance(report, dict):
            pair = report["pairs"][0]
            low, high = pair["score_ci95"]
            counts = f"{pair['won']}/{pair['lost']}/{pair['drawn']}"
            moves = ", ".join(f"{p['player']} {p['seconds_per_move'] * 1e3:.2f} ms" for p in report["players"])
            console.print(
                f"nine_board, {name}: {pair['first']} - {pair['second']} {counts}, score {pair['score']:.3f} "
                f"[{low:.3f}, {high:.3f}]; a move: {moves}",
                soft_wrap=True,
            )
    if "sound" in results:
        console.print(f"tic_tac_toe, uct:10000 against perfect play: {results['sound']}", soft_wrap=True)


def main(
    parts: tuple[Part, ...] = ("classic", "strength", "sound"),
    seed: int = 1,
    jobs: int | None = None,
    out: Path = Path(__file__).parent / "results" / "games_tables.json",
) -> None:
    """Measure everything, print the results and write them.

    Args:
        parts: parts to measure.
        seed: seed of openings and players.
        jobs: number of processes; as many as there are processors by default.
        out: the JSON file.
    """
    console, jobs = Console(highlight=False), jobs or usable_cores()
    results: dict[str, Any] = {"seed": seed, "jobs": jobs, "processors": os.cpu_count()}
    if "classic" in parts:
        results["classic"] = [classic_rows(game, ties, seed, jobs) for game in CLASSIC for ties in RULES]
    if "strength" in parts:
        results["strength"] = strength(seed, jobs)
    if "sound" in parts:
        results["sound"] = sound(seed)
    save_json(out, results)
    show(results, console)
    console.print(f"wrote {out}", soft_wrap=True)


if __name__ == "__main__":
    tyro.cli(main)
