from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_games import Stones
from torch.testing import assert_close

from marl.algorithms import alpha_zero
from marl.algorithms.alpha_zero import AlphaZero
from marl.algorithms.alpha_zero_config import AlphaZeroConfig, ArenaConfig
from marl.algorithms.history import History
from marl.algorithms.learner import NonFiniteError
from marl.core.errors import ConfigError
from marl.core.game_structure import GameSymmetries
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.games.arena import ArenaResult
from marl.games.search.configs import PUCTConfig
from marl.games.self_play import Samples
from marl.networks.configs import MLPTrunkConfig
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, shape_of

ARENA = ArenaConfig(every=2, games=2, random_moves=1)


def network_of(game: Any, hidden: int = 8) -> GameNetwork:
    config = GameNetworkConfig(trunk=MLPTrunkConfig(hidden=(hidden,)))
    action = ActionSpec("discrete", game.num_actions)
    roster = Roster((AgentClass("player", int(np.prod(game.observation_shape)), action),), (game.num_players,))
    return GameNetwork(roster, SavedGameNetworkConfig(**config.model_dump(), game=shape_of(game, config)))


def learner_of(game: Any, turns: Any = None, history: History | None = None, **settings: Any) -> AlphaZero:
    search = PUCTConfig(simulations=2)
    config = AlphaZeroConfig(**{"search": search, "arena": None, "batch_size": 32, "window": 3, **settings})
    return AlphaZero(network_of(game), config, 1, game, turns, History(3) if history is None else history)


def samples(rows: int = 8, seed: int = 0) -> Samples:
    """Positions of a heap: what one is worth depends on its size."""
    left = np.random.default_rng(seed).integers(1, 6, rows)
    best = np.where(left % 3 == 2, 1, 0)
    return Samples(
        np.eye(6, dtype=np.int8)[left],
        np.stack([np.ones(rows, np.bool_), left > 1], 1),
        np.zeros(rows, np.int64),
        np.eye(2, dtype=np.float32)[best],
        np.where((left % 3 == 0)[:, None], [[-1, 1]], [[1, -1]]).astype(np.float32),
    )


def weights(network: GameNetwork) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_the_loss_is_that_by_hand() -> None:
    """Two positions; by the biases alone logits 0, ln 2 and ln 3, of which the last is not legal in the first.

    Policy: ln 3 - ln 2 for the whole on the second action of 1/3 and 2/3; with half on each of the first and the last
    of 1/6, 2/6 and 3/6, (ln 6 + ln 2) / 2. Value: differences 0.5 and 1 of two players, then 0.5 and 0."""

    class Three(Stones):
        num_actions = 3

    learner = learner_of(Three())
    with torch.no_grad():
        for parameter in learner.policy.parameters():
            parameter.zero_()
        learner.policy.heads[0].bias.copy_(torch.tensor([1.0, 2, 3]).log())
        learner.policy.value_head.bias.copy_(torch.tensor([0.5, 0.0]).atanh())
    legal = torch.tensor([[True, True, False], [True, True, True]])
    target = torch.tensor([[0.0, 1, 0], [0.5, 0, 0.5]])
    value = torch.tensor([[1.0, -1], [0.0, 0.0]])
    policy, error = learner._losses(torch.zeros(2, 6), legal, torch.zeros(2, dtype=torch.int64), target, value)
    assert policy.item() == pytest.approx(((np.log(3) - np.log(2)) + (np.log(6) + np.log(2)) / 2) / 2)
    assert error.item() == pytest.approx((0.25 + 1 + 0.25 + 0) / 4)


def test_illegal_actions_get_no_gradient() -> None:
    learner, batch = learner_of(Stones()), samples()
    one = batch.observation.argmax(1) == 1  # of one stone nobody takes two
    rows = [torch.from_numpy(each[one]) for each in (batch.observation, batch.legal, batch.phase, batch.policy)]
    seen, legal, phase, target = rows
    assert len(seen) and not legal[:, 1].any()
    policy, _ = learner._losses(seen.float(), legal, phase, target, torch.zeros(len(seen), 2))
    policy.backward()
    assert policy.item() == 0
    head = learner.policy.heads[0]
    assert head.bias.grad is not None and not head.bias.grad.any()
    target = torch.tensor([[0.25, 0.75]]).repeat(4, 1)
    seen, legal = torch.eye(6)[[2, 3, 4, 5]], torch.tensor([[True, False], [True, True], [True, True], [False, True]])
    head.bias.grad = None
    policy, _ = learner._losses(seen, legal, torch.zeros(4, dtype=torch.int64), target, torch.zeros(4, 2))
    policy.backward()
    # of both, by hand: 4 rows, two with both legal, of which each gives (share - target) / 4 at shares of about a half
    assert_close(head.bias.grad, torch.tensor([0.125, -0.125]), atol=0.01, rtol=0)


