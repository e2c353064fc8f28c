from __future__ import annotations

import random
from typing import Any

import pytest
from heap_game import Heap
from written_moves import played

from marl.core.errors import ConfigError
from marl.core.game import IllegalActionError
from marl.core.game_structure import symmetries_of
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.judges.judged_positions import JudgedPosition, judged_games, judged_positions, solve
from marl.games.registry import UnknownGameError
from marl.games.search.negamax import Negamax

BUCKETS = {
    "begin easy": (2, 11),
    "begin medium": (2, 11),
    "begin hard": (2, 11),
    "middle easy": (15, 28),
    "middle medium": (15, 28),
    "end easy": (29, 41),
}
"""Least and largest number of moves played."""


@pytest.fixture(scope="module")
def connect_four() -> dict[str, tuple[JudgedPosition, ...]]:
    return judged_positions("connect_four")


@pytest.fixture(scope="module")
def tic_tac_toe() -> dict[Any, tuple[float, ...]]:
    return solve(TicTacToe())


def moves_of(position: JudgedPosition) -> int:
    game: Any = position.game
    return int(game.observe(0)[..., :2].sum())


def signatures(positions: tuple[JudgedPosition, ...]) -> set[bytes]:
    """The least of the observations of the mover, turned and mirrored."""
    found = set()
    for position in positions:
        symmetries, seen = symmetries_of(position.game), position.game.observe(position.game.mover).ravel()
        assert symmetries is not None
        found.add(min(seen[each].tobytes() for each in symmetries.observation))
    return found


def test_a_heap_is_solved_by_the_rule_of_three() -> None:
    found: Any = solve(Heap(10))
    # seat 0 is to move at 10 and seat 1 at 9; with 1 to 8 left either may be
    assert len(found) == 18
    for game, values in found.items():
        assert values == tuple(1.0 if (game.left - action - 1) % 3 == 0 else -1.0 for action in game.legal), game


def test_all_unfinished_positions_of_tic_tac_toe_are_solved(tic_tac_toe: dict[Any, tuple[float, ...]]) -> None:
    """Of 5,478 positions 958 are final. X has corners 1 and 9, O centre and 3: 7 alone is no loss, and it wins."""
    assert len(tic_tac_toe) == 4520
    assert tic_tac_toe[TicTacToe()] == (0.0,) * 9
    fork = played(TicTacToe(), "1,5,9,3")
    values = dict(zip(map(fork.describe, fork.legal), tic_tac_toe[fork], strict=True))
    assert values == {"2": -1.0, "4": -1.0, "6": -1.0, "7": 1.0, "8": -1.0}
    assert [len(positions) for positions in judged_positions("tic_tac_toe").values()] == [4520]


