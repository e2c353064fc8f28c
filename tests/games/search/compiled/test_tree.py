"""The tree in arrays holds what the tree of nodes holds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.python_tree import Node, PythonTree, random_playout, ucb1

pytest.importorskip("numba")
from marl.games.search.compiled import tree as compiled_tree
from marl.games.search.compiled.tree import CompiledTree
from marl.games.search.compiled.uct import ACTION, COUNT, FIRST, FRESH, PROVEN, SEAT, VISITS


def python_tree(game: Any, constant: float, solver: bool) -> PythonTree:
    return PythonTree(Node(game), ucb1(constant), random_playout, solver)


def same(tree: CompiledTree, row: int, node: Node) -> int:
    """Compares everything below a node; returns how many rows that was."""
    nodes, totals, scores = tree.arrays
    assert (nodes[row, VISITS], bool(nodes[row, PROVEN])) == (node.visits, node.proven)
    assert totals[row].tolist() == node.total
    assert nodes[row, COUNT] == len(node.actions)
    if not node.actions:
        return 1
    assert (nodes[row, FRESH], nodes[row, SEAT]) == (len(node.fresh), node.seat)
    count = 1
    for child, (action, below) in enumerate(zip(node.actions, node.children, strict=True), int(nodes[row, FIRST])):
        assert nodes[child, ACTION] == action
        if below is None:
            assert nodes[child, VISITS] == 0
            count += 1
        else:
            assert scores[child].tolist() == [below.mean, below.width]
            count += same(tree, child, below)
    return count


@pytest.mark.parametrize("game", [TicTacToe(), ThreeMarks()], ids=["tic_tac_toe", "three_marks"])
def test_every_row_is_a_node(game: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the tree grows, with room made anew on the way, and of the subtree that is kept."""
    monkeypatch.setattr(compiled_tree, "PART", 100)
    ours, other = CompiledTree(game, game.kernels(), 1.0, True), python_tree(game, 1.0, True)
    for number in (1, 250, 700):
        assert ours.grow(number, number) == other.grow(number, number)
        assert same(ours, 0, other.root) == ours.size
    path = tuple(each.action for each in other.statistics()[:1])
    kept, reference = ours.after(path), other.after(path)
    assert kept.game == reference.game
    assert kept.grow(300, 5) == reference.grow(300, 5)
    assert same(kept, 0, reference.root) == kept.size
    assert kept.statistics(path[1:]) == reference.statistics(path[1:])


def test_frequent_visits_take_logarithms_beyond_the_table() -> None:
    """Positions near the first are visited more often than the table has entries."""
    game = TicTacToe()
    trees = [CompiledTree(game, game.kernels(), math.sqrt(2), False), python_tree(game, math.sqrt(2), False)]
    for tree in trees:
        tree.grow(5000, 1)
    assert same(trees[0], 0, trees[1].root) == trees[0].size  # type: ignore[arg-type, union-attr]
