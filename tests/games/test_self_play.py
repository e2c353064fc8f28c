from __future__ import annotations

from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from heap_game import Heap
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games import self_play
from marl.games.archive import Archive
from marl.games.openings import random_opening
from marl.games.positions import Positions
from marl.games.python_positions import PythonPositions
from marl.games.search.batch_search import Found
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.games.search.evaluator import UniformEvaluator
from marl.games.self_play import GamesPlayed, Samples, SelfPlayGroup, drawn, random_games

NETWORK = UniformEvaluator()
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])


class FirstCell:
    """In place of a search: the best action is the first legal one, and all are to be learnt evenly.

    Each position is worth 0.5 to the first seat, and is not proven, unless it has three marks: it is then proven lost.
    """

    def __init__(self, config: Any, evaluator: Any) -> None:
        self.config, self.evaluator = config, evaluator

    def run(self, positions: Positions, generator: Any, noise: bool) -> Found:
        assert noise
        legal = positions.legal
        proven = ((~legal).sum(1) == 3) & ~positions.over
        value = np.where(proven[:, None], [[-1.0, 1.0]], [[0.5, -0.5]])
        if positions.game.num_players == 3:
            value = np.repeat([[0.5, -0.25, -0.25]], len(legal), 0)
        target = (legal / np.maximum(legal.sum(1, keepdims=True), 1)).astype(np.float32)
        found = Found.empty(positions)
        action = np.where(positions.over, -1, legal.argmax(1))
        return replace(found, target=target, action=action, root_value=value, proven=proven)


