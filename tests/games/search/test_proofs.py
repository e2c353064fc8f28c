"""Proofs of UCT: positions whose value is known by hand or by looking at everything."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.python_tree import draws_of
from marl.games.search.uct import UCT

BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["python", "numba"])


@pytest.fixture(autouse=True)
def _numba(request: pytest.FixtureRequest) -> None:
    if "numba" in request.node.name:
        pytest.importorskip("numba")


def tic_tac_toe(first: str, second: str) -> TicTacToe:
    """A position by the cells of both, in the order of reading from 1."""
    read = TicTacToe().read
    return TicTacToe((sum(1 << read(c) for c in first), sum(1 << read(c) for c in second)))


@BOTH
def test_a_win_in_one_is_proven_once_it_was_visited(compiled: bool) -> None:
    """Five cells are free, and each is tried once before any is again."""
    result = UCT(1000, compiled=compiled).search(tic_tac_toe("12", "45"))
    win = TicTacToe().read("3")
    chosen = next(each for each in result.statistics if each.action == win)
    assert (result.action, chosen.proven, chosen.value) == (win, True, (1.0, -1.0))
    assert result.simulations <= 5
    assert result.principal_variation == (win,)


@BOTH
def test_a_position_with_three_threats_against_it_is_proven_lost(compiled: bool) -> None:
    """O threatens 2, 4 and 5; X has no two in a line with the third free."""
    result = UCT(1000, compiled=compiled).search(tic_tac_toe("689", "137"))
    assert [(each.proven, each.value) for each in result.statistics] == [(True, (-1.0, 1.0))] * 3
    assert result.simulations < 30


@BOTH
def test_a_draw_is_proven_and_played_where_the_other_move_loses(compiled: bool) -> None:
    """O to move at 7 or 9; at 9 it leaves 7 to X, which holds 1 and 4."""
    result = UCT(1000, compiled=compiled).search(tic_tac_toe("1348", "256"))
    read = TicTacToe().read
    assert {each.action: (each.proven, each.value) for each in result.statistics} == {
        read("7"): (True, (0.0, 0.0)),
        read("9"): (True, (1.0, -1.0)),
    }
    assert result.action == read("7")


@BOTH
def test_the_second_of_three_wins_by_two_threats_and_both_others_lose(compiled: bool) -> None:
    """Seat 1 holds cells 5 and 6, with 4 and 7 free beside them; seat 0, to move, can take but one, as can seat 2.

    Seat 2 moves after seat 1, so only seat 0 can stop it, at one of two cells.
    """
    result = UCT(20_000, compiled=compiled).search(ThreeMarks((1 << 0 | 1 << 15, 1 << 5 | 1 << 6, 1 << 3 | 1 << 12)))
    assert result.simulations < 20_000
    assert {(each.proven, each.value) for each in result.statistics} == {(True, (-0.5, 1.0, -0.5))}


def quarto_row() -> Quarto:
    """Pieces 1, 5 and 9 in the first row: odd, and without the second property; 2, 6, 10 and 14 elsewhere.

    Every piece that is left is odd or lacks the second property, so whichever is chosen completes the row.
    """
    cells = {0: 1, 1: 5, 2: 9, 5: 2, 10: 6, 7: 10, 8: 14}
    has = [sum(1 << cell for cell, piece in cells.items() if piece >> i & 1) for i in range(4)]
    placed, gone = sum(1 << cell for cell in cells), sum(1 << piece for piece in cells.values())
    return Quarto(placed, (has[0], has[1], has[2], has[3]), gone)


@BOTH
def test_who_must_choose_a_piece_that_completes_a_row_of_quarto_has_lost(compiled: bool) -> None:
    game = quarto_row()
    assert (game.mover, game.over, len(game.legal)) == (1, False, 9)
    result = UCT(20_000, compiled=compiled).search(game)
    assert {(each.proven, each.value) for each in result.statistics} == {(True, (1.0, -1.0))}
    assert len(result.principal_variation) == 2
    assert result.principal_variation[1] == 16 + 3


@cache
def value_of_first(game: Any) -> float:
    """Return of seat 0 of two if both play perfectly, by looking at everything."""
    if game.over:
        return float(game.returns[0])
    best = max if game.mover == 0 else min
    return float(best(value_of_first(game.play(action)) for action in game.legal))


@pytest.mark.parametrize(
    ("start", "length"),
    [(TicTacToe(), 3), (ConnectFour(), 33), (Quarto(), 24)],
    ids=["tic_tac_toe-3", "connect_four-33", "quarto-24"],
)
def test_proofs_are_the_values_of_an_exhaustive_search(start: Any, length: int) -> None:
    """Late positions of games in which nobody ends it if there is another action."""
    values = set()
    for seed in range(20):
        draw, game = draws_of(seed), start
        for _ in range(length):
            if game.over:
                break
            choices = [after for after in map(game.play, game.legal) if not after.over]
            game = choices[int(draw() * len(choices))] if choices else game.play(game.legal[0])
        if game.over:
            continue
        result = UCT(30_000, seed=seed).search(game)
        for each in result.statistics:
            if each.proven:
                value = value_of_first(game.play(each.action))
                assert each.value == (value, -value)
                values.add(value)
        assert value_of_first(game.play(result.action)) == value_of_first(game)
    assert values == {-1.0, 0.0, 1.0}


@pytest.mark.parametrize("seat", [0, 1])
def test_tic_tac_toe_is_never_lost_whatever_the_other_plays(seat: int) -> None:
    """Every position that the other can bring about, perfect play and all openings among them."""
    pytest.importorskip("numba")
    met, waiting = set(), [TicTacToe()]
    while waiting:
        game = waiting.pop()
        if game.over:
            assert game.returns[seat] >= 0, str(game)
            continue
        actions = (UCT(10_000, seed=1).choose(game),) if game.mover == seat else game.legal
        new = {game.play(action) for action in actions} - met
        met |= new
        waiting += new
    assert len(met) > 100
