from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Memory, Observation
from marl.core.roster import AgentClass, Roster
from marl.networks.configs import EncoderConfig, TransformerConfig
from marl.networks.encoder import TeamEncoder
from marl.networks.temporal_transformer import TemporalTransformer

LENGTH, COPIES, WIDTH = 4, 2, 8
TRANSFORMER = TransformerConfig(layers=2, heads=2, window=3, feedforward=16)
NEVER = torch.zeros(LENGTH, COPIES, dtype=torch.bool)
EXACT = {"rtol": 0.0, "atol": 1e-12}


def encoder(roster: Roster, sharing: str = "class", **options: Any) -> TeamEncoder:
    config = EncoderConfig(hidden=(6, WIDTH), sharing=sharing, transformer=TRANSFORMER, **options)
    return TeamEncoder(roster, config).double()


def size_of(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.fixture
def memory_of(make_memory: Callable[..., Memory]) -> Callable[[Roster], Memory]:
    return lambda roster: make_memory(COPIES, roster.size, 2, 3, WIDTH)


@pytest.mark.parametrize(
    ("sharing", "inputs", "branches"), [("team", (1, 1), 1), ("class", (1, 1), 2), ("agent", (2, 3), 5)]
)
def test_how_many_parameters_there_are(
    sharing: str, inputs: tuple[int, int], branches: int, make_roster: Callable[..., Roster]
) -> None:
    """An input layer has 6 (D_c + 1) numbers, a branch 8 (6 + 1), and a transformer its own."""
    layers = 6 * (3 + 1) * inputs[0] + 6 * (5 + 1) * inputs[1]
    expected = layers + branches * (8 * (6 + 1) + size_of(TemporalTransformer(WIDTH, TRANSFORMER)))
    assert size_of(encoder(make_roster(2, 3), sharing)) == expected


@pytest.mark.parametrize(
    ("sharing", "touched"),
    [
        ("team", {"inputs.A", "hidden.team", "transformers.team"}),
        ("class", {"inputs.A", "hidden.A", "transformers.A"}),
        ("agent", {"inputs.A_1", "hidden.A_1", "transformers.A_1"}),
    ],
)
def test_which_parameters_an_agent_goes_through(
    sharing: str,
    touched: set[str],
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    memory_of: Callable[[Roster], Memory],
) -> None:
    roster = make_roster(2, 3)
    model = encoder(roster, sharing)
    tokens, _ = model(make_observation(roster, LENGTH, COPIES), memory_of(roster), NEVER)
    tokens[:, :, 1].sin().sum().backward()
    reached = {
        ".".join(name.split(".")[:2])
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.grad.any()
    }
    assert reached == touched


def test_with_parameters_of_their_own_further_agents_take_them_in_turn(
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    memory_of: Callable[[Roster], Memory],
) -> None:
    """Trained with 2 and 3, played with 5 and 1: agents of equal input and equal parameters are equal."""
    model, larger = encoder(make_roster(2, 3), "agent"), make_roster(5, 1)
    observation = make_observation(larger, LENGTH, COPIES)
    same = {name: x[..., :1, :].expand_as(x) for name, x in observation.features.items()}
    observation = Observation(same, observation.alive)
    memory = memory_of(larger)
    memory = Memory(
        memory.keys[:, :1].expand_as(memory.keys), memory.values[:, :1].expand_as(memory.values), memory.valid
    )
    tokens, after = model(observation, memory, NEVER)
    for i in range(5):
        for j in range(i):
            equal = torch.allclose(tokens[:, :, i], tokens[:, :, j], rtol=0, atol=1e-12)
            assert equal == (i % 2 == j % 2)
    assert after is not None
    assert_close(after.keys[:, 4], after.keys[:, 0], **EXACT)
    assert not after.keys[:, 1].allclose(after.keys[:, 0])


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_permuting_agents_in_their_class_permutes_tokens_and_memory(
    sharing: str,
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    memory_of: Callable[[Roster], Memory],
    permute: Callable[..., Observation],
) -> None:
    roster, order = make_roster(2, 3), [1, 0, 4, 2, 3]
    model, observation, memory = encoder(roster, sharing), make_observation(roster, LENGTH, COPIES), memory_of(roster)
    tokens, after = model(observation, memory, NEVER)
    shuffled = Memory(memory.keys[:, order], memory.values[:, order], memory.valid)
    permuted, permuted_after = model(permute(observation, roster, order), shuffled, NEVER)
    assert after is not None
    assert permuted_after is not None
    assert_close(permuted, tokens[:, :, order], **EXACT)
    assert_close(permuted_after.keys, after.keys[:, order], **EXACT)
    assert_close(permuted_after.values, after.values[:, order], **EXACT)


@pytest.mark.parametrize("sharing", ["class", "team", "agent"])
def test_each_agent_has_its_own_token_and_memory(
    sharing: str,
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    memory_of: Callable[[Roster], Memory],
) -> None:
    """Whoever sees something else, or remembers something else, changes alone."""
    roster = make_roster(3, 2)
    model, observation, memory = encoder(roster, sharing), make_observation(roster, LENGTH, COPIES), memory_of(roster)
    tokens, after = model(observation, memory, NEVER)
    assert after is not None
    for agent in range(5):
        name, place = ("A", agent) if agent < 3 else ("B", agent - 3)
        features = {key: x.clone() for key, x in observation.features.items()}
        features[name][:, :, place] += 1
        changed, later = model(Observation(features, observation.alive), memory, NEVER)
        others = [i for i in range(5) if i != agent]
        assert later is not None
        assert changed[:, :, others].equal(tokens[:, :, others])
        assert not changed[:, :, agent].allclose(tokens[:, :, agent])
        assert later.keys[:, others].equal(after.keys[:, others])
        values = memory.values.clone()
        values[:, agent] += 1
        changed, _ = model(observation, Memory(memory.keys, values, memory.valid), NEVER)
        assert changed[:, :, others].equal(tokens[:, :, others])
        assert not changed[0, :, agent].allclose(tokens[0, :, agent])


@pytest.mark.parametrize("sharing", ["class", "team", "agent"])
def test_without_a_past_a_token_is_its_layers(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 2)
    model, observation = encoder(roster, sharing, temporal="none"), make_observation(roster, LENGTH, COPIES)
    tokens, memory = model(observation, None, NEVER)
    keys = {"class": ("B", "B"), "team": ("B", "team"), "agent": ("B_1", "B_1")}[sharing]
    x = observation.features["B"][:, :, 1]
    hidden = (x.sign() * (x.abs() + 1).log() @ model.inputs[keys[0]][0].weight.mT).relu()
    assert_close(tokens[:, :, 3], (hidden @ model.hidden[keys[1]][0].weight.mT).relu(), **EXACT)
    assert memory is None
    assert not model.has_memory
    assert model.initial_memory(3, 4, torch.device("cpu")) is None


def test_an_empty_memory_is_what_an_episode_begins_with(
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
    memory_of: Callable[[Roster], Memory],
) -> None:
    roster = make_roster(2, 1)
    model, observation = encoder(roster), make_observation(roster, LENGTH, COPIES)
    empty = model.initial_memory(COPIES, 3, torch.device("cpu"))
    assert empty is not None
    assert empty.keys.shape == (COPIES, 3, 2, 3, WIDTH)
    begins = NEVER.clone()
    begins[0] = True
    fresh, _ = model(observation, empty, NEVER)
    reset, _ = model(observation, memory_of(roster), begins)
    assert_close(fresh, reset, **EXACT)


@pytest.mark.parametrize("hidden", [(), (64, -5), (0,)])
def test_no_width_is_refused(hidden: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="hidden"):
        EncoderConfig(hidden=hidden)


def test_a_class_name_that_pytorch_reserves_is_refused(make_roster: Callable[..., Roster]) -> None:
    action = make_roster().classes[0].action
    with pytest.raises(ValueError, match=r"class 'keys': .* reserves this name"):
        TeamEncoder(Roster((AgentClass("keys", 3, action),), (1,)), EncoderConfig())


def test_squashing_is_a_choice(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(1, 0)
    model, observation = encoder(roster, temporal="none", squash=False), make_observation(roster, LENGTH, COPIES)
    x: Tensor = observation.features["A"]
    tokens, _ = model(observation, None, NEVER)
    hidden = (x @ model.inputs["A"][0].weight.mT).relu()
    assert_close(tokens, (hidden @ model.hidden["A"][0].weight.mT).relu(), **EXACT)
