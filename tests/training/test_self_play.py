from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from small_games import Cells, Stones

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.learner import NonFiniteError
from marl.core.errors import ConfigError
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.serialisation import load_state, save_state
from marl.games.self_play import Samples, SelfPlayGroup
from marl.networks.configs import MLPTrunkConfig
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, NetworkEvaluator, shape_of
from marl.training.game_groups import GameGroups
from marl.training.self_play import SelfPlay

GAME = Stones()


def network_of(game: Any = GAME) -> GameNetwork:
    config = GameNetworkConfig(trunk=MLPTrunkConfig(hidden=(8,)))
    size, action = int(np.prod(game.observation_shape)), ActionSpec("discrete", game.num_actions)
    roster = Roster((AgentClass("player", size, action),), (game.num_players,))
    return GameNetwork(roster, SavedGameNetworkConfig(**config.model_dump(), game=shape_of(game, config)))


def source_of(
    game: Any = GAME, num_games: int = 5, length: int = 2, seed: int = 1, simulations: Any = 3, **self_play: Any
) -> SelfPlay:
    search = {"kind": "puct", "simulations": simulations}
    settings = {"search": search, "self_play": {"groups": 2, "temperature_moves": 4, **self_play}}
    return SelfPlay(game, AlphaZeroConfig.model_validate(settings), num_games, length, seed, partial(copy.copy, game))


def groups_of(source: SelfPlay) -> list[SelfPlayGroup]:
    assert isinstance(source.groups, GameGroups)
    return source.groups.groups


def arrays(samples: Samples) -> Iterator[Any]:
    yield from (samples.observation, samples.legal, samples.phase, samples.policy, samples.value)


def same(one: Samples, other: Samples) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


@pytest.mark.parametrize("archive_share", [0.0, 0.5])
def test_groups_play_with_random_numbers_of_their_own(archive_share: float) -> None:
    """Of five games three are the first group's, and the second has random numbers of its own."""
    network, source, other = network_of(), *(source_of(archive_share=archive_share) for _ in range(2))
    assert [len(group.positions) for group in groups_of(source)] == [3, 2]
    for _ in range(3):
        collected = source.collect(network)
        played = [group.play(NetworkEvaluator(network), moves=2) for group in groups_of(other)]
        parts = [part for each in played for part in each.samples]
        assert same(collected.batch, Samples.joined(parts) if parts else collected.batch)
        assert collected.env_steps == 10
        assert collected.episodes.metrics["episode/length"] == [x for each in played for x in each.lengths]
    one, two = (groups_of(source_of(num_games=4))[number].positions.games[0] for number in (0, 1))
    assert one == two
    first, second = (group.generator.random() for group in groups_of(source_of()))
    assert first != second != groups_of(source_of(seed=2))[1].generator.random()


def test_groups_are_no_more_than_games() -> None:
    assert [len(group.positions) for group in groups_of(source_of(num_games=3, groups=8))] == [1, 1, 1]


@pytest.mark.parametrize("length", [1, 2])
def test_an_iteration_may_end_no_game(length: int) -> None:
    """Eleven cells, so that none ends before the eleventh move."""
    source = source_of(Cells(owner=(-1,) * 11, shape=(22,), first=True), num_games=2, length=length)
    collected = source.collect(network_of(source.game))
    assert len(collected.batch) == 0 and len(collected.episodes) == 0
    assert collected.env_steps == 2 * length
    assert [each.shape for each in arrays(collected.batch)] == [(0, 22), (0, 11), (0,), (0, 11), (0, 2)]
    whole = groups_of(source)[0].play(NetworkEvaluator(network_of(source.game)), moves=11 - length).samples[0]
    assert [each.dtype for each in arrays(collected.batch)] == [each.dtype for each in arrays(whole)]


def test_results_are_told_by_seat() -> None:
    """In a heap of two that is taken at once, the first seat has all points; a game of Cells has a winner always."""
    source = source_of(Stones(1), num_games=4, length=1)
    collected = source.collect(network_of())
    assert dict(collected.episodes.metrics) == {
        "episode/length": [1.0] * 4,
        "points/player_0": [1.0] * 4,
        "points/player_1": [0.0] * 4,
        "points/drawn": [0.0] * 4,
    }
    assert collected.episodes.ended_at == [4] * 4
    assert collected.metrics["self_play/distinct_positions"] == 0.25
    assert collected.metrics["search/proven"] == 1.0  # a share of the moves
    assert collected.metrics["search/value_error"] == 0.0


def test_whole_games_are_shared_out_among_the_groups() -> None:
    source = source_of(num_games=4, games=7)
    for _ in range(2):
        collected = source.collect(network_of())
        assert len(collected.episodes) == 7
        assert collected.env_steps == sum(collected.episodes.metrics["episode/length"])


def test_simulations_follow_the_share_of_training_done() -> None:
    """From 1 to 9 they are 3 at a quarter, and so are the games."""
    network, scheduled, plain = network_of(), source_of(simulations=[1, 9]), source_of()
    for _ in range(2):
        found, expected = scheduled.collect(network, 0.25), plain.collect(network)
        assert same(found.batch, expected.batch) and found.metrics == expected.metrics
    assert found.metrics["search/simulations"] == 3 and len(found.batch)


def test_random_games_come_first_and_once() -> None:
    source = source_of(length=1, random_games=6)
    collected = source.collect(network_of())
    assert collected.env_steps == 5 and len(collected.episodes) == 0
    assert (collected.batch.observation.argmax(1) == 5).sum() == 6
    other = source_of(length=1, random_games=6)
    other.load_state(source.state())
    assert len(other.collect(network_of()).batch) == 0


@pytest.mark.parametrize("before", [0, 1])
def test_it_goes_on_from_a_state_that_was_on_the_disk(before: int, tmp_path: Any) -> None:
    """Also from the beginning, where archives are empty."""
    settings = {"random_moves": 1, "archive_share": 0.5, "archive_size": 4}
    network, source, other = network_of(), source_of(**settings), source_of(seed=2, **settings)
    for _ in range(before):
        source.collect(network)
    save_state(tmp_path, "state", {"source": source.state()})
    expected = [source.collect(network) for _ in range(2)]
    other.load_state(load_state(tmp_path, "state")["source"])
    for each in expected:
        found = other.collect(network)
        assert same(found.batch, each.batch) and found.metrics == each.metrics
    assert len(expected[-1].batch)


def test_what_a_network_gives_must_be_finite() -> None:
    network = network_of()
    network.heads[0].bias.data[1] = torch.inf
    with pytest.raises(NonFiniteError, match=r"^the network's output is not finite$"):
        source_of().collect(network)
    network.heads[0].bias.data[1] = 0
    network.value_head.bias.data[0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^the network's output is not finite$"):
        source_of().collect(network)


def test_openings_as_long_as_the_game_are_refused_before_anything_is_played() -> None:
    with pytest.raises(ConfigError, match="stones is over after 5 random moves"):
        source_of(random_moves=5)
