from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from heap_game import Heap
from small_games import Stones

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.learner import NonFiniteError
from marl.core.errors import ConfigError, Note
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.games.self_play import Samples
from marl.networks.configs import MLPTrunkConfig
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, shape_of
from marl.training import game_groups, self_play
from marl.training.self_play import SelfPlay

GAME = Stones()
HERE = partial(copy.copy, GAME)


def network_of(seed: int = 0) -> GameNetwork:
    config = GameNetworkConfig(trunk=MLPTrunkConfig(hidden=(8,)))
    roster = Roster((AgentClass("player", 6, ActionSpec("discrete", 2)),), (2,))
    torch.manual_seed(seed)
    return GameNetwork(roster, SavedGameNetworkConfig(**config.model_dump(), game=shape_of(GAME, config)))


def source_of(processes: Any, make: Callable[[], Any] = HERE, **settings: Any) -> SelfPlay:
    groups = {"groups": 3, "temperature_moves": 4, "archive_share": 0.5, "random_games": 2, **settings}
    search = {"kind": "puct", "simulations": 3}
    config = AlphaZeroConfig.model_validate({"search": search, "self_play": {**groups, "processes": processes}})
    return SelfPlay(GAME, config, 7, 2, 1, make)


class HereWorkers:
    """In place of processes: objects here, which get what would be sent."""

    calls: list[tuple[str, list[dict[str, Any]]]] = []

    def __init__(self, makers: Sequence[Callable[[], Any]], names: Sequence[str]) -> None:
        self.objects, self.names = [make() for make in pickle.loads(pickle.dumps(makers))], names
        self.calls.clear()

    def call(self, method: str, arguments: Sequence[Mapping[str, Any]]) -> list[Any]:
        given = pickle.loads(pickle.dumps(arguments))
        self.calls.append((method, given))
        return [getattr(each, method)(**one) for each, one in zip(self.objects, given, strict=True)]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> type[HereWorkers]:
    monkeypatch.setattr(game_groups, "Workers", HereWorkers)
    return HereWorkers


def assert_same(one: Samples, other: Samples) -> None:
    for name in ("observation", "legal", "phase", "policy", "value"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def assert_same_states(one: Any, other: Any) -> None:
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_same_states(one[name], other[name])
    else:
        assert torch.equal(one, other) if torch.is_tensor(one) else one == other


@pytest.mark.parametrize("processes", [2, 3])
@pytest.mark.parametrize("games", [None, 8])
def test_results_do_not_depend_on_processes(processes: int, games: int | None, here: Any) -> None:
    """With two networks in turn, and with one that learns; and a state taken in one kind goes on in the other."""
    networks = [network_of(0), network_of(1)]
    alone, shared = source_of(1, games=games), source_of(processes, games=games)
    for number in (0, 0, 1, 0, 1):
        one, other = (source.collect(networks[number], 0.5) for source in (alone, shared))
        assert_same(one.batch, other.batch)
        assert (one.metrics, one.env_steps, one.episodes) == (other.metrics, other.env_steps, other.episodes)
        with torch.no_grad():
            networks[1].value_head.bias += 0.5
    assert_same_states(alone.state(), shared.state())
    later = alone.state()
    expected = alone.collect(networks[0]).batch
    shared.collect(networks[0])
    fresh = source_of(processes, games=games)
    for source in (shared, fresh):  # at work, and before its processes begin
        source.load_state(later)
        assert_same_states(source.state(), later)
        assert_same(source.collect(networks[0]).batch, expected)
    assert len(expected)


def test_weights_are_sent_where_they_have_changed(here: type[HereWorkers]) -> None:
    network, source = network_of(), source_of(2)
    for changed in (False, False, True, False):
        with torch.no_grad():
            network.heads[0].weight[0, 0] += changed
        source.collect(network)
    sent = [[part["weights"] is not None for part in parts] for method, parts in here.calls if method == "play"]
    assert sent == [[True] * 2, [False] * 2, [True] * 2, [False] * 2]
    assert [len(parts[0]["games"]) for method, parts in here.calls if method == "play"] == [1] * 4


def test_the_games_of_another_process_are_played_and_their_errors_told() -> None:
    network, alone, shared = network_of(), source_of(1), source_of(2)
    for _ in range(2):
        assert_same(alone.collect(network).batch, shared.collect(network).batch)
    assert len(multiprocessing.active_children()) == 2
    network.value_head.bias.data[0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"^the network's output is not finite$"):
        shared.collect(network)
    assert not multiprocessing.active_children()
    shared.close()


@pytest.mark.parametrize(("groups", "told"), [(3, 2), (1, 1)])
def test_auto_is_as_many_as_there_are_cores_and_says_so(
    groups: int, told: int, here: type[HereWorkers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_play, "usable_cores", lambda: 2)
    expected = (
        rf"^algorithm\.self_play\.processes auto is {told}: algorithm\.self_play\.groups is {groups}, and .* 2 cores"
    )
    here.calls.clear()
    with pytest.warns(Note, match=expected):
        source = source_of("auto", groups=groups)
    source.collect(network_of())
    assert {len(parts) for _, parts in here.calls} == ({told} if told > 1 else set())


def test_a_group_has_one_process() -> None:
    with pytest.raises(ValueError, match="processes is 4 and groups is 3; a group is played by one process"):
        source_of(4)


def locked(lock: Any) -> Heap:
    return GAME


def test_a_game_that_cannot_be_sent_is_refused() -> None:
    told = r"^algorithm\.self_play\.processes is 2, but stones cannot be sent to another process .*; set it to 1$"
    with pytest.raises(ConfigError, match=told):
        source_of(2, partial(locked, threading.Lock()))
