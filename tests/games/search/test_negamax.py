from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from game_positions import positions
from written_moves import played

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.negamax import Negamax

BOTH = pytest.mark.parametrize("compiled", [False, True], ids=["python", "numba"])


@pytest.fixture(autouse=True)
def _numba(request: pytest.FixtureRequest) -> None:
    if "numba" in request.node.name:
        pytest.importorskip("numba")


@cache
def exhaustive(game: Any) -> tuple[float, ...]:
    """Returns of all seats if each does the best for itself."""
    if game.over:
        return game.returns  # type: ignore[no-any-return]
    return max((exhaustive(game.play(action)) for action in game.legal), key=lambda returns: returns[game.mover])


def values(search: Negamax, game: Any) -> dict[str, float]:
    """By the move as a person writes it, for the mover."""
    return {game.describe(each.action): each.value[game.mover] for each in search.search(game).statistics}


@BOTH
@pytest.mark.parametrize(("start", "plies"), [(TicTacToe(), 3), (TicTacToe(), 4), (Quarto(), 22), (Quarto(), 23)])
def test_values_are_those_of_exhaustive_search(start: Any, plies: int, compiled: bool) -> None:
    """In Quarto the same player moves twice in a row: whoever changes the sign at every move fails."""
    seen = set()
    for game in positions(start, 12, plies, seed=1):
        found = Negamax(32, compiled=compiled).search(game).statistics
        assert [each.action for each in found] == list(game.legal)
        for each in found:
            assert each.value == exhaustive(game.play(each.action))
            assert each.proven
            seen.add(each.value[game.mover])
    assert len(seen) == 3


@BOTH
def test_the_choice_is_the_first_of_the_best_or_one_of_them_by_its_seed(compiled: bool) -> None:
    for game in positions(TicTacToe(), 20, 3, seed=5):
        best = exhaustive(game)[game.mover]
        good = [a for a in game.legal if exhaustive(game.play(a))[game.mover] == best]
        assert Negamax(9, "first", compiled=compiled).choose(game) == good[0]
        drawn = [Negamax(9, "random", seed, compiled).choose(game) for seed in range(40)]
        assert set(drawn) == set(good)
        assert drawn == [Negamax(9, "random", seed, compiled).choose(game) for seed in range(40)]


@BOTH
def test_it_sees_a_double_threat_in_connect_four_three_moves_ahead_and_no_sooner(compiled: bool) -> None:
    """X has the middle two of the bottom row: a third beside them leaves two cells that complete four."""
    game = played(ConnectFour(), "4,4,3,3")
    assert set(values(Negamax(2, compiled=compiled), game).values()) == {0.0}
    found = values(Negamax(3, compiled=compiled), game)
    assert {move for move, value in found.items() if value == 1} == {"2", "5"}
    assert {value for move, value in found.items() if move not in "25"} == {0.0}
    assert set(values(Negamax(2, compiled=compiled), played(game, "5")).values()) == {-1.0}


@BOTH
def test_it_wins_at_once_and_blocks_two_moves_ahead(compiled: bool) -> None:
    game = played(ConnectFour(), "1,2,1,2,1")
    assert Negamax(2, compiled=compiled).choose(game) == game.read("1")
    assert values(Negamax(1, compiled=compiled), game) == dict.fromkeys("1234567", 0.0)
    assert values(Negamax(1, compiled=compiled), played(game, "7")) == {**dict.fromkeys("234567", 0.0), "1": 1.0}


@BOTH
def test_only_what_the_limit_of_depth_cannot_change_is_proven(compiled: bool) -> None:
    result = Negamax(3, compiled=compiled).search(played(ConnectFour(), "4,4,3,3"))
    assert [each.action for each in result.statistics if each.proven] == [1, 4]
    assert result.statistics[1].value == (1.0, -1.0)


