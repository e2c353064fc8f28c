"""UCT in Python against a plain one, and positions whose value is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.python_tree import Node, draws_of, random_playout, simulate, ucb1


class Plain:
    """A node of a search as textbooks have it."""

    def __init__(self, game: Any) -> None:
        self.game, self.children, self.visits = game, {}, 0
        self.won = [0.0] * game.num_players


def plain_uct(game: Any, simulations: int, constant: float, draw: Any) -> Plain:
    root = Plain(game)
    for _ in range(simulations):
        node, path = root, [root]
        while not node.game.over and len(node.children) == len(node.game.legal):
            parent = node
            node = max(
                (parent.children[action] for action in parent.game.legal),
                key=lambda child: (
                    child.won[parent.game.mover] / child.visits
                    + constant * math.sqrt(math.log(parent.visits) / child.visits)
                ),
            )
            path.append(node)
        if not node.game.over:
            fresh = [action for action in node.game.legal if action not in node.children]
            action = fresh[int(draw() * len(fresh))]
            node.children[action] = Plain(node.game.play(action))
            node = node.children[action]
            path.append(node)
        returns = node.game.rollout(draw)
        for node in path:
            node.visits += 1
            node.won = [won + (value + 1) / 2 for won, value in zip(node.won, returns, strict=True)]
    return root


def size(node: Plain) -> int:
    return 1 + sum(map(size, node.children.values()))


LATE = TicTacToe().play(0).play(4).play(8).play(2)
"""Five cells are free, so that the search comes to positions that are over again and again."""


@pytest.mark.parametrize("game", [TicTacToe(), LATE, ConnectFour(), ThreeMarks(), Quarto()], ids=lambda game: game.name)
def test_without_a_solver_it_is_textbook_uct(game: Any) -> None:
    root, constant = Node(game), 0.7
    assert simulate(root, 600, ucb1(constant), random_playout, draws_of(5), solver=False) == 600
    reference = plain_uct(game, 600, constant, draws_of(5))
    assert root.visits == 600
    assert root.total == reference.won
    compared = 0
    nodes = [(root, reference)]
    while nodes:
        mine, other = nodes.pop()
        for action, child in zip(mine.actions, mine.children, strict=True):
            assert (child is not None) == (action in other.children)
            if child is not None:
                assert (child.action, child.visits) == (action, other.children[action].visits)
                assert child.total == other.children[action].won
                nodes.append((child, other.children[action]))
                compared += 1
    assert compared == size(reference) - 1 > 10


def test_the_evaluator_values_new_positions_in_seats_that_stay() -> None:
    """Seat 2 of three wins everywhere: all nodes have the same mean, whoever moves there."""
    root = Node(ThreeMarks())
    simulate(root, 50, ucb1(1.0), lambda game, draw: (-0.5, -0.5, 1.0), draws_of(0))
    assert root.total == [50 * 0.25, 50 * 0.25, 50.0]
    for child in root.children:
        assert child.total == [child.visits * 0.25, child.visits * 0.25, child.visits]


def test_selection_is_an_argument() -> None:
    root = Node(TicTacToe())
    simulate(root, 100, lambda node: node.children[-1], random_playout, draws_of(0), solver=False)
    assert [child.visits for child in root.children] == [1] * 8 + [92]


def test_of_a_proven_position_selection_counts_the_outcome_alone() -> None:
    root = Node(TicTacToe())
    simulate(root, 4000, ucb1(1.0), random_playout, draws_of(0))
    nodes, kinds = list(filter(None, root.children)), set()
    while nodes:
        node = nodes.pop()
        nodes += filter(None, node.children)
        kinds.add(node.proven)
        if node.proven:
            assert (node.mean, node.width) == (node.total[node.chooser], 0.0)
        else:
            assert (node.mean, node.width) == (node.total[node.chooser] / node.visits, 1 / math.sqrt(node.visits))
    assert kinds == {False, True}


def test_numbers_are_drawn_as_numpy_draws_them() -> None:
    for seed in (0, 1, 2**31, 2**32 - 1):
        draw, reference = draws_of(seed), np.random.RandomState(seed)
        assert [draw() for _ in range(1000)] == reference.random_sample(1000).tolist()
