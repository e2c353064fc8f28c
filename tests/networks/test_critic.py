from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.networks.configs import CriticConfig
from marl.networks.critic import AgentCritic, Critic, EntityCritic, StateCritic

EXACT = {"rtol": 0.0, "atol": 1e-12}


def critic(roster: Roster, sharing: str = "class") -> Critic:
    return Critic(roster, CriticConfig(sharing=sharing, hidden=(8,), entity_hidden=(8, 6))).double()


def with_entities(observation: Observation, extra: int) -> Observation:
    """The same with further entities that are not there."""
    assert observation.entities is not None
    assert observation.entity_mask is not None
    leading = observation.leading_shape
    noise = torch.randn(*leading, extra, 7, dtype=torch.float64) * 100
    absent = torch.zeros(*leading, extra, dtype=torch.bool)
    entities = torch.cat([observation.entities, noise], -2)
    return replace(observation, entities=entities, entity_mask=torch.cat([observation.entity_mask, absent], -1))


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_absent_entities_change_nothing(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(roster, sharing), make_observation(roster, 3, 4)
    assert_close(model(with_entities(observation, 5)), model(observation), **EXACT)


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_the_order_of_the_other_entities_changes_nothing(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(roster, sharing), make_observation(roster, 4)
    assert observation.entities is not None
    order = [0, 4, 3, 1, 2]  # the first agent stays itself
    shuffled = replace(observation, entities=observation.entities[:, order])
    assert_close(model(shuffled)[:, 0], model(observation)[:, 0], **EXACT)
    assert not model(shuffled)[:, 1].allclose(model(observation)[:, 1])


def test_every_entity_that_is_there_matters(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(roster), make_observation(roster, 4)
    assert observation.entity_mask is not None
    for entity in range(5):
        mask = observation.entity_mask.clone()
        mask[:, entity] = False
        assert (model(replace(observation, entity_mask=mask)) != model(observation)).all()


@pytest.mark.parametrize(("sharing", "reached"), [("class", {"A"}), ("team", {"team"}), ("independent", {"A"})])
def test_whose_parameters_give_the_value_of_an_agent(
    sharing: str, reached: set[str], make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model = critic(roster, sharing)
    model(make_observation(roster, 4))[:, 1].sum().backward()
    assert {
        name.split(".")[1] for name, p in model.named_parameters() if p.grad is not None and p.grad.any()
    } == reached


def test_an_entity_enters_from_where_the_agent_is_with_its_distance_and_kind() -> None:
    """At (3, -4) from the agent, 12 faster in x; with what it is."""
    critic = EntityCritic(6, Plane(), CriticConfig(entity_hidden=(8,), hidden=(8,), squash=False))
    seen: list[Tensor] = []
    critic.embed.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    entities = torch.tensor([[1.0, 1.0, 0.0, 0.5, 1.0, 0.0], [4.0, -3.0, 12.0, 0.5, 0.0, 1.0]])
    critic(entities, torch.ones(2, dtype=torch.bool), slice(0, 1))
    assert seen[0].squeeze().tolist() == [[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0], [3.0, -4.0, 12.0, 0.0, 5.0, 0.0, 1.0]]


def test_an_independent_critic_knows_the_agents_own_features_alone(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(replace(roster, entity_size=0), "independent"), make_observation(roster, 4)
    observation = replace(observation, entities=None, entity_mask=None)
    value = model(observation)
    observation.features["A"][:, 1] += 1
    assert (model(observation) == value).all(0).tolist() == [True, False, True]


@pytest.mark.parametrize("sharing", ["class", "team", "independent"])
def test_any_team_size_will_do(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    model = critic(make_roster(2, 1), sharing)
    for team in ((1, 0), (0, 3), (9, 7)):
        roster = make_roster(*team)
        assert model(make_observation(roster, 3, 4)).shape == (3, 4, roster.size)


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_a_situation_in_which_nobody_is_left_is_worth_what_an_empty_one_is(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    """As after the step that ends a task for everybody."""
    roster = make_roster(2, 1)
    observation = make_observation(roster, 4)
    assert observation.entities is not None
    assert observation.entity_mask is not None
    nobody = replace(observation, entity_mask=torch.zeros_like(observation.entity_mask))
    model = critic(roster, sharing)
    # nothing around, of one entity at least: a mean of 0 and the logarithm of 1
    nothing = torch.zeros(4, 6, dtype=torch.float64)
    for agent, name in enumerate(("A", "A", "B")):
        own = observation.entities[:, agent]
        state = own[:, :4].sign() * own[:, :4].abs().log1p()
        context = torch.cat([nothing, state, own[:, 4:], nothing[:, :1]], -1)
        head = model.networks["team" if sharing == "team" else name].head
        assert_close(model(nobody)[:, agent], head(context).squeeze(-1), **EXACT)


@pytest.mark.parametrize("sharing", ["class", "team"])
def test_without_entities_a_central_critic_knows_what_all_agents_see(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    """Others in any order, and in any number; those who have left are as if they had never been."""
    roster = make_roster(2, 3)
    model, whole = critic(replace(roster, entity_size=0, plane=None), sharing), make_observation(roster, 4)
    whole = replace(whole, entities=None, entity_mask=None)
    value = model(whole)
    shuffled = replace(whole, features={"A": whole.features["A"], "B": whole.features["B"][:, [0, 2, 1]]})
    assert_close(model(shuffled)[:, :3], value[:, :3], **EXACT)
    assert_close(model(shuffled)[:, 3:], value[:, [4, 3]], **EXACT)
    moved = {"A": whole.features["A"], "B": whole.features["B"].clone()}
    moved["B"][:, 2] += 1
    assert (model(replace(whole, features=moved)) != value).all()
    left = replace(whole, features=moved, alive=torch.tensor([[True, True, True, True, False]] * 4))
    fewer = {"A": whole.features["A"], "B": whole.features["B"][:, :2]}
    smaller = replace(whole, features=fewer, alive=whole.alive[:, :4])
    assert_close(model(left)[:, :4], model(smaller), **EXACT)
    for shift in (5.0, 1.0):
        model.rescale(torch.tensor(3.0), torch.tensor(shift))
    assert_close(model(whole), 9 * value + 16, **EXACT)


def test_the_mean_over_agents_is_joined_to_ones_own_and_their_number() -> None:
    """Two agents of class A with one feature, embedded as relu(2 x): 6 and 10; and one of B, as relu(3 x): 3."""
    action = ActionSpec("discrete", 2)
    roster = Roster((AgentClass("A", 1, action), AgentClass("B", 1, action)), (2, 1))
    model = AgentCritic(roster, CriticConfig(entity_hidden=(1,), hidden=(4,), squash=False))
    with torch.no_grad():
        for name, weight in (("A", 2.0), ("B", 3.0)):
            linear = next(module for module in model.embed[name].modules() if isinstance(module, torch.nn.Linear))
            linear.weight.fill_(weight)
            linear.bias.zero_()
    seen: list[Tensor] = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    features = {"A": torch.tensor([[[3.0], [5.0]]]), "B": torch.tensor([[[1.0]]])}
    model(features, torch.ones(1, 3, dtype=torch.bool), slice(1, 3))
    expected = [[19 / 3, 10, math.log(3)], [19 / 3, 3, math.log(3)]]
    assert_close(seen[0][0], torch.tensor(expected))


def test_the_state_is_joined_to_what_the_agent_sees() -> None:
    """A state of 2 and 3, embedded as relu(5), and agents that are embedded as relu(2 x) and relu(3 x)."""
    action = ActionSpec("discrete", 2)
    roster = Roster((AgentClass("A", 1, action), AgentClass("B", 1, action)), (2, 1), state=(2,))
    model = StateCritic(roster, CriticConfig(entity_hidden=(1,), hidden=(4,), squash=False))
    with torch.no_grad():
        for network, weight in ((model.embed["A"], 2.0), (model.embed["B"], 3.0), (model.state, 1.0)):
            linear = next(module for module in network.modules() if isinstance(module, torch.nn.Linear))
            linear.weight.fill_(weight)
            linear.bias.zero_()
    seen: list[Tensor] = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    features = {"A": torch.tensor([[[3.0], [5.0]]]), "B": torch.tensor([[[1.0]]])}
    assert model(features, torch.tensor([[2.0, 3.0]]), slice(1, 3)).shape == (1, 2)
    assert_close(seen[0][0], torch.tensor([[5.0, 10.0], [5.0, 3.0]]))


@pytest.mark.parametrize("sharing", ["class", "team"])
@pytest.mark.parametrize("shape", [(3,), (2, 5, 6)])
def test_a_critic_with_a_state_values_it_and_not_what_others_see(
    sharing: str,
    shape: tuple[int, ...],
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
) -> None:
    roster = replace(make_roster(2, 1), state=shape)
    model = Critic(roster, CriticConfig(sharing=sharing, hidden=(8,), entity_hidden=(6,), activation="tanh")).double()
    state = torch.rand(4, *shape, dtype=torch.float64)
    seen = replace(make_observation(roster, 4), state=state)
    value = model(seen)
    assert (model(replace(seen, state=state + 1)) != value).all()
    moved = model(replace(seen, features={"A": seen.features["A"], "B": seen.features["B"] + 1}))
    assert_close(moved[:, :2], value[:, :2])
    assert (moved[:, 2:] != value[:, 2:]).all()
    model.rescale(torch.tensor(3.0), torch.tensor(5.0))
    assert_close(model(seen), 3 * value + 5)


@pytest.mark.parametrize("sharing", ["class", "independent"])
def test_a_critic_that_does_not_squash_tells_far_from_farther(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    """Relu networks are linear far out: what is twice as far has twice the value, unless it was squashed."""
    roster = make_roster(2, 1)
    observation = make_observation(roster, 4)
    assert observation.entities is not None
    far = {name: 1000 * x for name, x in observation.features.items()}
    farther = {name: 2 * x for name, x in far.items()}
    entities = torch.cat([1e6 * observation.entities[..., :4], observation.entities[..., 4:]], -1)
    twice = torch.cat([2 * entities[..., :4], entities[..., 4:]], -1)
    ratios = []
    for squash in (False, True):
        config = CriticConfig(sharing=sharing, hidden=(8,), entity_hidden=(8, 6), squash=squash)
        model = Critic(roster, config).double()
        one = model(replace(observation, features=far, entities=entities))
        other = model(replace(observation, features=farther, entities=twice))
        ratios.append(float((other / one).median()))
    assert ratios[0] == pytest.approx(2.0, abs=0.05)
    assert ratios[1] < 1.6


@pytest.mark.parametrize("sharing", ["class", "team", "independent"])
def test_rescaled_values_are_linear_in_those_before(
    sharing: str, make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(roster, sharing), make_observation(roster, 4)
    before = model(observation)
    for shift in (5.0, 1.0):  # the second time the bias is no longer zero: 3 (3 v + 5) + 1
        model.rescale(torch.tensor(3.0), torch.tensor(shift))
    assert_close(model(observation), 9 * before + 16, **EXACT)


def test_moments_by_parts_give_the_same_values_and_gradients(
    monkeypatch: pytest.MonkeyPatch,
    make_roster: Callable[..., Roster],
    make_observation: Callable[..., Observation],
) -> None:
    roster = make_roster(2, 1)
    model, observation = critic(roster), make_observation(roster, 5, 3)
    results = []
    for elements in (2**20, 2 * 2 * 5 * 8):  # all at once; a few moments at a time, and some left over
        monkeypatch.setattr("marl.networks.critic.PART_ELEMENTS", elements)
        values = model(observation)
        results.append((values, *torch.autograd.grad(values.square().sum(), list(model.parameters()))))
    assert results[0][0].shape == (5, 3, 3)
    entities, mask = observation.entities, observation.entity_mask
    assert entities is not None and mask is not None
    assert model.networks["B"](entities, mask, slice(2, 2)).shape == (5, 3, 0)
    assert_close(results[1], results[0], **EXACT)
