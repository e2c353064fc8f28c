"""UCT with an evaluator and a selection rule of one's own, on positions that are worked out by hand.

From a heap of four, taking one leaves three, at which the other has lost; taking two leaves two, and the other wins.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from heap_game import Heap

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.python_tree import Node, random_playout, ucb1
from marl.games.search.uct import UCT

STARTS = [TicTacToe(), ConnectFour(), NineBoard(), ThreeMarks(), Quarto()]
LOST, WON = (-1.0, 1.0), (1.0, -1.0)


def theory(game: Heap, draw: Any) -> tuple[float, float]:
    """The returns of perfect play."""
    winner = 1 - game.mover if game.left % 3 == 0 else game.mover
    return WON if winner == 0 else LOST


def visits(search: UCT, game: Any) -> list[int]:
    return [each.visits for each in search.search(game).statistics]


def test_new_positions_are_valued_by_the_evaluator_each_once() -> None:
    """Both actions; then, taking one being the better, both answers to it."""
    valued = []

    def noting(game: Heap, draw: Any) -> tuple[float, float]:
        valued.append((game.left, game.mover))
        return theory(game, draw)

    result = UCT(4, constant=1.0, evaluator=noting).search(Heap(4))
    assert sorted(valued) == [(1, 0), (2, 0), (2, 1), (3, 1)]
    assert [(each.visits, each.value) for each in result.statistics] == [(3, WON), (1, LOST)]
    assert result.action == 0


@pytest.mark.parametrize(("constant", "wished"), [(3.0, [3, 1]), (4.0, [2, 2])])
def test_ucb1_explores_from_its_constant_on(constant: float, wished: list[int]) -> None:
    """The fourth simulation weighs 1 + c sqrt(ln 3 / 2) against 0 + c sqrt(ln 3): the same at c = 3.257."""
    assert visits(UCT(4, constant=constant, evaluator=theory), Heap(4)) == wished
    assert visits(UCT(4, evaluator=theory, selection=ucb1(constant)), Heap(4)) == wished


def puct(constant: float, priors: tuple[float, float]) -> Callable[[Node], Node]:
    def bound(node: Node, child: Node) -> float:
        return child.mean + constant * priors[child.action] * math.sqrt(node.visits) / (1 + child.visits)

    return lambda node: max(node.children, key=lambda child: bound(node, child))


@pytest.mark.parametrize(("constant", "wished"), [(1.0, [2, 1]), (2.0, [1, 2])])
def test_another_selection_rule_goes_down_the_tree(constant: float, wished: list[int]) -> None:
    """The third simulation weighs 1 + 0.1 c sqrt(2) / 2 against 0 + 0.9 c sqrt(2) / 2: the same at c = 1.77."""
    assert visits(UCT(3, evaluator=theory, selection=puct(constant, (0.1, 0.9))), Heap(4)) == wished


def test_a_rule_that_spreads_evenly_visits_all_alike() -> None:
    """With playouts, too, and in a game that has compiled rules: those know no such rule."""

    def least(node: Node) -> Node:
        return min(node.children, key=lambda child: child.visits)

    assert visits(UCT(10, solver=False, selection=least), Heap(7)) == [5, 5]
    assert visits(UCT(36, solver=False, selection=least), TicTacToe()) == [4] * 9


class Silent(Heap):
    """A heap that nobody may play out at random."""

    def play(self, action: int) -> Silent:
        after = super().play(action)
        return Silent(after.left, after.mover)

    def rollout(self, draw: Any) -> tuple[float, ...]:
        raise AssertionError("played out")


def test_a_kept_subtree_is_grown_by_the_same_functions() -> None:
    """Seven, of which one is taken, then two: four are left, of which one is to be taken. Nobody plays out."""
    player = UCT(12, constant=2.0, solver=False, evaluator=theory)
    game = Silent(7)
    assert player.choose(game) == 0
    game = game.play(0).play(1)
    known = player.tree.statistics((0, 1))  # type: ignore[union-attr]
    assert sum(each.visits for each in known) > 0
    after = player.search(game)
    assert after.action == 0
    assert sum(each.visits for each in after.statistics) == sum(each.visits for each in known) + 12


@pytest.mark.parametrize("start", STARTS, ids=[start.name for start in STARTS])
def test_playouts_and_ucb1_as_arguments_find_what_is_found_without(start: Any) -> None:
    """To the last digit, in Python and compiled: visits, values, proofs, principal variation."""
    pytest.importorskip("numba")
    given = UCT(500, seed=4, evaluator=random_playout, selection=ucb1(math.sqrt(2))).search(start)
    assert given == UCT(500, seed=4, compiled=False).search(start)
    assert given == UCT(500, seed=4, compiled=True).search(start)
    assert UCT(500, seed=4, evaluator=lambda game, draw: game.rollout(draw)).search(start) == given


def test_what_contradicts_itself_is_refused() -> None:
    for other in ({"evaluator": theory}, {"selection": ucb1(1.0)}):
        with pytest.raises(ValueError, match=r"compiled is True; .* random playouts .* UCB1: leave compiled out"):
            UCT(10, compiled=True, **other)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"constant is 1\.0 and of UCB1; give either a constant or a selection rule"):
        UCT(10, constant=1.0, selection=ucb1(1.0))


@pytest.mark.parametrize("values", [(1.0,), (0.0, 0.0, 0.0), (2.0, -2.0), (float("nan"), 0.0)])
def test_values_that_are_no_returns_are_refused_by_name(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"heap: the evaluator gave \[.*\]; give 2 numbers in \[-1, 1\], one a seat"):
        UCT(10, evaluator=lambda game, draw: values).search(Heap(4))
