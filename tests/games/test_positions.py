"""Positions by compiled rules and by Python are the same, number by number."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from heap_game import Heap

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import Positions, positions_of
from marl.games.python_positions import PythonPositions

GAMES = [ConnectFour(), NineBoard(), Quarto(), ThreeMarks(), TicTacToe()]
KNOWN = ("mover", "phase", "legal", "over", "returns", "observation")

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])


def drawn(positions: Positions, generator: Any) -> Any:
    """A legal action in each place, -1 in finished ones."""
    return np.array([generator.choice(np.flatnonzero(row)) if row.any() else -1 for row in positions.legal])


def equal(one: Positions, other: Positions) -> bool:
    return all(
        (a := getattr(one, name)).dtype == (b := getattr(other, name)).dtype and np.array_equal(a, b) for name in KNOWN
    )


@needs_numba
@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_both_kinds_know_the_same_through_whole_games(game: Any) -> None:
    positions, others = positions_of([game] * 6, True), positions_of([game] * 6, False)
    generator = np.random.default_rng(1)
    assert np.array_equal(positions.rollout(3), others.rollout(3))
    while not positions.over.all():
        assert equal(positions, others)
        actions = drawn(positions, generator)
        actions[:2] = np.where(generator.random(2) < 0.5, -1, actions[:2])  # some games wait
        positions.play(actions)
        others.play(actions)
    assert equal(positions, others)
    assert others.over.all()


@both
def test_what_is_known_is_what_the_games_say(compiled: bool) -> None:
    won = ThreeMarks((0b111, 0b11 << 8, 0b11 << 12))
    chosen = Quarto().play(5)
    positions = positions_of([won, ThreeMarks((1, 2, 0))], compiled)
    assert positions.mover.tolist() == [1, 2]
    assert positions.over.tolist() == [True, False]
    assert positions.returns.tolist() == [[1, -0.5, -0.5], [0, 0, 0]]
    assert positions.legal.sum(1).tolist() == [0, 14]
    assert np.flatnonzero(~positions.legal[1]).tolist() == [0, 1]
    assert positions.observation[1].tolist() == ThreeMarks((1, 2, 0)).observe(2).ravel().tolist()
    assert positions_of([Quarto(), chosen], compiled).phase.tolist() == [0, 1]


@both
def test_arrays_taken_before_a_move_stay(compiled: bool) -> None:
    positions = positions_of([TicTacToe()] * 2, compiled)
    mover, legal = positions.mover, positions.legal
    positions.play(np.array([4, -1]))
    assert mover.tolist() == [0, 0]
    assert legal.all()
    assert positions.mover.tolist() == [1, 0]


@both
def test_games_are_replaced_and_taken(compiled: bool) -> None:
    positions = positions_of([TicTacToe()] * 3, compiled)
    positions.replace(np.array([False, True, False]), [TicTacToe().play(8)])
    positions.replace(np.array([2]), [TicTacToe().play(0)])
    positions.replace(np.zeros(3, dtype=np.bool_), [])
    assert np.argmin(positions.legal[1:], 1).tolist() == [8, 0]
    taken = positions.take(np.array([1, 2]))
    taken.play(np.array([7, -1]))
    assert len(taken) == 2
    assert positions.legal.sum(1).tolist() == [9, 8, 8]
    assert taken.legal.sum(1).tolist() == [7, 8]
    with pytest.raises(ValueError, match="three_marks cannot stand beside tic_tac_toe"):
        positions.replace(np.array([0]), [ThreeMarks()])
    assert len(positions.take(np.zeros(3, dtype=np.bool_)).observation) == 0


@both
def test_stored_positions_are_the_same_again(compiled: bool) -> None:
    positions, generator = positions_of([Quarto()] * 3, compiled), np.random.default_rng(0)
    for waiting in (0, 1, 0, 2):
        actions = drawn(positions, generator)
        actions[waiting] = -1
        positions.play(actions)
    positions.replace(np.array([1]), [Quarto()])
    again = positions_of([Quarto()] * 3, compiled)
    again.load_state(positions.state())
    assert equal(again, positions)
    again.load_state(positions.state()[:1], np.array([2]))  # as from an archive of past positions
    assert np.array_equal(again.observation[2], positions.observation[0])
    with pytest.raises(ConfigError, match=r"quarto: a stored state has the shape \[2, \d\]; needed is \[3, "):
        again.load_state(positions.state()[:2])


def test_python_games_put_there_in_the_middle_cannot_be_stored() -> None:
    positions = positions_of([Heap(), Heap()])
    assert isinstance(positions, PythonPositions)
    positions.play(np.array([1, 0]))
    assert positions.state().tolist() == [[1], [0]]
    assert positions.take(np.array([1])).state().tolist() == [[0]]
    positions.replace(np.array([1]), [Heap(3, 1)])
    with pytest.raises(ConfigError, match=r"heap: game 1 cannot be stored: .*put the first position there and play"):
        positions.state()
    with pytest.raises(IllegalActionError, match="heap: the game is over"):
        positions.load_state(np.array([[1, 1, 1]]), np.array([0]))


@both
def test_illegal_actions_are_refused_and_change_nothing(compiled: bool) -> None:
    positions = positions_of([TicTacToe().play(4), TicTacToe()], compiled)
    for actions in ([0, 9], [0, -2], [4, 0]):
        with pytest.raises(IllegalActionError, match=r"tic_tac_toe: .*action"):
            positions.play(np.array(actions))
    assert positions.legal.sum(1).tolist() == [8, 9]
    over = positions_of([TicTacToe((0b111, 0b11 << 3))], compiled)
    with pytest.raises(IllegalActionError, match="tic_tac_toe"):
        over.play(np.array([8]))


@both
def test_no_games_or_too_few_actions_are_refused(compiled: bool) -> None:
    with pytest.raises(ValueError, match="positions of no game; give at least one"):
        positions_of([], compiled)
    with pytest.raises(ValueError, match=r"\(1,\) actions for 2 games|zip"):
        positions_of([TicTacToe()] * 2, compiled).play(np.array([0]))