def test_openspiel_finds_the_same_values(tic_tac_toe: dict[Any, tuple[float, ...]]) -> None:
    pyspiel = pytest.importorskip("pyspiel")
    from open_spiel.python.algorithms.minimax import alpha_beta_search

    reference = pyspiel.load_game("tic_tac_toe")
    for game in random.Random(0).sample([game for game in tic_tac_toe if len(game.legal) < 7], 40):
        values = []
        for action in game.legal:
            state = reference.new_initial_state()
            own, other = ([cell for cell in range(9) if cells >> cell & 1] for cells in game.cells)
            order = [cell for turn in zip(own, [*other, None], strict=False) for cell in turn if cell is not None]
            for cell in (*order, action):  # ours count column by column, OpenSpiel's row by row
                state.apply_action(cell % 3 * 3 + cell // 3)
            values.append(alpha_beta_search(reference, state=state, maximizing_player_id=game.mover)[0])
        assert tuple(values) == tic_tac_toe[game], str(game)


def test_a_mistake_has_a_better_move_beside_it() -> None:
    game = Heap(4)
    assert [JudgedPosition(game, (1.0, -1.0)).is_mistake(action) for action in game.legal] == [False, True]
    assert [JudgedPosition(game, (0.0, 1.0)).is_mistake(action) for action in game.legal] == [True, False]
    assert [JudgedPosition(game, (-1.0, -1.0)).is_mistake(action) for action in game.legal] == [False, False]
    with pytest.raises(IllegalActionError, match="there is no action 2"):
        JudgedPosition(game, (1.0, -1.0)).is_mistake(2)


def test_the_judge_of_connect_four_has_its_six_buckets(connect_four: dict[str, tuple[JudgedPosition, ...]]) -> None:
    assert {bucket: len(positions) for bucket, positions in connect_four.items()} == dict.fromkeys(BUCKETS, 1000)
    for bucket, (least, largest) in BUCKETS.items():
        numbers = {moves_of(position) for position in connect_four[bucket]}
        assert least <= min(numbers) and max(numbers) <= largest, bucket
        for position in connect_four[bucket]:
            assert len(position.values) == len(position.game.legal) > 0
    assert {3, 11} <= {moves_of(position) for position in connect_four["begin hard"]}
    assert len(signatures(connect_four["begin hard"])) == 1000  # where most would meet by chance


def test_connect_four_as_one_sees_it(connect_four: dict[str, tuple[JudgedPosition, ...]]) -> None:
    """Both have three in a column: who moves wins in its own, and elsewhere but in the other's loses at once."""
    game = played(ConnectFour(), "2,6,5,6,5,6,5")
    values = next(position.values for position in connect_four["begin easy"] if position.game == game)
    assert {place: values[place] for place in (0, 1, 2, 3, 5, 6)} == {0: -1, 1: -1, 2: -1, 3: -1, 5: 1, 6: -1}


def test_the_solver_of_connect_four_agrees_with_negamax(connect_four: dict[str, tuple[JudgedPosition, ...]]) -> None:
    pytest.importorskip("numba")
    for position in connect_four["end easy"][:50]:
        found = Negamax(42 - moves_of(position)).explore(position.game, exact=True)
        assert tuple(each.value for each in found) == position.values, str(position.game)
    # an easy one ends within 13 moves, a medium one does not
    for bucket, ends in {"middle easy": (-1.0, 1.0), "middle medium": (0.0,)}.items():
        for position in connect_four[bucket][:6]:
            value = max(each.value for each in Negamax(13).explore(position.game, exact=False))
            assert value in ends, str(position.game)
            assert value in (0.0, max(position.values))


def test_nine_board_has_solved_positions_in_which_a_mistake_is_possible() -> None:
    pytest.importorskip("numba")
    (positions,) = judged_positions("nine_board").values()
    assert len(positions) == len(signatures(positions)) == 1000
    for position in positions:
        game = position.game
        assert 30 <= moves_of(position) <= 39
        assert max(position.values) > min(position.values)
        assert len(position.values) == len(game.legal)
        assert not any(game.play(action).over and game.play(action).returns[game.mover] > 0 for action in game.legal)
    solved = 0
    for position in positions[:20]:
        found = Negamax(14).explore(position.game, exact=True)
        for each, value in zip(found, position.values, strict=True):
            if abs(each.value) == 1 or each.unfinished == 0:
                assert each.value == value, str(position.game)
                solved += 1
    assert solved > 40


def test_a_sample_is_drawn_by_the_seed_and_more_hold_the_fewer() -> None:
    (few,), (again,), (more,), (other,) = (
        judged_positions("nine_board", most, seed).values() for most, seed in ((5, 1), (5, 1), (8, 1), (5, 2))
    )
    assert few == again == more[:5] != other
    assert len({position.game for position in more}) == 8


@pytest.mark.parametrize(
    ("name", "most", "error", "told"),
    [
        ("quarto", None, ConfigError, "quarto has no judge; there is one of connect_four, nine_board, tic_tac_toe"),
        ("nine_board:5", None, ConfigError, "nine_board:5 has no judge; write nine_board"),
        ("go", None, UnknownGameError, "there is no game 'go'"),
        ("nine_board", 0, ConfigError, "positions is 0; give at least 1"),
        ("nine_board", 1001, ConfigError, "positions is 1001; give at most 1,000"),
    ],
)
def test_what_has_no_judge_is_refused(name: str, most: int | None, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        judged_positions(name, most)


def test_games_with_a_judge_are_named() -> None:
    assert judged_games() == ("connect_four", "nine_board", "tic_tac_toe")
