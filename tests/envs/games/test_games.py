"""Promises of all games."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import numpy as np
import pytest
from pettingzoo.classic import connect_four_v3, tictactoe_v3

from marl.core.game import GameView, IllegalActionError
from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe

STARTS = [TicTacToe(), ConnectFour(), NineBoard(), ThreeMarks(), Quarto()]
NAMES = [start.name for start in STARTS]
ALL = pytest.mark.parametrize("start", STARTS, ids=NAMES)


def random_game(start: Any, seed: int) -> list[Any]:
    """Every position of a game in which each action is drawn."""
    draw, positions = random.Random(seed), [start]
    while not positions[-1].over:
        positions.append(positions[-1].play(draw.choice(positions[-1].legal)))
    return positions


@ALL
def test_a_position_never_changes_and_its_copies_are_equal_to_it(start: GameView) -> None:
    for seed in range(20):
        for position in random_game(start, seed):
            before = (position.mover, position.legal, position.returns, str(position))
            for action in position.legal:
                position.play(action)
            assert (position.mover, position.legal, position.returns, str(position)) == before
            for twin in (copy.deepcopy(position), pickle.loads(pickle.dumps(position))):
                assert twin == position
                assert hash(twin) == hash(position)


@ALL
def test_games_end_with_someone_or_nobody_winning_and_nothing_is_legal_then(start: GameView) -> None:
    ends = [random_game(start, seed)[-1] for seed in range(300)]
    assert {end.returns.index(1.0) for end in ends if any(end.returns)} == set(range(start.num_players))
    for end in ends:
        assert end.over
        assert end.legal == ()
        assert sum(end.returns) == 0
        assert max(end.returns) in (0.0, 1.0)
    for position in random_game(start, 0)[:-1]:
        assert not position.over
        assert position.returns == (0.0,) * start.num_players
        assert position.legal == tuple(sorted(set(position.legal)))


@ALL
def test_what_is_not_legal_is_refused_by_name_and_changes_nothing(start: GameView) -> None:
    for position in random_game(start, 3):
        wrong = set(range(-2, start.num_actions + 2)) - set(position.legal)
        for action in wrong:
            with pytest.raises(IllegalActionError, match=rf"^{start.name}: .*(?<!\d){action}(?!\d)"):
                position.play(action)


@ALL
def test_what_is_no_integer_is_refused_and_numpys_integers_are_integers(start: GameView) -> None:
    for nonsense in (1.0, "1", None, [1]):
        with pytest.raises(IllegalActionError, match=rf"^{start.name}: .* is no action; give an integer"):
            start.play(nonsense)  # type: ignore[arg-type]
    for position in random_game(start, 5)[:-1]:
        for action in position.legal:
            assert position.play(np.int64(action)) == position.play(np.uint8(action)) == position.play(action)


@ALL
def test_a_number_that_is_too_long_names_nothing(start: GameView) -> None:
    for text in ("9" * 5000, "\u0663", "-1", ""):
        with pytest.raises(IllegalActionError, match="names no"):
            start.read(text)


@ALL
def test_a_person_reads_and_writes_every_action(start: GameView) -> None:
    for position in random_game(start, 5)[:-1]:
        assert [position.read(position.describe(action)) for action in position.legal] == list(position.legal)
    assert len({start.describe(action) for action in range(start.num_actions)}) == start.num_actions
    for nonsense in ("", "0", "-1", "x", "99", "1 2 3", "p16", "q"):
        with pytest.raises(IllegalActionError, match=rf"^{start.name}: .* write "):
            start.read(nonsense)


def test_captions_say_what_the_marks_do_not() -> None:
    assert NineBoard().play(4).caption == "to be played on: board 5"
    assert Quarto().caption == "a piece is to be chosen"
    assert Quarto().play(11).caption == "to be placed: 11"


@ALL
def test_an_observation_is_of_its_shape_and_the_seats_see_the_same_from_their_sides(start: GameView) -> None:
    for position in random_game(start, 7):
        seen = [position.observe(seat) for seat in range(start.num_players)]
        assert {(s.shape, s.dtype.name) for s in seen} == {(start.observation_shape, "int8")}
        assert all(set(np.unique(s)) <= {0, 1} for s in seen)
        if start.name != "quarto":  # in which pieces belong to nobody
            turn = start.num_players
            for seat in range(turn):
                assert np.array_equal(seen[seat][..., 1], seen[(seat + 1) % turn][..., 0])


@pytest.mark.parametrize(
    ("start", "reference"), [(TicTacToe(), tictactoe_v3), (ConnectFour(), connect_four_v3)], ids=NAMES[:2]
)
def test_rules_and_observations_are_those_of_pettingzoo(start: Any, reference: Any) -> None:
    """Along 100 random games: movers, masks, observations of both, rewards and ends."""
    for seed in range(100):
        env, position, draw = reference.raw_env(), start, random.Random(seed)
        env.reset()
        while True:
            assert env.possible_agents.index(env.agent_selection) == position.mover
            for seat, agent in enumerate(env.possible_agents):
                assert np.array_equal(env.observe(agent)["observation"], position.observe(seat))
            over = all(env.terminations.values())
            assert position.over == over
            if over:
                assert [env.rewards[agent] for agent in env.possible_agents] == list(position.returns)
                break
            mask = env.observe(env.agent_selection)["action_mask"]
            assert tuple(np.flatnonzero(mask)) == position.legal
            action = draw.choice(position.legal)
            env.step(action)
            position = position.play(action)


def played(start: Any, text: str) -> Any:
    """The position after actions written as a person writes them, with commas."""
    for word in text.split(","):
        start = start.play(start.read(word))
    return start


def test_tic_tac_toe_is_won_in_every_line_and_drawn_without() -> None:
    for line in ("1 2 3", "4 5 6", "7 8 9", "1 4 7", "2 5 8", "3 6 9", "1 5 9", "3 5 7"):
        a, b, c = line.split()
        x, y = [str(n) for n in range(1, 10) if str(n) not in (a, b, c)][:2]
        assert played(TicTacToe(), f"{a},{x},{b},{y},{c}").returns == (1.0, -1.0)
    assert played(TicTacToe(), "1,2,3,5,4,6,8,7,9").returns == (0.0, 0.0)


def test_connect_four_is_won_in_every_direction() -> None:
    assert played(ConnectFour(), "1,2,1,2,1,2,1").returns == (1.0, -1.0)
    assert played(ConnectFour(), "1,1,2,2,3,3,4").returns == (1.0, -1.0)
    assert played(ConnectFour(), "1,2,2,3,3,4,3,4,4,7,4").returns == (1.0, -1.0)
    assert played(ConnectFour(), "7,6,6,5,5,4,5,4,4,1,4").returns == (1.0, -1.0)
    assert not played(ConnectFour(), "1,2,1,2,1,2").over
    full = played(ConnectFour(), "1,1,1,1,1,1")
    assert full.legal == (1, 2, 3, 4, 5, 6)
    with pytest.raises(IllegalActionError, match="the column is full; legal are 1, 2"):
        full.play(0)


def test_a_line_does_not_run_over_the_edge_of_the_board_of_connect_four() -> None:
    """Three at the top of a column and one at the foot of the next are not four in a line."""
    position = played(ConnectFour(), "1,1,1,1,7,1,2,1")
    assert not position.over
    assert [position.marks()[row, 0] for row in range(6)] == ["O", "O", "O", "X", "O", "X"]


def test_the_cell_taken_on_one_of_nine_boards_names_the_next() -> None:
    position = NineBoard().play(4)
    assert position.board == 4
    assert position.legal == tuple(range(36, 45))
    with pytest.raises(IllegalActionError, match="it is on board 1, and board 5 is to be played on"):
        position.play(0)
    position = position.play(36)
    assert (position.board, position.legal) == (0, (0, 1, 2, 3, 5, 6, 7, 8))
    with pytest.raises(IllegalActionError, match="cell 5 of board 1 is taken"):
        position.play(4)


def test_the_first_line_on_any_of_nine_boards_wins() -> None:
    """X takes cells 1, 2 and 3 of board 1; O answers each time with cell 1 of the board it was sent to."""
    position = played(NineBoard(), "1 2,2 1,1 3,3 1,1 1")
    assert position.over
    assert position.returns == (1.0, -1.0)


def test_being_sent_to_a_full_one_of_nine_boards_is_a_draw() -> None:
    """Board 1 is full without a line and X takes cell 1 of board 2, which sends O there."""
    cells = (0b101_001_010 << 0, 0b010_110_101 << 0)
    position = NineBoard(cells=(cells[0] | 1 << 20, cells[1]), board=1)
    position = position.play(9)
    assert position.over
    assert position.returns == (0.0, 0.0)


def test_nine_boards_begin_where_they_are_told() -> None:
    assert NineBoard().legal == tuple(range(9))
    assert NineBoard.start(3).legal == tuple(range(27, 36))
    assert len({NineBoard.drawn(np.random.default_rng(seed)).board for seed in range(60)}) == 9
    with pytest.raises(ValueError, match="board is 9; boards are 0 to 8"):
        NineBoard.start(9)


def test_in_three_marks_the_third_of_a_line_wins_and_four_cells_are_too_wide() -> None:
    position = played(ThreeMarks(), "1,5,9,2,6,10,3")
    assert position.returns == (1.0, -0.5, -0.5)
    assert played(ThreeMarks(), "16,1,5,15,2,6,8,3").returns == (-0.5, 1.0, -0.5)
    assert not played(ThreeMarks(), "3,10,16,4,12,15,5").over  # cells 3, 4 and 5 turn a corner


def test_in_quarto_who_places_chooses_next_and_a_shared_property_wins() -> None:
    position = Quarto()
    movers = []
    for word in ["p1", "1", "p3", "2", "p5", "3", "p7", "4"]:
        movers.append(position.mover)
        position = position.play(position.read(word))
    assert movers == [0, 1, 1, 0, 0, 1, 1, 0]
    assert position.over  # 1, 3, 5 and 7 are all odd
    assert position.returns == (1.0, -1.0)


def test_in_quarto_lacking_the_same_property_wins_too_and_a_mixed_line_does_not() -> None:
    assert played(Quarto(), "p0,1,p2,2,p4,3,p6,4").over  # none is odd
    assert not played(Quarto(), "p1,1,p2,2,p4,3,p15,4").over


def test_in_quarto_phases_are_kept_apart() -> None:
    with pytest.raises(IllegalActionError, match="a piece is to be chosen"):
        Quarto().play(16)
    with pytest.raises(IllegalActionError, match="the chosen piece is to be placed"):
        Quarto().play(3).play(4)
    with pytest.raises(IllegalActionError, match="the piece was chosen before"):
        Quarto().play(3).play(16).play(3)
    with pytest.raises(IllegalActionError, match="the cell is taken"):
        Quarto().play(3).play(16).play(4).play(16)