@pytest.mark.parametrize(
    ("start", "depth", "plies"),
    [(TicTacToe(), 9, 1), (ConnectFour(), 4, 12), (NineBoard(), 4, 25), (Quarto(), 3, 12)],
    ids=["tic_tac_toe", "connect_four", "nine_board", "quarto"],
)
@pytest.mark.parametrize("exact", [True, False])
def test_numba_and_python_search_alike(start: Any, depth: int, plies: int, exact: bool) -> None:
    for game in positions(start, 4, plies):
        explored = Negamax(depth, compiled=True).explore(game, exact)
        assert explored == Negamax(depth, compiled=False).explore(game, exact)
        assert sum(each.positions for each in explored) > 20


def test_a_narrow_search_finds_the_same_first_best_action() -> None:
    tied = 0
    for game in positions(ConnectFour(), 60, 20):
        search = Negamax(4, "first")
        exact = [each.value for each in search.explore(game, exact=True)]
        assert search.choose(game) == game.legal[exact.index(max(exact))]
        tied += exact.count(max(exact)) > 1
    assert tied > 10


def test_most_positions_are_never_looked_at() -> None:
    """Tic-tac-toe has 549,946 sequences of moves, the empty one among them."""
    search = Negamax(9).search(TicTacToe())
    assert search.simulations == sum(each.visits for each in search.statistics) < 549_946 / 10
    assert {each.value for each in search.statistics} == {(0.0, 0.0)}


def test_the_principal_variation_is_a_game_of_two_who_play_the_best() -> None:
    for game in positions(TicTacToe(), 20, 2):
        end = game
        for action in Negamax(9).search(game).principal_variation:
            assert exhaustive(end.play(action)) == exhaustive(game)
            end = end.play(action)
        assert end.over
    assert len(Negamax(3).search(ConnectFour()).principal_variation) == 3


@dataclass(frozen=True)
class Shared(TicTacToe):
    """Whoever wins, both win."""

    name = "shared"

    @property
    def returns(self) -> tuple[float, ...]:
        return (1.0, 1.0) if self.over else (0.0, 0.0)

    def play(self, action: int) -> Shared:
        return Shared(super().play(action).cells)

    @classmethod
    def kernels(cls) -> None:
        return None


def test_games_it_cannot_play_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="three_marks has 3 players; negamax plays games of two"):
        Negamax(2).choose(ThreeMarks())
    with pytest.raises(ValueError, match="shared: a game ended in which one did not win what the other lost"):
        Negamax(9).choose(Shared())
    with pytest.raises(ValueError, match="tic_tac_toe: the game is over"):
        Negamax(2).choose(played(TicTacToe(), "1,4,2,5,3"))
    with pytest.raises(ValueError, match="the depth is 0; give at least 1"):
        Negamax(0)
    with pytest.raises(ValueError, match="shared has no compiled rules here; install Numba"):
        Negamax(2, compiled=True).choose(Shared())


def test_numba_sees_ends_that_share_their_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    from numba import njit

    kernels = TicTacToe.kernels()
    assert kernels is not None
    value = kernels.value

    @njit(value.signatures[0])  # type: ignore[untyped-decorator]
    def shared(state: Any, out: Any) -> Any:
        over = value(state, out)
        out[:] = 1.0
        return over

    cooperative = replace(kernels, value=shared)
    monkeypatch.setattr("marl.games.search.compiled.kernel_check.checked_kernels", lambda game, kernels: cooperative)
    with pytest.raises(ValueError, match=r"tic_tac_toe: a game ended in which one did not win"):
        Negamax(9).choose(TicTacToe())


def test_rules_compiled_by_numba_that_disagree_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = TicTacToe.kernels()
    assert kernels is not None
    wrong = replace(kernels, most_legal=8)
    monkeypatch.setattr(TicTacToe, "kernels", classmethod(lambda cls: wrong))
    with pytest.raises(ValueError, match="tic_tac_toe: the compiled rules disagree with the game"):
        Negamax(2).choose(TicTacToe())
