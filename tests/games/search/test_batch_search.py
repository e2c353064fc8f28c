"""Searches with a prior: trees worked out by hand, proofs, noise, and the same numbers by both implementations."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from game_positions import positions as drawn_positions
from heap_game import Heap
from search_evaluators import Waves

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.games.search.batch_search import BatchSearch, search_batch
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.games.search.evaluator import PlayoutEvaluator, TableEvaluator, UniformEvaluator
from marl.games.search.found import Found

GAMES: list[Any] = [ConnectFour(), NineBoard(), Quarto(), ThreeMarks(), TicTacToe()]
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])
kinds = pytest.mark.parametrize("config", [PUCTConfig(), GumbelConfig()], ids=lambda config: config.kind)

DRAWN = TicTacToe((0b1100010, 0b10001100))  # cells 0, 4 and 8 are free, and nobody wins any more
WON = TicTacToe((0b11, 0b11000))  # the first seat wins at 2
LOST = TicTacToe((0b1011, 0b100010000))  # the first seat threatens 2 and 6


def search(
    games: Any,
    evaluator: Any,
    config: Any,
    compiled: bool | None = None,
    noise: bool = False,
    seed: int = 0,
    leaves: int = 1,
) -> Found:
    generator = np.random.default_rng(seed)
    return search_batch(positions_of(games, compiled), evaluator, config, generator, noise, leaves=leaves)


def played(game: Any, *actions: int) -> Any:
    for action in actions:
        game = game.play(action)
    return game


def same(one: Found, other: Found) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Found)]
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


@both
def test_six_simulations_worked_out_by_hand(compiled: bool) -> None:
    """With c = 1; scores of the actions 0, 4 and 8, whose prior is 1/2, 1/4 and 1/4.

    0.5, 0.25, 0.25: 0, whose value is -0.2. Then 0.154, 0.254, 0.254: 4, of value 0.1. 0.233, 0.317, 0.400: 8, of value
    -0.5. 0.3, 0.35, -0.25: 4, then 0, for 0.3. 0.359, 0.386, -0.220: 4, then 0.054 against 0.507, so 8, for -0.9.
    0.412, -0.014, -0.194: 0, then 4, for 0.
    """
    values = {(0,): -0.2, (4,): 0.1, (8,): -0.5, (4, 0): 0.3, (4, 8): -0.9, (0, 4): 0.0}
    table: dict[Any, Any] = {played(DRAWN, *moves): ([0.0] * 9, (v, -v)) for moves, v in values.items()}
    table[DRAWN] = [math.log(2), *[0.0] * 8], (0.0, 0.0)
    config = PUCTConfig(simulations=6, c_puct=1.0, solver=False)
    found = search([DRAWN], TableEvaluator(table), config, compiled)
    assert found.visits.tolist() == [[2, 0, 0, 0, 3, 0, 0, 0, 1]]
    assert found.priors[0, [0, 4, 8]].tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert found.values[0, [0, 4, 8], 0].tolist() == pytest.approx([-0.1, -0.5 / 3, -0.5])
    assert found.values[0, [0, 4, 8], 1].tolist() == pytest.approx([0.1, 0.5 / 3, 0.5])
    assert found.root_value[0].tolist() == pytest.approx([-0.2, 0.2])
    assert found.evaluated.tolist() == [[0, 0]]
    assert found.target[0, [0, 4, 8]].tolist() == pytest.approx([1 / 3, 1 / 2, 1 / 6])
    assert found.action.tolist() == [4]
    assert not found.proven.any()


@both
def test_each_of_three_players_selects_by_its_own_value(compiled: bool) -> None:
    """Greedily, c = 0: in turn to 0; to 1; to 1, 0; to 0, 1; to 0, 2, as 0 is below the mean of 0.25 there; to 0, 1."""
    values = {(0,): (-0.1, 0.5, -0.4), (1,): (0.3, -0.6, 0.3), (1, 0): (-0.8, 0.2, 0.6), (0, 2): (0.9, -0.9, 0.0)}
    table: dict[Any, Any] = {played(ThreeMarks(), *moves): ([0.0] * 16, row) for moves, row in values.items()}
    config = PUCTConfig(simulations=6, c_puct=0.0)
    found = search([ThreeMarks()], TableEvaluator(table), config, compiled)
    assert found.visits[0, :3].tolist() == [4, 2, 0]
    assert found.values[0, 0].tolist() == pytest.approx([0.2, -0.1, -0.1])
    assert found.values[0, 1].tolist() == pytest.approx([-0.25, -0.2, 0.45])
    assert found.root_value[0].tolist() == pytest.approx([0.3 / 6, -0.8 / 6, 0.5 / 6])


@both
def test_a_seat_that_moves_twice_selects_by_its_own_value_twice(compiled: bool) -> None:
    """Greedily: to cell 16, then on to piece 0, then to piece 1, as piece 0 is below the mean of 0.1 there."""
    root = Quarto().play(5)
    values = {(16,): 0.4, (16, 0): -0.2, (16, 1): 0.6}
    table: dict[Any, Any] = {played(root, *moves): ([0.0] * 32, (-v, v)) for moves, v in values.items()}
    found = search([root], TableEvaluator(table), PUCTConfig(simulations=3, c_puct=0.0), compiled)
    assert found.visits[0, 16] == 3
    assert found.values[0, 16].tolist() == pytest.approx([-0.8 / 3, 0.8 / 3])


@both
@kinds
def test_a_search_after_training_has_the_last_number_of_simulations(compiled: bool, config: Any) -> None:
    given = config.model_copy(update={"simulations": (2, 7), "solver": False})
    assert search([TicTacToe()], UniformEvaluator(), given, compiled).visits.sum() == 7


@both
@kinds
def test_a_won_root_ends_its_search_and_teaches_its_winning_move(compiled: bool, config: Any) -> None:
    found = search([WON], UniformEvaluator(), config, compiled)
    assert found.proven.tolist() == [True]
    assert found.visits[0, 2] == 1
    assert found.visits.sum() < config.simulations
    assert np.flatnonzero(found.proven_actions[0]).tolist() == [2]
    assert found.target[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found.root_value.tolist() == found.values[:, 2].tolist() == [[1, -1]]
    assert found.action.tolist() == [2]


@both
@kinds
def test_lost_and_drawn_roots_are_proven(compiled: bool, config: Any) -> None:
    found = search([LOST, DRAWN], UniformEvaluator(), config.model_copy(update={"simulations": 200}), compiled)
    assert found.proven.tolist() == [True, True]
    assert found.root_value.tolist() == [[1, -1], [0, 0]]
    assert np.flatnonzero(found.proven_actions[0]).tolist() == [2, 5, 6, 7]
    assert found.target[1, [0, 4, 8]].tolist() == pytest.approx([1 / 3] * 3)
    # all moves lose alike: which of them is taught, the search says
    shares = found.visits[0] / found.visits[0].sum()
    assert found.target[0].tolist() == pytest.approx((shares if config.kind == "puct" else found.priors[0]).tolist())


@both
def test_a_move_that_is_proven_lost_is_searched_no_more(compiled: bool) -> None:
    """All goes to 1, which threatens 2; the prior sends the second seat to 3, whose second visit proves it lost.

    From then on other moves are searched, where little is lost: of twelve values 1 and 3 others or fewer are a win for
    the first seat, in place of six.
    """
    root = TicTacToe((1, 1 << 8))
    table: dict[Any, Any] = {
        played(root, *moves): ([9.0 * (action == best) for action in range(9)], (0.0, 0.0))
        for moves, best in (((), 1), ((1,), 3), ((1, 3), 2))
    }
    found = search([root], TableEvaluator(table), GumbelConfig(simulations=12, considered=1), compiled)
    assert found.visits[0, 1] == 12
    assert 1 / 12 <= found.values[0, 1, 0] <= 4 / 12


@both
def test_without_the_solver_ends_count_like_other_positions(compiled: bool) -> None:
    """Greedily to the win at 2 in each simulation."""
    table: dict[Any, Any] = {WON: ([0, 0, 1, 0, 0, 0, 0, 0, 0], (0.0, 0.0))}
    config = PUCTConfig(simulations=5, c_puct=0.5, solver=False)
    found = search([WON], TableEvaluator(table), config, compiled)
    assert found.visits[0].tolist() == [0, 0, 5, 0, 0, 0, 0, 0, 0]
    assert found.root_value.tolist() == [[1, -1]]
    assert not found.proven.any()
    assert not found.proven_actions.any()


@both
@kinds
@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_simulations_are_counted_and_targets_are_distributions(game: Any, compiled: bool, config: Any) -> None:
    config = config.model_copy(update={"simulations": 9})
    found = search(drawn_positions(game, 4, 2), Waves(), config, compiled, noise=True)
    legal = positions_of(drawn_positions(game, 4, 2), False).legal
    assert (found.visits.sum(1) == 9).all()
    assert found.target.sum(1) == pytest.approx(1)
    assert (found.target[~legal] == 0).all()
    assert legal[np.arange(4), found.action].all()
    for array in (found.visits, found.target, found.priors):
        assert array.shape == legal.shape
        assert array.dtype in (np.int32, np.float32)


class Counted:
    """An evaluator, and the number of positions of each call."""

    def __init__(self, evaluator: Any) -> None:
        self.evaluator, self.calls = evaluator, []

    def evaluate(self, positions: Any) -> Any:
        self.calls.append(len(positions))
        return self.evaluator.evaluate(positions)


@both
def test_several_leaves_of_a_game_are_valued_at_once(compiled: bool) -> None:
    """With c = 1: 0, which counts as lost; -0.65, -0.15, -0.15: 4; -0.57, -0.78, -0.23: 8. Then their values count."""
    values = {(0,): -0.2, (4,): 0.1, (8,): -0.5}
    table: dict[Any, Any] = {played(DRAWN, *moves): ([0.0] * 9, (v, -v)) for moves, v in values.items()}
    table[DRAWN] = [math.log(2), *[0.0] * 8], (0.0, 0.0)
    evaluator = Counted(TableEvaluator(table))
    found = search([DRAWN], evaluator, PUCTConfig(simulations=3, c_puct=1.0), compiled, leaves=3)
    assert evaluator.calls == [1, 3]
    assert found.visits[0, [0, 4, 8]].tolist() == [1, 1, 1]
    assert found.values[0, [0, 4, 8], 0].tolist() == pytest.approx([-0.2, 0.1, -0.5])
    assert found.root_value[0].tolist() == pytest.approx([-0.2, 0.2])


@both
def test_a_leaf_that_is_waited_for_is_not_valued_twice(compiled: bool) -> None:
    """The prior sends all to 0, though it counts as lost; then to 4 and 8 below it, and then the game is at its end."""
    table: dict[Any, Any] = {DRAWN: ([9.0, *[0.0] * 8], (0.0, 0.0))}
    evaluator = Counted(TableEvaluator(table))
    config = PUCTConfig(simulations=4, c_puct=100.0, solver=False)
    found = search([DRAWN], evaluator, config, compiled, leaves=3)
    assert evaluator.calls == [1, 1, 2]
    assert found.visits[0].tolist() == [4, *[0] * 8]


def test_fewer_than_one_leaf_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves is 0; give at least 1"):
        BatchSearch(PUCTConfig(), UniformEvaluator(), leaves=0)


@both
def test_values_may_count_as_they_are(compiled: bool) -> None:
    """Actions 0, 4 and 8 are visited once each, with values of 0.02, 0 and -0.02: 51 visits times 0.1 for a range of 2
    make logits of 0.051, 0 and -0.051. Stretched to [0, 1] they are 5.1, 2.55 and 0."""
    values = {0: 0.02, 4: 0.0, 8: -0.02}
    table: dict[Any, Any] = {DRAWN.play(action): ([0.0] * 9, (v, -v)) for action, v in values.items()}
    table[DRAWN] = [0.0] * 9, (0.0, 0.0)
    for rescale, logits in ((False, (0.051, 0.0, -0.051)), (True, (5.1, 2.55, 0.0))):
        config = GumbelConfig(simulations=3, considered=3, solver=False, rescale=rescale)
        found = search([DRAWN], TableEvaluator(table), config, compiled)
        expected = np.exp(logits) / np.exp(logits).sum()
        assert found.target[0, [0, 4, 8]].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


@needs_numba
@pytest.mark.parametrize("config", [PUCTConfig(), GumbelConfig(), GumbelConfig(rescale=False)])
@pytest.mark.parametrize("solver", [True, False])
@pytest.mark.parametrize("game", GAMES, ids=lambda game: game.name)
def test_compiled_and_python_search_find_the_same(game: Any, config: Any, solver: bool) -> None:
    config = config.model_copy(update={"simulations": 40, "solver": solver})
    late = {"tic_tac_toe": 4, "three_marks": 6, "quarto": 20, "nine_board": 20, "connect_four": 20}[game.name]
    games = [game, *drawn_positions(game, 3, late)]
    for evaluator, leaves in ((Waves, 1), (lambda: PlayoutEvaluator(3), 1), (Waves, 5)):
        one, other = (search(games, evaluator(), config, compiled, True, leaves=leaves) for compiled in (True, False))
        assert same(one, other)


@both
@kinds
def test_games_do_not_know_who_else_is_there(compiled: bool, config: Any) -> None:
    games = [DRAWN, WON, *drawn_positions(TicTacToe(), 4, 3), LOST]
    whole = search(games, Waves(), config, compiled)
    order = np.random.default_rng(0).permutation(len(games))
    turned = search([games[place] for place in order], Waves(), config, compiled)
    for field in fields(Found):
        assert np.array_equal(getattr(turned, field.name), getattr(whole, field.name)[order])
    alone = search(games[3:4], Waves(), config, compiled)
    assert all(np.array_equal(getattr(alone, f.name)[0], getattr(whole, f.name)[3]) for f in fields(Found))


@both
@kinds
def test_finished_and_masked_games_are_passed_over(compiled: bool, config: Any) -> None:
    games = [WON.play(2), DRAWN, LOST]
    positions, generator = positions_of(games, compiled), np.random.default_rng(0)
    searches = BatchSearch(config, Waves())
    found = searches.run(positions, generator, False, np.array([True, True, False]))
    assert found.action.tolist()[::2] == [-1, -1]
    assert not any(getattr(found, f.name)[::2].any() for f in fields(Found) if f.name != "action")
    alone = search([DRAWN], Waves(), config, compiled)
    assert all(np.array_equal(getattr(found, f.name)[1], getattr(alone, f.name)[0]) for f in fields(Found))
    nobody = searches.run(positions, generator, False, np.zeros(3, dtype=np.bool_))
    assert nobody.action.tolist() == [-1, -1, -1]
    assert nobody.values.shape == (3, 9, 2)


@both
@kinds
def test_no_simulations_leave_the_prior_alone(compiled: bool, config: Any) -> None:
    config = config.model_copy(update={"simulations": 0})
    found = search([DRAWN, TicTacToe()], Waves(), config, compiled, noise=True)
    assert np.allclose(found.target, found.priors)
    assert found.action.tolist() == found.priors.argmax(1).tolist()
    assert not found.visits.any()
    assert np.array_equal(found.root_value, found.evaluated)


@both
@kinds
def test_arrays_used_again_keep_nothing(compiled: bool, config: Any) -> None:
    searches, generator = BatchSearch(config, Waves()), np.random.default_rng(0)
    searches.run(positions_of(drawn_positions(TicTacToe(), 5, 1), compiled), generator, noise=True)
    again = searches.run(positions_of([LOST, DRAWN], compiled), generator, noise=False)
    assert same(again, search([LOST, DRAWN], Waves(), config, compiled))
    other = searches.run(positions_of([ThreeMarks()], compiled), generator, noise=False)
    assert same(other, search([ThreeMarks()], Waves(), config, compiled))


@kinds
def test_groups_in_threads_find_what_they_find_alone(config: Any) -> None:
    groups = [drawn_positions(ConnectFour(), 4, 6, seed) for seed in range(4)]
    alone = [search(group, Waves(), config, noise=True, seed=1) for group in groups]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda group: search(group, Waves(), config, noise=True, seed=1), groups))
    assert all(same(one, other) for one, other in zip(found, alone, strict=True))


class Recorded:
    """In place of a generator, gamma draws of 1, so that the noise is uniform."""

    def __init__(self) -> None:
        self.shape: Any = None

    def standard_gamma(self, shape: Any) -> Any:
        self.shape = shape
        return np.where(shape > 0, 1.0, 0.0)


def test_dirichlet_noise_is_mixed_into_the_roots_prior() -> None:
    config = PUCTConfig(simulations=30, dirichlet_share=1.0, solver=False)
    table: dict[Any, Any] = {DRAWN: ([3.0] + [0.0] * 8, (0.0, 0.0))}
    recorded: Any = Recorded()
    found = search_batch(positions_of([DRAWN]), TableEvaluator(table), config, recorded, noise=True)
    assert recorded.shape[0, [0, 4, 8]].tolist() == pytest.approx([10 / 3] * 3)
    assert recorded.shape[0].sum() == pytest.approx(10)
    assert found.visits.tolist() == search([DRAWN], UniformEvaluator(), config).visits.tolist()
    assert found.priors.tolist() == search([DRAWN], TableEvaluator(table), config).priors.tolist()
    assert found.priors[0, 0] > 0.9


def test_a_high_temperature_flattens_the_roots_prior_in_self_play_alone() -> None:
    config = PUCTConfig(simulations=30, dirichlet_share=0.0, root_temperature=1e6, solver=False)
    table: dict[Any, Any] = {DRAWN: ([3.0] + [0.0] * 8, (0.0, 0.0))}
    found = search([DRAWN], TableEvaluator(table), config, noise=True)
    assert found.visits.tolist() == search([DRAWN], UniformEvaluator(), config).visits.tolist()
    without = search([DRAWN], TableEvaluator(table), config, noise=False)
    assert without.visits[0, 0] > found.visits[0, 0]


def test_gumbel_noise_is_other_at_each_search_and_only_in_self_play() -> None:
    positions, generator = positions_of([ConnectFour()]), np.random.default_rng(0)
    searches = BatchSearch(GumbelConfig(simulations=8, considered=4), UniformEvaluator())
    searched = {tuple(np.flatnonzero(searches.run(positions, generator, True).visits[0])) for _ in range(8)}
    assert len(searched) > 3
    assert {len(actions) for actions in searched} == {4}
    nothing: Any = None
    assert np.flatnonzero(searches.run(positions, nothing, False).visits[0]).tolist() == [0, 1, 2, 3]


class Stuck(Heap):
    """A heap whose rules forget the moves of a heap of two."""

    name = "stuck"

    @property
    def legal(self) -> tuple[int, ...]:
        return () if self.left == 2 else super().legal

    def play(self, action: int) -> Stuck:
        return Stuck(self.left - action - 1, 1 - self.mover)


def test_rules_without_a_move_are_named() -> None:
    with pytest.raises(ValueError, match="stuck: a position that is not finished has no legal action"):
        search([Stuck()], UniformEvaluator(), PUCTConfig())


def test_games_without_compiled_rules_are_searched() -> None:
    """Four are left: one is to be taken, as who is to move at three has lost."""
    found = search([Heap()], UniformEvaluator(), PUCTConfig())
    assert found.proven.tolist() == [True]
    assert found.root_value.tolist() == [[1, -1]]
    assert found.action.tolist() == [0]
