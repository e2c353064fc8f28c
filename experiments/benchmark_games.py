"""Search on small games beside a deep-copying tree and OpenSpiel, in one run on one thread.

Usage: python experiments/benchmark_games.py [--parts search start] [--seconds 3.0] [--out FILE]

Protocol: "search" counts simulations of UCT from the empty board (one random playout each, the constant sqrt(2), proven
outcomes backed up), by the whole call ``UCT(n).search(game)``, in CPU time. Systems take turns over the whole run,
because the machine may be shared, and the best of their repetitions counts. The deep-copying tree is UCT as first
lessons write it: an object a node, a deepcopy of the board a simulation. OpenSpiel is its C++ ``MCTSBot`` with the
same settings.
"start" is the time of the first search in a new process, what it loads included: with an empty Numba cache, then again.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import tyro
from lesson_tree import lesson_search
from rich.console import Console
from rich.table import Table

from marl.core.files import save_json
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.uct import UCT

HERE = Path(__file__).parent
Part = Literal["search", "start"]
GAMES = (TicTacToe(), NineBoard(), ConnectFour())
SIMULATIONS = (1_000, 10_000, 100_000)
TURNS = 5
COMPILED, PYTHON = "this package, Numba", "this package, Python"
COPYING, OPENSPIEL = "deep-copying tree", "OpenSpiel C++"


@dataclass(frozen=True)
class Row:
    """One measurement.

    Args:
        part: part of the benchmark.
        game: name of the game.
        system: name of the system that ran.
        simulations: number of simulations of a search.
        rate: simulations per second of CPU time.
        seconds, cpu_seconds: time of the first search in a new process.
    """

    part: Part
    game: str
    system: str
    simulations: int
    rate: float | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None


def openspiel_search(name: str, simulations: int, seed: int) -> int:
    """Search with OpenSpiel's C++ bot; return the number of simulations done."""
    import pyspiel

    game = pyspiel.load_game(name)
    evaluator = pyspiel.RandomRolloutEvaluator(1, seed)
    bot = pyspiel.MCTSBot(game, evaluator, math.sqrt(2), simulations, 1000, True, seed, False)
    return int(bot.mcts_search(game.new_initial_state()).explore_count)


def systems(game: Any) -> dict[str, Callable[[int, int], int]]:
    """Search functions for a game by system: from simulations and a seed to the simulations done."""
    found = {
        COMPILED: lambda n, seed: UCT(n, seed=seed, compiled=True).search(game).simulations,
        PYTHON: lambda n, seed: UCT(n, seed=seed, compiled=False).search(game).simulations,
    }
    if game.name != "connect_four":
        found[COPYING] = lambda n, seed: lesson_search(9 if game.name == "nine_board" else 1, n, seed)
    if game.name != "nine_board" and find_spec("pyspiel"):
        found[OPENSPIEL] = lambda n, seed: openspiel_search(game.name, n, seed)
    return found


def search_rows(seconds: float) -> list[Row]:
    """Measure simulations per second of each system, for each game and budget."""
    best = {
        (game.name, name, simulations): 0.0
        for game in GAMES
        for name in systems(game)
        for simulations in SIMULATIONS
        if name != COPYING or simulations <= 10_000
    }
    searches = {(game.name, name): search for game in GAMES for name, search in systems(game).items()}
    for turn in range(TURNS):
        for (game, name, simulations), rate in best.items():
            again = _best_rate(searches[game, name], simulations, turn, seconds / TURNS)
            best[game, name, simulations] = max(rate, again)
    return [Row("search", game, name, simulations, rate=rate) for (game, name, simulations), rate in best.items()]


def _best_rate(search: Callable[[int, int], int], simulations: int, turn: int, seconds: float) -> float:
    search(10, 0)
    best, spent, seed = 0.0, 0.0, 1000 * turn
    while spent < seconds:
        began = time.process_time()
        done = search(simulations, seed)
        taken = time.process_time() - began
        best, spent, seed = max(best, done / taken), spent + taken, seed + 1
    return best


FIRST_SEARCH = """
import time
from marl.games.search.uct import UCT
from {module} import {name}
began, spent = time.perf_counter(), time.process_time()
UCT(10, compiled=True).choose({name}())
print(time.perf_counter() - began, time.process_time() - spent)
"""


