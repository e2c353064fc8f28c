from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import Plane, Roster
from marl.networks.configs import MixerConfig
from marl.networks.mixer import QMIX, VDN, Independent, Mixer, make_mixer

MakeObservation = Callable[..., Observation]
MakeRoster = Callable[..., Roster]


@pytest.fixture
def qmix(make_roster: MakeRoster) -> Mixer:
    torch.manual_seed(0)
    return make_mixer(make_roster(), MixerConfig(kind="qmix", width=4, hidden=(8,))).double()


@pytest.fixture
def seen(make_roster: MakeRoster, make_observation: MakeObservation) -> Observation:
    """Six situations of three agents and two more entities."""
    return make_observation(make_roster(2, 1), 1, 6).index(0)


def values(seed: int = 0) -> Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def without_last_agent(seen: Observation) -> Observation:
    assert seen.entity_mask is not None
    alive, mask = seen.alive.clone(), seen.entity_mask.clone()
    alive[:, 2] = mask[:, 2] = False
    return replace(seen, alive=alive, entity_mask=mask)


def test_independent_agents_keep_their_own(seen: Observation) -> None:
    mixer, q_value = Independent(), values()
    assert_close(mixer(q_value, seen), q_value)
    assert_close(mixer.reward(q_value, seen.alive), q_value)
    assert mixer.everyone(q_value > 0).equal(q_value > 0)


def test_vdn_sums_the_agents_that_are_there(seen: Observation) -> None:
    q_value = torch.tensor([[1.0, 2.0, 4.0]]).expand(6, 3)
    assert VDN()(q_value, seen).tolist() == [[7.0]] * 6
    assert VDN()(q_value, without_last_agent(seen)).tolist() == [[3.0]] * 6


def test_who_waits_adds_nothing_and_is_seen_all_the_same(qmix: Mixer, seen: Observation) -> None:
    """In turns only the values of those that are to move are mixed, in a state that has everybody."""
    q_value, acting = torch.tensor([[1.0, 2.0, 4.0]]).expand(6, 3), torch.tensor([True, False, True]).expand(6, 3)
    in_turns = replace(seen, acting=acting)
    assert VDN()(q_value, in_turns).tolist() == [[5.0]] * 6
    assert qmix(values(), in_turns).equal(qmix(values().masked_fill(~acting, 0.0), seen))


@pytest.mark.parametrize("mixer", [VDN(), QMIX(7, Plane(), MixerConfig(kind="qmix"))])
def test_a_teams_reward_is_the_mean_of_those_that_are_there_and_it_ends_with_all(mixer: Mixer) -> None:
    alive = torch.tensor([[True, True, False], [True, True, True]])
    reward = torch.tensor([[1.0, 3.0, 100.0], [1.0, 3.0, 5.0]])
    assert mixer.reward(reward, alive).tolist() == [[2.0], [3.0]]
    assert mixer.everyone(alive).tolist() == [[False], [True]]


def test_qmix_rises_with_every_agents_value_by_an_amount_that_depends_on_the_state(
    qmix: Mixer, seen: Observation
) -> None:
    q_value = values().requires_grad_()
    mixed = qmix(q_value, seen)
    assert mixed.shape == (6, 1)
    (slope,) = torch.autograd.grad(mixed.sum(), q_value)
    assert (slope > 0).all()
    # far above the rounding of float64, which is all that equal slopes would differ by
    assert slope.std(0).min() > 0.01  # from situation to situation
    assert slope.std(1).min() > 0.001  # from agent to agent


def test_qmix_does_not_see_who_is_absent(qmix: Mixer, seen: Observation) -> None:
    fewer, q_value = without_last_agent(seen), values()
    assert fewer.entities is not None
    other = fewer.entities.clone()
    other[:, 2] = 1e3
    elsewhere = q_value.clone()
    elsewhere[:, 2] = 50.0
    assert_close(qmix(elsewhere, replace(fewer, entities=other)), qmix(q_value, fewer))


def test_qmix_takes_a_team_without_an_agent_as_one_in_which_it_is_absent(qmix: Mixer, seen: Observation) -> None:
    fewer = without_last_agent(seen)
    assert fewer.entities is not None and fewer.entity_mask is not None
    rest = [0, 1, 3, 4]
    small = replace(
        fewer, alive=fewer.alive[:, :2], entities=fewer.entities[:, rest], entity_mask=fewer.entity_mask[:, rest]
    )
    assert_close(qmix(values()[:, :2], small), qmix(values(), fewer))


def test_qmix_does_not_change_when_agents_of_a_class_change_places_or_the_world_moves(
    qmix: Mixer, seen: Observation
) -> None:
    assert seen.entities is not None
    order = [1, 0, 2]
    turned = replace(seen, entities=seen.entities[:, [*order, 3, 4]])
    assert_close(qmix(values()[:, order], turned), qmix(values(), seen))
    moved = seen.entities.clone()
    moved[..., :2] += torch.tensor([3.0, -7.0], dtype=torch.float64)
    assert_close(qmix(values(), replace(seen, entities=moved)), qmix(values(), seen))


def test_qmix_follows_its_formula(seen: Observation) -> None:
    """With no hidden influence of the state: elu(sum |w| q + b) |v| + c, worked with constant layers."""
    mixer = QMIX(7, Plane(), MixerConfig(kind="qmix", width=1, hidden=(2,))).double()
    with torch.no_grad():
        for layer in (mixer.agent_weight, mixer.bias, mixer.weight, mixer.offset[-1]):
            layer.weight.zero_()  # type: ignore[operator, union-attr]
        mixer.agent_weight.bias.fill_(-2.0)
        mixer.bias.bias.fill_(1.0)
        mixer.weight.bias.fill_(-3.0)
        mixer.offset[-1].bias.fill_(0.5)  # type: ignore[operator, union-attr]
    q_value = torch.tensor([[1.0, 2.0, -1.0], [-1.0, -1.0, -1.0]], dtype=torch.float64)
    expected = [2 * 2.0 + 1, torch.expm1(torch.tensor(-5.0, dtype=torch.float64)).item()]
    assert_close(
        mixer(q_value, seen.index(slice(2))),
        torch.tensor([[3 * expected[0] + 0.5], [3 * expected[1] + 0.5]], dtype=torch.float64),
    )


def test_qmix_needs_entities(make_roster: MakeRoster) -> None:
    with pytest.raises(ValueError, match=r"mixer\.kind is 'qmix', but this environment gives no entities; use 'vdn'"):
        make_mixer(replace(make_roster(), entity_size=0), MixerConfig(kind="qmix"))


def test_every_parameter_of_qmix_learns(qmix: Mixer, seen: Observation) -> None:
    qmix(values(), seen).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in qmix.parameters())