@pytest.fixture
def first_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Games in which X takes cells 0, 2, 4 and 6, and has won with the seventh move."""
    monkeypatch.setattr(self_play, "BatchSearch", FirstCell)


def group(count: int = 2, seed: int = 1, first: Any = None, search: Any = None, **settings: Any) -> SelfPlayGroup:
    stream, search = np.random.SeedSequence(seed), PUCTConfig(simulations=4) if search is None else search
    settings = {"compiled": False, **settings}
    return SelfPlayGroup(TicTacToe() if first is None else first, count, search, stream, **settings)


def same(one: list[Samples], other: list[Samples]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(getattr(a, f.name), getattr(b, f.name)) and getattr(a, f.name).dtype == getattr(b, f.name).dtype
        for a, b in zip(one, other, strict=True)
        for f in fields(Samples)
    )


def test_each_mover_learns_what_it_got(first_cell: None) -> None:
    played = group().play(NETWORK, games=2)
    assert (played.lengths, played.moves) == ([7, 7], 14)
    assert [returns.tolist() for returns in played.returns] == [[1, -1], [1, -1]]
    for samples in played.samples:
        got = samples.value.tolist()
        # the fourth position is proven, and worth 1 to O whatever came of it
        assert got == [[1, -1], [-1, 1], [1, -1], [1, -1], [1, -1], [-1, 1], [1, -1]]
        assert samples.legal.sum(1).tolist() == [9, 8, 7, 6, 5, 4, 3]
        assert np.allclose(samples.policy, samples.legal / samples.legal.sum(1, keepdims=True))
        own, others = samples.observation.reshape(7, 9, 2).transpose(2, 0, 1)
        assert [np.flatnonzero(cells).tolist() for cells in own] == [
            *([], [], [0], [1], [0, 2], [1, 3], [0, 2, 4]),
        ]
        assert [np.flatnonzero(cells).tolist() for cells in others] == [
            *([], [0], [1], [0, 2], [1, 3], [0, 2, 4], [1, 3, 5]),
        ]
        assert samples.observation.dtype == np.int8 and not samples.phase.any()


def test_outcome_and_search_are_mixed_but_for_what_is_proven(first_cell: None) -> None:
    """A quarter of the outcome 1 and three quarters of 0.5: 0.625 for X."""
    (samples,) = group(1, outcome_share=0.25).play(NETWORK, games=1).samples
    x = 0.625
    assert samples.value.tolist() == [[x, -x], [-x, x], [x, -x], [1, -1], [x, -x], [-x, x], [x, -x]]


def test_three_players_learn_from_their_own_seats(first_cell: None) -> None:
    """The third takes 2, 5 and 8, a diagonal: returns -0.5 -0.5 1, with half of what is expected 0 -0.375 0.375."""
    (samples,) = group(1, first=ThreeMarks(), outcome_share=0.5).play(NETWORK, games=1).samples
    assert len(samples) == 9
    assert samples.value[:3].tolist() == [[0, -0.375, 0.375], [-0.375, 0.375, 0], [0.375, 0, -0.375]]
    assert samples.value[3].tolist() == [0.5, -0.25, -0.25]  # proven
    assert samples.value[8].tolist() == [0.375, 0, -0.375]


def test_a_game_that_ends_is_replaced_and_others_go_on_in_the_next_iteration(first_cell: None) -> None:
    games = group(2)
    played = games.play(NETWORK, moves=8)
    assert (played.lengths, played.moves) == ([7, 7], 16)
    assert (games.positions.legal.sum(1) == 8).all()


def test_an_iteration_of_whole_games_begins_and_ends_with_none_under_way(first_cell: None) -> None:
    """Two places and three games: the third begins when the first two have ended."""
    games = group(2)
    for _ in range(2):
        played = games.play(NETWORK, games=3)
        assert (played.lengths, played.moves) == ([7] * 3, 21)
        assert all(len(samples) == 7 for samples in played.samples)
        assert played.measures["proven"] == 3
        other = group(2, seed=2)
        other.load_state(games.state())
        games = other


def drawing(seed: int = 1, **settings: Any) -> SelfPlayGroup:
    """Games that differ in length: moves are drawn evenly, in the Python rules."""
    return group(3, seed, temperature_moves=9, random_moves=2, **settings)


def test_short_games_are_not_preferred_where_iterations_end(first_cell: None) -> None:
    """Four iterations of three moves give what one of twelve does."""
    whole, parts = drawing().play(NETWORK, moves=12), drawing()
    some = [parts.play(NETWORK, moves=3) for _ in range(4)]
    assert same([each for played in some for each in played.samples], whole.samples)
    assert sum(some[i].moves for i in range(4)) == whole.moves == 36
    assert [length for played in some for length in played.lengths] == whole.lengths
    assert len(set(whole.lengths)) > 1


def test_the_first_moves_are_drawn_and_later_ones_the_best(first_cell: None) -> None:
    openings = set()
    for seed in range(12):
        games = group(1, seed, temperature_moves=1)
        (samples,) = games.play(NETWORK, games=1).samples
        second, third = (1 - samples.legal[t] for t in (1, 2))
        openings.add(int(second.argmax()))
        # then the first free cell is taken
        assert int((third - second).argmax()) == (1 if second.argmax() == 0 else 0)
    assert len(openings) > 4
    assert self_play.temperature_moves(PUCTConfig(), 5) == 5
    assert self_play.temperature_moves(GumbelConfig(), 5) == 0


@both
@pytest.mark.parametrize("search", [PUCTConfig(simulations=6), GumbelConfig(simulations=4)], ids=["puct", "gumbel"])
def test_games_go_on_from_a_state_as_if_nothing_had_been(compiled: bool, search: Any) -> None:
    settings = {"compiled": compiled, "search": search, "temperature_moves": 3, "random_moves": 2}
    games, other = group(3, **settings), group(3, seed=2, **settings)
    games.play(NETWORK, moves=4)
    state = games.state()
    expected = games.play(NETWORK, moves=8)
    other.play(NETWORK, moves=1)
    other.load_state(state)
    found = other.play(NETWORK, moves=8)
    assert same(found.samples, expected.samples) and found.measures == expected.measures
    assert len(expected.samples) >= 3
    assert found.moves == expected.moves and np.array_equal(np.stack(found.returns), np.stack(expected.returns))


@needs_numba
def test_compiled_rules_and_python_play_the_same_games() -> None:
    played: list[GamesPlayed] = [
        group(3, compiled=compiled, search=PUCTConfig(simulations=8), temperature_moves=3).play(NETWORK, moves=10)
        for compiled in (True, False)
    ]
    assert same(played[0].samples, played[1].samples) and played[0].measures == played[1].measures
    for samples in played[0].samples:
        assert np.allclose(samples.policy.sum(1), 1, atol=1e-6)
        assert not samples.policy[~samples.legal].any()


def test_a_search_with_noise_differs_from_game_to_game() -> None:
    (played,) = [group(8, search=PUCTConfig(simulations=8)).play(NETWORK, moves=1)]
    assert played.samples == [] and played.moves == 8
    games = group(8, search=PUCTConfig(simulations=8))
    games.play(NETWORK, moves=1)
    assert len({row.tobytes() for row in games._log[0].policy}) > 4


def test_the_number_of_simulations_follows_training() -> None:
    """Of 4 to 8 it is 5 at a quarter, where games are those of 5; arrays are made anew only when it changes."""
    scheduled, plain = (group(search=PUCTConfig(simulations=given)) for given in ((4, 8), 5))
    found = scheduled.play(NETWORK, moves=6, share_done=0.25)
    assert same(found.samples, plain.play(NETWORK, moves=6).samples)
    search = scheduled._search
    scheduled.play(NETWORK, moves=1, share_done=0.26)
    assert scheduled._search is search
    expected = group(search=PUCTConfig(simulations=8))
    expected.load_state(scheduled.state())
    found = scheduled.play(NETWORK, moves=9, share_done=1.0)
    assert same(found.samples, expected.play(NETWORK, moves=9).samples) and found.samples


def test_games_begin_after_moves_that_are_drawn() -> None:
    """0 to 3, evenly; the tolerance is four deviations."""
    games = group(400, random_moves=3)
    marks = np.bincount((~games.positions.legal).sum(1))
    assert len(marks) == 4
    assert (np.abs(marks - 100) < 4 * (400 * 3 / 16) ** 0.5).all()
    assert len(np.unique(games.positions.legal, axis=0)) > 50


def test_moves_of_the_opening_are_no_samples(first_cell: None) -> None:
    played = group(20, random_moves=3).play(NETWORK, moves=9)
    assert {9 - int(samples.legal[0].sum()) for samples in played.samples} == {0, 1, 2, 3}
    for samples, length in zip(played.samples, played.lengths, strict=True):
        assert len(samples) == length
        assert (np.diff(samples.legal.sum(1)) == -1).all()


def test_games_begin_in_the_archive_or_after_moves_that_are_drawn(first_cell: None) -> None:
    """Two games of X's seven moves, then one beside a finished one: positions of 0 to 6 marks are kept. Of 400 games
    300 begin in these, evenly and without random moves, the others with 0 to 2 marks; four deviations are tolerated."""
    archive = Archive(0.0, 21)
    group(2, archive=archive).play(NETWORK, games=3)
    kept = PythonPositions([TicTacToe()] * 21)
    kept.load_state(archive.states)
    assert (~kept.legal).sum(1).tolist() == [*np.repeat(range(7), 2), *range(7)]
    archive.share = 0.75
    games = group(400, random_moves=2, archive=archive)
    marks = np.bincount((~games.positions.legal).sum(1), minlength=9)
    expected = 300 / 7 + np.array([100 / 3] * 3 + [0] * 4)
    assert (np.abs(marks[:7] - expected) < 4 * expected**0.5).all() and not marks[7:].any()
    samples = games.play(NETWORK, moves=1).samples[0]
    assert len(samples) == 1  # of a game that began with six marks


def archived(compiled: bool, seed: int = 1) -> SelfPlayGroup:
    archive, search = Archive(0.5, 20), PUCTConfig(simulations=4)
    return group(3, seed, archive=archive, compiled=compiled, search=search, temperature_moves=9, random_moves=2)


@both
def test_games_of_an_archive_go_on_from_a_state(compiled: bool) -> None:
    games, other = archived(compiled), archived(compiled, seed=2)
    games.play(NETWORK, moves=6)
    other.load_state(games.state())
    expected, found = games.play(NETWORK, moves=30), other.play(NETWORK, moves=30)
    assert same(found.samples, expected.samples) and found.measures == expected.measures
    assert np.array_equal(games.archive.states, other.archive.states)  # type: ignore[union-attr]
    assert any(samples.legal[0].sum() < 5 for samples in found.samples)


@needs_numba
def test_archives_of_compiled_rules_and_python_give_the_same_games() -> None:
    compiled, python = (archived(compiled).play(NETWORK, moves=30) for compiled in (True, False))
    assert same(compiled.samples, python.samples)


@pytest.mark.parametrize("seed", range(3))
def test_openings_that_end_each_game_are_refused(seed: int) -> None:
    """Also where the first games happen to begin with fewer moves."""
    with pytest.raises(
        ConfigError, match="random_moves is 9: tic_tac_toe is over after 9 random moves, each of 100 times"
    ):
        group(1, seed, random_moves=9)


def test_openings_have_the_moves_asked_for_and_do_not_end_the_game() -> None:
    """Of a heap of three, two moves of one each: two stones at once would leave one, or none after the other's two."""
    generator = np.random.default_rng(0)
    assert {tuple(random_opening(Heap(3), 2, generator)) for _ in range(20)} == {(0, 0)}
    assert random_opening(Heap(3), 0, generator) == []
    with pytest.raises(ConfigError, match="heap is over after 3 random moves"):
        random_opening(Heap(3), 3, generator)


