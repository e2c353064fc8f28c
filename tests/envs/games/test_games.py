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
def test_a_line_is_shown_of_those_that_win_and_of_no_others(start: GameView) -> None:
    generator, seen = np.random.default_rng(0), set()
    for _ in range(60):
        game = start
        while not game.over:
            assert game.line == ()  # type: ignore[attr-defined]
            game = game.play(int(generator.choice(game.legal)))
        line: tuple[tuple[int, int], ...] = game.line  # type: ignore[attr-defined]
        assert bool(line) == any(game.returns)
        if line:
            marks = [game.marks()[cell] for cell in line]
            assert len(line) == (3 if game.name in ("tic_tac_toe", "nine_board", "three_marks") else 4)
            shared = [len(set(place)) == 1 for place in zip(*marks, strict=True)]
            assert any(shared)
            if game.name != "quarto":
                assert "XOZ".index(marks[0]) == game.returns.index(1.0)
        seen.add(bool(line))
    assert True in seen


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
