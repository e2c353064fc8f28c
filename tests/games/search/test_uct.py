"""UCT as a player: memory, budgets, and the same games with and without Numba."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search import uct
from marl.games.search.result import SearchResult
from marl.games.search.uct import UCT

STARTS = [TicTacToe(), ConnectFour(), NineBoard(), ThreeMarks(), Quarto()]
ALL = pytest.mark.parametrize("start", STARTS, ids=[start.name for start in STARTS])
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["python", "numba"])


@pytest.fixture(autouse=True)
def _numba(request: pytest.FixtureRequest) -> None:
    if "numba" in request.node.name:
        pytest.importorskip("numba")


def played(players: list[UCT], game: Any) -> list[SearchResult]:
    """Results on the way through a game."""
    found = []
    while not game.over:
        found.append(players[game.mover].search(game))
        game = game.play(found[-1].action)
    return found


@ALL
@pytest.mark.parametrize("solver", [False, True])
@pytest.mark.parametrize("keep", [False, True])
def test_with_numba_and_without_the_same_games_are_played(start: Any, solver: bool, keep: bool) -> None:
    """Equal to the last digit: visits, values, proofs, principal variations."""
    pytest.importorskip("numba")
    games = [
        played(
            [UCT(40 + 30 * seat, solver=solver, keep=keep, seed=seat, compiled=compiled) for seat in range(3)], start
        )
        for compiled in (False, True)
    ]
    assert games[0] == games[1]
    assert len(games[0]) > 4
    assert any(each.proven for result in games[0] for each in result.statistics) == solver


@ALL
def test_with_numba_and_without_a_long_search_finds_the_same(start: Any) -> None:
    """From the empty board, and from where proofs matter."""
    pytest.importorskip("numba")
    later = start
    for _ in range(2):
        later = later.play(later.legal[-1])
    for game in (start, later):
        assert UCT(2000, seed=2, compiled=True).search(game) == UCT(2000, seed=2, compiled=False).search(game)


@BOTH
def test_the_subtree_is_kept_with_all_that_it_knows(compiled: bool) -> None:
    player, game = UCT(400, compiled=compiled), NineBoard()
    first = player.search(game)
    for action in first.principal_variation[:2]:
        game = game.play(action)
    before = player.tree.statistics(first.principal_variation[:2])  # type: ignore[union-attr]
    player.simulations = 1
    after = player.search(game)
    assert sum(each.visits for each in before) > 5
    changed = [(old, new) for old, new in zip(before, after.statistics, strict=True) if old != new]
    assert len(changed) == 1
    assert changed[0][1].visits == changed[0][0].visits + 1
    assert after.simulations == 1


@BOTH
def test_what_was_not_expected_begins_a_new_tree_and_the_same_position_does_not(compiled: bool) -> None:
    player = UCT(50, compiled=compiled)
    player.search(NineBoard())
    elsewhere = NineBoard().play(0).play(1).play(9).play(2).play(18)
    for game in (elsewhere, NineBoard.start(5), TicTacToe()):
        assert sum(each.visits for each in player.search(game).statistics) == 50
    assert sum(each.visits for each in player.search(TicTacToe()).statistics) == 100
    forgetful = UCT(50, keep=False, compiled=compiled)
    for _ in range(2):
        assert sum(each.visits for each in forgetful.search(NineBoard()).statistics) == 50


@dataclass(frozen=True)
class Trap:
    """Action 0 loses at once; after action 1 the other has the same choice. Only what search asks for."""

    moves: int = 0
    over: bool = False

    name = "trap"
    num_players = 2

    @property
    def mover(self) -> int:
        return self.moves % 2

    @property
    def legal(self) -> tuple[int, ...]:
        return () if self.over else (0, 1)

    @property
    def returns(self) -> tuple[float, ...]:
        return (1.0, -1.0) if self.mover == 0 else (-1.0, 1.0)

    def play(self, action: int) -> Trap:
        return Trap(self.moves + 1, action == 0)

    def rollout(self, draw: Any) -> tuple[float, ...]:
        return (0.0, 0.0)

    def kernels(self) -> None:
        return None


def test_what_was_never_visited_is_played_before_a_proven_loss() -> None:
    """One simulation, which finds the loss or does not; the game goes on either way."""
    found = []
    for seed in range(10):
        player, game = UCT(1, seed=seed), Trap()
        for _ in range(4):
            result = player.search(game)
            found.append(result.statistics[0].visits)
            assert result.action == 1
            assert result.principal_variation[0] == 1
            game = game.play(1)
    assert set(found) == {0, 1}


@BOTH
def test_one_seed_plays_one_game(compiled: bool) -> None:
    def game(seed: int) -> list[SearchResult]:
        return played([UCT(40, seed=seed, compiled=compiled)] * 2, ConnectFour())

    assert game(3) == game(3)
    assert game(3) != game(4)


def test_a_budget_of_time_is_kept_within_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that stands still but for simulations: 2 ms each."""
    now = [100.0]
    monkeypatch.setattr(uct.time, "perf_counter", lambda: now[0])

    def slow(self: Any, simulations: int, seed: int) -> int:
        now[0] += 0.002 * simulations
        return grow(self, simulations, seed)

    grow = uct.PythonTree.grow
    monkeypatch.setattr(uct.PythonTree, "grow", slow)
    result = UCT(seconds=0.52, compiled=False).search(NineBoard())
    assert 0.52 <= now[0] - 100.0 <= 0.523
    assert result.simulations == pytest.approx(260, abs=2)
    assert UCT(seconds=1e-9, compiled=False).search(NineBoard()).simulations == 1


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValueError, match="tic_tac_toe: the game is over, there is nothing to search"):
        UCT(10).search(TicTacToe((0b111, 0b11000)))
    with pytest.raises(ValueError, match="the budget is 0 simulations; give at least 1"):
        UCT(0)
    for seconds in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"the budget is {seconds} seconds; give more than 0"):
            UCT(seconds=seconds)
    for both in ({}, {"simulations": 1, "seconds": 1.0}):
        with pytest.raises(ValueError, match="give either simulations or seconds"):
            UCT(**both)
    with pytest.raises(ValueError, match="constant is -1"):
        UCT(1, constant=-1.0)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        ("import os; os.environ['NUMBA_DISABLE_JIT'] = '1'", "NUMBA_DISABLE_JIT is set"),
        (
            "from numba.core import caching; caching.CacheImpl._locator_classes = []",
            "cannot cache function 'legal'.*set NUMBA_CACHE_DIR to a folder that can be written",
        ),
    ],
    ids=["switched off", "nowhere to keep"],
)
def test_where_numba_cannot_be_used_python_searches_and_says_so(prepare: str, why: str) -> None:
    pytest.importorskip("numba")
    code = f"""{prepare}
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.uct import UCT
print(UCT(simulations=50, seed=1).search(TicTacToe()).action)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) == UCT(simulations=50, seed=1, compiled=False).search(TicTacToe()).action
    assert re.search(
        f"UserWarning: Numba cannot be used, so games are searched in Python, more slowly: {why}", told.stderr
    )


def test_a_tree_that_is_full_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr("marl.games.search.compiled.tree.MOST_ROWS", 1000)
    monkeypatch.setattr("marl.games.search.compiled.tree.PART", 100)
    found = UCT(simulations=100_000, seed=1).search(NineBoard())
    assert 100 < found.simulations < 1000
    assert sum(each.visits for each in found.statistics) == found.simulations


def test_without_numba_everything_works_and_finds_the_same() -> None:
    script = """
import sys
sys.modules["numba"] = None
from importlib import import_module
from marl.games.search.uct import UCT
for module, name in (("tic_tac_toe", "TicTacToe"), ("connect_four", "ConnectFour"), ("nine_board", "NineBoard"),
                     ("three_marks", "ThreeMarks"), ("quarto", "Quarto")):
    game = getattr(import_module(f"marl.envs.games.{module}"), name)()
    assert game.kernels() is None
    print(UCT(200, seed=5).search(game))
    try:
        UCT(1, compiled=True).search(game)
    except ValueError as error:
        assert f"{game.name} has no compiled rules here; install Numba" in str(error)
    else:
        raise AssertionError
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(UCT(200, seed=5).search(start)) for start in STARTS]
