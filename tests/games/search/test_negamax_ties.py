"""Choice of negamax among equally good actions: the fastest win, the slowest loss."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from game_positions import positions
from written_moves import played

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.negamax import Negamax, Ties

DRAWN: Ties = "random"
SURE: tuple[Ties, Ties] = ("soonest", "first")
BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["python", "numba"])


@pytest.fixture(autouse=True)
def _numba(request: pytest.FixtureRequest) -> None:
    if "numba" in request.node.name:
        pytest.importorskip("numba")


@cache
def outlook(game: Any, depth: int) -> tuple[float, int]:
    """Value for the mover, and moves to the end that it means if the winner hurries and the loser delays."""
    if game.over or depth == 0:
        return game.returns[game.mover], 0
    return max((after(game, action, depth) for action in game.legal), key=urgency)


def after(game: Any, action: int, depth: int) -> tuple[float, int]:
    child = game.play(action)
    value, plies = outlook(child, depth - 1)
    return (value if child.mover == game.mover else 0.0 - value), plies + 1


def urgency(outlook: tuple[float, int]) -> tuple[float, float]:
    """The better, the larger: a win soon, then 0, however far, then a loss late."""
    value, plies = outlook
    return value, 0.0 - value * plies


@BOTH
def test_a_win_at_once_is_played_before_a_double_threat(compiled: bool) -> None:
    """X on 7 and 8 wins by 9; X on 1 would threaten 4 and 9. Both are worth 1, and 1 comes first."""
    game = played(TicTacToe(), "7,2,8,6")
    chosen = {ties: Negamax(9, ties, compiled=compiled).choose(game) for ties in SURE}
    assert {ties: game.describe(action) for ties, action in chosen.items()} == {"soonest": "9", "first": "1"}
    assert len(Negamax(9, compiled=compiled).search(game).principal_variation) == 1


@BOTH
def test_a_lost_position_is_defended(compiled: bool) -> None:
    """X on 1 and 5 threatens 9; if O blocks there, X on 4 threatens 6 and 7. All moves lose, and 4 comes first."""
    game = played(TicTacToe(), "1,2,5")
    found = Negamax(9, compiled=compiled).search(game)
    assert {each.value for each in found.statistics} == {(1.0, -1.0)}
    chosen = {ties: Negamax(9, ties, compiled=compiled).choose(game) for ties in SURE}
    assert {ties: game.describe(action) for ties, action in chosen.items()} == {"soonest": "9", "first": "4"}
    assert len(found.principal_variation) == 4


@BOTH
@pytest.mark.parametrize(
    ("start", "depth", "plies", "count"),
    [(TicTacToe(), 9, 3, 40), (TicTacToe(), 9, 4, 60), (ConnectFour(), 4, 26, 25), (Quarto(), 9, 24, 25)],
    ids=["tic_tac_toe-3", "tic_tac_toe-4", "connect_four", "quarto"],
)
def test_the_fastest_win_or_the_slowest_loss_is_played(
    start: Any, depth: int, plies: int, count: int, compiled: bool
) -> None:
    """In Quarto the same player moves twice in a row."""
    signs = set()
    for game in positions(start, count, plies, seed=2):
        best, length = outlook(game, depth)
        choice = max(game.legal, key=lambda action: urgency(after(game, action, depth)))  # the first of equals
        search = Negamax(depth, compiled=compiled)
        assert search.choose(game) == choice
        variation = search.search(game).principal_variation
        assert variation[0] == choice
        if best:
            assert len(variation) == length
        signs.add(best)
    assert signs >= {-1.0, 1.0}


@pytest.mark.parametrize(
    ("start", "depth", "plies"),
    [(TicTacToe(), 9, range(3, 7)), (ConnectFour(), 7, range(10, 24, 3))],
    ids=["tic_tac_toe", "connect_four"],
)
def test_no_win_at_once_and_no_block_is_missed(start: Any, depth: int, plies: range) -> None:
    def wins(game: Any) -> set[int]:
        return {action for action in game.legal if game.play(action).over and any(game.play(action).returns)}

    missed = {"soonest": 0, "first": 0}
    for game in (game for number in plies for game in positions(start, 20, number, seed=1)):
        winning = wins(game)
        losing = {action for action in game.legal if not game.play(action).over and wins(game.play(action))}
        good = winning or set(game.legal) - losing or set(game.legal)
        for ties in SURE:
            missed[ties] += Negamax(depth, ties).choose(game) not in good
    assert missed["soonest"] == 0
    assert missed["first"] > 5


@dataclass(frozen=True)
class Branches:
    """Game with a tree written out: a tuple has a branch for each action, a number is the return of the first seat."""

    tree: Any
    mover: int = 0
    name, num_players, num_actions = "branches", 2, 4

    @property
    def over(self) -> bool:
        return isinstance(self.tree, float)

    @property
    def legal(self) -> tuple[int, ...]:
        return () if self.over else tuple(range(len(self.tree)))

    @property
    def returns(self) -> tuple[float, float]:
        return (self.tree, -self.tree) if self.over else (0.0, 0.0)

    def play(self, action: int) -> Branches:
        return Branches(self.tree[action], 1 - self.mover)

    def kernels(self) -> None:
        return None


@pytest.mark.parametrize(
    ("tree", "choice"),
    [
        # 0.5 after three moves, 0.5 at once, less at once
        ((((0.5,),), 0.5, 0.25), 1),
        # 0.5 at once, 0.75 after three moves
        ((0.5, ((0.25, 0.75),)), 1),
        # -0.5 after two, three and four moves; by 3 after five, but then the other player prefers 1 after six
        (((-0.5,), ((-0.5,),), (((-0.5,),),), ((((-0.5,),),), ((((-1.0,),),),))), 2),
        # by 0 the other player gives 0.5 after three moves or 1 after five, by 1 it gives 0.5 after four
        ((((0.5,), (((1.0,),),)), (((0.5,),),)), 1),
        # a draw is no loss, however late others come
        ((-0.5, (((-0.25,),),), (0.0,)), 2),
    ],
)
def test_returns_may_be_fractions(tree: Any, choice: int) -> None:
    assert Negamax(6).choose(Branches(tree)) == choice
    assert Negamax(6).search(Branches(tree)).action == choice


def test_the_rule_for_ties_changes_no_value() -> None:
    for game in positions(TicTacToe(), 10, 4):
        found = [Negamax(9, ties).search(game, chosen=game.legal[0]).statistics for ties in (*SURE, DRAWN)]
        assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("start", "depth", "plies"),
    [(ConnectFour(), 5, 24), (NineBoard(), 4, 40), (Quarto(), 5, 22)],
    ids=["c4", "nb", "q"],
)
@pytest.mark.parametrize("ties", ["soonest", "first", "random"])
def test_numba_and_python_choose_alike(start: Any, depth: int, plies: int, ties: Ties) -> None:
    for game in positions(start, 8, plies):
        chosen = [Negamax(depth, ties, 3, compiled).choose(game) for compiled in (True, False)]
        assert chosen[0] == chosen[1]