def test_random_games_teach_even_policies_and_their_outcomes() -> None:
    """A heap of two: the first takes both and wins, or one, and the other wins."""
    games = random_games(Heap(2), 20, np.random.default_rng(0))
    for samples in games:
        rows = [[0.5, 0.5], [1, 0]]
        assert samples.policy.tolist() == rows[: len(samples)]
        assert samples.value.tolist() == ([[1, -1]] if len(samples) == 1 else [[-1, 1], [1, -1]])
    assert {len(samples) for samples in games} == {1, 2}
    whole = Samples.joined(games)
    assert whole.last(3).policy.tolist() == whole.policy[-3:].tolist()
    assert len(whole.last(len(whole) + 1)) == len(whole.last(None)) == len(whole)


class Given:
    """Generator of given numbers."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = np.array(numbers)

    def random(self, size: int) -> NDArray[np.float64]:
        assert size == len(self.numbers)
        return self.numbers


def test_an_action_is_drawn_by_its_share() -> None:
    """Of shares 0, 1/4, 3/4 and 0 below 1/4 the second, then the third, up to the largest number that is drawn."""
    numbers = (0.0, 0.2499, 0.25, 0.9999, 1 - 2**-53)
    shares = np.tile(np.array([0, 0.25, 0.75, 0], np.float32), (5, 1))
    assert drawn(shares, Given(*numbers)).tolist() == [1, 1, 2, 2, 2]  # type: ignore[arg-type]
    assert drawn(4 * shares, Given(*numbers)).tolist() == [1, 1, 2, 2, 2]  # type: ignore[arg-type]
    thirds = np.full((2, 3), 1 / 3, np.float32)
    assert drawn(thirds, Given(0.34, 0.66)).tolist() == [1, 1]  # type: ignore[arg-type]


def test_measures_are_sums_over_the_moves(first_cell: None) -> None:
    """One game: entropies ln 9 to ln 3; the values of X's outcome 1 are 0.5, of the proven position -1."""
    played = group(1).play(NETWORK, games=1)
    assert played.measures["entropy"] == pytest.approx(np.log([9, 8, 7, 6, 5, 4, 3]).sum(), rel=1e-5)
    assert played.measures["proven"] == 1
    assert played.measures["value_error"] == pytest.approx(6 * 0.5 + 2)
    assert played.measures["value_errors"] == 7