def start_rows(_: float) -> list[Row]:
    """Measure the first search in a new process."""
    rows = []
    for game in GAMES:
        script = FIRST_SEARCH.format(module=type(game).__module__, name=type(game).__name__)
        with tempfile.TemporaryDirectory() as cache:
            for system in ("empty Numba cache", "a later process"):
                done = subprocess.run(
                    [sys.executable, "-c", script],
                    env={**os.environ, "NUMBA_CACHE_DIR": cache},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                seconds, cpu_seconds = map(float, done.stdout.split())
                rows.append(Row("start", game.name, system, 10, seconds=seconds, cpu_seconds=cpu_seconds))
    return rows


PARTS: dict[Part, Callable[[float], list[Row]]] = {"search": search_rows, "start": start_rows}


@dataclass(frozen=True)
class Goal:
    """Goal for one measured number.

    Args:
        what: name of the number.
        measured: the number.
        limit: value that it must reach.
        most: True if the limit is the largest value allowed, False if it is the least.
    """

    what: str
    measured: float
    limit: float
    most: bool = False

    @property
    def reached(self) -> bool:
        return self.measured <= self.limit if self.most else self.measured >= self.limit


def goals(rows: Sequence[Row]) -> list[Goal]:
    """Goals whose numbers were all measured."""
    rate = {(row.game, row.system): row.rate for row in rows if row.simulations == 10_000 and row.rate}
    unit = {"million a second": 1e6, "thousand a second": 1e3}
    wished: tuple[tuple[str, str, str, float], ...] = (
        ("tic_tac_toe", COMPILED, "million a second", 2.0),
        ("nine_board", COMPILED, "million a second", 1.0),
        ("connect_four", COMPILED, "million a second", 1.5),
        ("nine_board", PYTHON, "thousand a second", 50.0),
        ("nine_board", COMPILED, COPYING, 100.0),
        ("connect_four", COMPILED, OPENSPIEL, 10.0),
    )
    found = []
    for game, system, beside, least in wished:
        other = unit.get(beside) or rate.get((game, beside))
        if (game, system) in rate and other:
            what = beside if beside in unit else f"times {beside}"
            found.append(Goal(f"{game}, {system}, 10,000 simulations: {what}", rate[game, system] / other, least))
    for system, most in (("empty Numba cache", 10.0), ("a later process", 1.0)):
        times = [row.cpu_seconds for row in rows if row.system == system and row.cpu_seconds is not None]
        if times:
            found.append(Goal(f"first search, {system}: CPU seconds", max(times), most, most=True))
    return found


def tables_of(rows: Sequence[Row]) -> list[Table]:
    """Tables of rates by game, system and budget, of starts, and of goals."""
    rates = Table(title="UCT from the empty board, thousand simulations per second of CPU time", title_justify="left")
    for column in ("game", "system", *(f"{n:,}" for n in SIMULATIONS)):
        rates.add_column(column, justify="left" if column in ("game", "system") else "right")
    found = {(row.game, row.system, row.simulations): row.rate for row in rows if row.rate is not None}
    for game, system in dict.fromkeys((game, system) for game, system, _ in found):
        rates.add_row(game, system, *(_thousands(found.get((game, system, n))) for n in SIMULATIONS))
    starts = Table("game", "first search", "seconds", "CPU seconds", title="Starts", title_justify="left")
    for row in rows:
        if row.seconds is not None:
            starts.add_row(row.game, row.system, f"{row.seconds:.2f}", f"{row.cpu_seconds:.2f}")
    aims = Table("goal", "measured", "limit", "", title="Goals", title_justify="left")
    for goal in goals(rows):
        limit = f"at {'most' if goal.most else 'least'} {goal.limit:g}"
        aims.add_row(goal.what, f"{goal.measured:.2f}", limit, "reached" if goal.reached else "missed")
    return [table for table in (rates, starts, aims) if table.row_count]


def _thousands(rate: float | None) -> str:
    return "" if rate is None else f"{rate / 1e3:,.1f}"


def main(
    parts: tuple[Part, ...] = tuple(PARTS), seconds: float = 3.0, out: Path = HERE / "results" / "benchmark_games.json"
) -> None:
    """Measure everything, print tables and write the rows.

    Args:
        parts: parts to measure.
        seconds: least CPU time of the searches of each system for each game and budget.
        out: file for the rows.
    """
    console = Console(highlight=False)
    if "search" in parts and find_spec("pyspiel") is None:
        console.print("OpenSpiel is missing and left out: pip install -c constraints.txt -e '.[games]'")
    rows = []
    for part in parts:
        rows += PARTS[part](seconds)
    for table in tables_of(rows):
        console.print(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_json(out, {"rows": [asdict(row) for row in rows]})


if __name__ == "__main__":
    tyro.cli(main)