def test_a_network_that_learns_a_position_knows_it_turned_too() -> None:
    """A board of four cells in a row and its mirror image; what is learnt is the last cell, the third is not legal."""

    class Row(Stones):
        num_actions = 4
        observation_shape = (4,)

    mirror = np.array([[0, 1, 2, 3], [3, 2, 1, 0]])
    one = Samples(
        np.array([[1, 0, 0, 0]], np.int8),
        np.array([[True, True, False, True]]),
        np.zeros(1, np.int64),
        np.array([[0, 0, 0, 1]], np.float32),
        np.array([[0.5, -0.5]], np.float32),
    )
    for turned in (True, False):
        symmetries = GameSymmetries(mirror, mirror)
        settings: dict[str, Any] = {"learning_rate": 0.02, "weight_decay": 0, "symmetries": turned, "reuse": 3200}
        learner = learner_of(Row(), symmetries, **settings)
        metrics = learner.update(one, 0.0)
        with torch.no_grad():
            logits, values = learner.policy(torch.tensor([[0.0, 0, 0, 1]]), torch.zeros(1, dtype=torch.int64))
        share = logits[0, [0, 2, 3]].softmax(0)[0].item()  # of the first cell, the second is not legal
        known = share > 0.9 and abs(values[0, 0].item() - 0.5) < 0.1
        assert known == turned
        assert metrics["loss/policy"] < 0.5


def test_each_position_is_drawn_reuse_times() -> None:
    """Of 8 new positions 4 x 8 = 32 draws, one batch; then of 20 3 batches of 32, of all 28 positions there are."""
    learner = learner_of(Stones(), reuse=4)
    seen: list[torch.Tensor] = []
    original = learner._losses
    learner._losses = lambda *batch: (seen.append(batch[0]), original(*batch))[1]  # type: ignore[method-assign]
    metrics = learner.update(samples(8), 0.0)
    assert [len(each) for each in seen] == [32] and metrics["history/positions"] == 8
    metrics = learner.update(samples(20, seed=1), 0.0)
    assert [len(each) for each in seen] == [32] * 4 and metrics["history/positions"] == 28
    assert set(metrics) == {
        *("loss/policy", "loss/value", "optimiser/gradient_norm", "optimiser/learning_rate", "history/positions"),
    }


def test_epochs_draw_all_that_is_kept_and_an_iteration_gives_its_latest() -> None:
    """Of 40 positions the latest 20 are kept; two epochs are 40 draws of 32, then 80."""
    learner = learner_of(Stones(), epochs=2, most_positions=20)
    seen: list[torch.Tensor] = []
    original = learner._losses
    learner._losses = lambda *batch: (seen.append(batch[0]), original(*batch))[1]  # type: ignore[method-assign]
    assert learner.update(samples(40), 0.0)["history/positions"] == 20
    assert np.array_equal(learner.history.samples.observation, samples(40).observation[-20:])
    assert len(seen) == 2
    learner.update(samples(40), 0.0)
    assert len(seen) == 2 + 3


def test_a_learner_begins_with_the_positions_of_another_run() -> None:
    """Which made them in iterations 7 and 9: the next is 10, and a window of three leaves out the seventh."""
    learner = learner_of(Stones())
    learner.begin_with({7: samples(4), 9: samples(6)})
    assert learner.update(samples(8), 0.0)["history/positions"] == 6 + 8


def test_an_iteration_in_which_no_game_ends_teaches_nothing() -> None:
    learner = learner_of(Stones())
    before, none = weights(learner.policy), samples(0)
    assert learner.update(none, 0.0) == {}
    learner.update(samples(), 0.0)
    after = weights(learner.policy)
    assert not after.equal(before)
    assert learner.update(none, 0.0)["history/positions"] == 8
    assert weights(learner.policy).equal(after)


def test_the_learning_rate_follows_its_schedule() -> None:
    learner = learner_of(Stones(), learning_rate=(0.01, 0.002))
    assert learner.update(samples(), 0.25)["optimiser/learning_rate"] == pytest.approx(0.008)


def arena_of(monkeypatch: pytest.MonkeyPatch, *points: float) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Arenas in which the new network gets given points, and the networks that met."""
    met: list[tuple[torch.Tensor, torch.Tensor]] = []

    def given(game: Any, new: Any, best: Any, *settings: Any) -> ArenaResult:
        met.append((weights(new.network), weights(best.network)))
        return ArenaResult(np.array([points[len(met) - 1]] * 2), np.arange(2), 2, 2)

    monkeypatch.setattr(alpha_zero, "play_arena", given)
    return met


def test_a_better_network_is_the_best_and_another_learns_on(monkeypatch: pytest.MonkeyPatch) -> None:
    met = arena_of(monkeypatch, 0.0, 0.75)
    learner = learner_of(Stones(), arena=ARENA)
    first = weights(learner.best)
    learner.update(samples(), 0.0)
    assert not met and weights(learner.best).equal(first)
    metrics = learner.update(samples(), 0.0)
    assert metrics["arena/accepted"] == 0 == metrics["arena/score"] and metrics["arena/elo"] == 0
    ((new, best),) = met
    assert best.equal(first) and weights(learner.best).equal(first)
    assert weights(learner.policy).equal(new) and not new.equal(first)  # it is kept
    learner.update(samples(), 0.0)
    metrics = learner.update(samples(), 0.0)
    assert metrics["arena/accepted"] == 1 and metrics["arena/elo"] == pytest.approx(190.8485)
    # Wilson's interval of 1.5 of 2: centre (1.5 + 1.9208) / 5.8416, half its width 1.9600 sqrt(0.375 + 0.9604) / 5.8416
    assert metrics["arena/score_low"] == pytest.approx(0.5856 - 0.3877, abs=1e-3)
    assert metrics["arena/score_high"] == pytest.approx(0.5856 + 0.3877, abs=1e-3)
    assert weights(learner.best).equal(weights(learner.policy))
    learner.update(samples(), 0.0)
    assert not weights(learner.best).equal(weights(learner.policy))  # which does not learn with it


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_rejected_network_gives_way_to_the_best_and_its_optimiser(
    optimiser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arena_of(monkeypatch, 1.0, 0.0)
    restoring = ARENA.model_copy(update={"on_rejection": "restore"})
    learner = learner_of(Stones(), arena=restoring, optimiser=optimiser)
    for _ in range(2):
        learner.update(samples(), 0.0)
    best, moments = weights(learner.policy), learner.optimiser.state()
    assert moments["step"] == 2 and moments["exp_avg"].any()
    learner.update(samples(), 0.0)
    assert not weights(learner.policy).equal(best)
    learner.update(samples(), 0.0)
    assert weights(learner.policy).equal(best) and weights(learner.best).equal(best)
    assert all(learner.optimiser.state()[name].equal(moment) for name, moment in moments.items())
    learner.update(samples(), 0.0)
    assert not weights(learner.policy).equal(best)


def test_without_an_arena_the_newest_network_plays() -> None:
    learner = learner_of(Stones())
    learner.update(samples(), 0.0)
    assert learner.best is learner.policy


def test_a_real_arena_is_the_same_each_time() -> None:
    results = []
    for _ in range(2):
        torch.manual_seed(0)
        learner = learner_of(Stones(), arena=ArenaConfig(every=1, games=4, random_moves=1))
        metrics = learner.update(samples(64), 0.0)
        results.append((metrics, weights(learner.best)))
    assert results[0][0] == results[1][0] and results[0][1].equal(results[1][1])
    assert 0 <= results[0][0]["arena/score"] <= 1


def test_a_learner_goes_on_from_its_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arena_of(monkeypatch, 1.0, 0.0, 1.0, 0.0, 0.0)
    restoring = ARENA.model_copy(update={"on_rejection": "restore"})
    one = learner_of(Stones(), arena=restoring, history=History(3, tmp_path))
    for seed in range(3):
        one.update(samples(seed=seed), 0.0)
    other = learner_of(Stones(), arena=restoring, history=History(3, tmp_path))
    other.policy.load_state_dict(one.policy.state_dict())
    other.load_state(one.state())
    for seed in (3, 4):
        arena_of(monkeypatch, 0.0)
        first = one.update(samples(seed=seed), 0.0)
        arena_of(monkeypatch, 0.0)
        assert other.update(samples(seed=seed), 0.0) == first
        assert weights(other.policy).equal(weights(one.policy)) and weights(other.best).equal(weights(one.best))


def test_dropout_is_drawn_from_the_seed_of_the_learner_alone() -> None:
    found = []
    for seed in (1, 2):
        torch.manual_seed(0)
        learner = learner_of(Stones())
        learner.policy.trunk.append(torch.nn.Dropout(0.5))  # type: ignore[operator]
        before = torch.manual_seed(seed).get_state()
        learner.update(samples(64), 0.0)
        assert torch.equal(torch.get_rng_state(), before)
        found.append(weights(learner.policy))
    assert torch.equal(*found)


def test_what_is_not_finite_is_named() -> None:
    learner, batch = learner_of(Stones()), samples()
    learner.policy.heads[0].bias.data[0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^policy loss is not finite$"):
        learner.update(batch, 0.0)
    learner = learner_of(Stones())
    learner.policy.value_head.bias.data[0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^value loss is not finite$"):
        learner.update(batch, 0.0)
    # loss and gradient are finite; what the network gives after the step is met in the arena
    learner = learner_of(Stones(), learning_rate=1e38, arena=ArenaConfig(every=1, games=2, random_moves=1))
    with pytest.raises(NonFiniteError, match=r"^the network's output is not finite$"):
        learner.update(batch, 0.0)


def test_openings_of_the_arena_that_end_each_game_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="stones is over after 5 random moves"):
        learner_of(Stones(), arena=ArenaConfig(random_moves=5))
