from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from meeting import Meeting
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import PPOConfig
from marl.algorithms.ppo import PPO
from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.networks.configs import CriticConfig, EncoderConfig, GraphConfig
from marl.policies.actor_critic import ActorCritic, Evaluation
from marl.policies.configs import ActorCriticConfig
from marl.training.collector import Collector

LENGTH, COPIES = 5, 3
EXACT = {"rtol": 0.0, "atol": 1e-12}

MakePolicy = Callable[..., ActorCritic]
MakeRoster = Callable[..., Roster]
MakeObservation = Callable[..., Observation]
MakeMemory = Callable[..., Memory]
AsRollout = Callable[..., Rollout]


def random_actions(observation: Observation) -> dict[str, Tensor]:
    return {name: torch.randint(5, x.shape[:-1]) for name, x in observation.features.items()}


def all_of(evaluation: Evaluation) -> list[Tensor]:
    assert evaluation.prediction is not None
    return [evaluation.log_prob, evaluation.entropy, evaluation.value, evaluation.prediction]


@pytest.mark.parametrize("kind", ["gat", "gcn", "none"])
@pytest.mark.parametrize("critic", ["class", "team", "independent"])
def test_permuting_agents_in_their_class_permutes_everything(
    kind: str,
    critic: str,
    make_policy: MakePolicy,
    make_roster: MakeRoster,
    make_observation: MakeObservation,
    make_memory: MakeMemory,
    permute: Callable[..., Observation],
    as_rollout: AsRollout,
) -> None:
    roster, order = make_roster(2, 3), torch.tensor([1, 0, 4, 2, 3])
    policy = make_policy(roster, kind=kind, critic=critic)
    observation, memory = make_observation(roster, LENGTH, COPIES), make_memory(COPIES, 5, 1, 3, 8)
    action = random_actions(observation)
    before = policy.evaluate(as_rollout(observation, memory, action=action))
    shuffled = Memory(memory.keys[:, order], memory.values[:, order], memory.valid)
    places = {name: order[agents] - agents.start for name, agents in roster.slices.items()}
    after = policy.evaluate(
        as_rollout(
            permute(observation, roster, order.tolist()),
            shuffled,
            action={name: action[name][..., index] for name, index in places.items()},
        )
    )
    for ours, theirs in zip(all_of(after), all_of(before), strict=True):
        assert_close(ours, theirs[:, :, order], **EXACT)


def test_acting_without_a_generator_takes_the_likeliest(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation, as_rollout: AsRollout
) -> None:
    roster = make_roster(1, 2)
    policy, observation = make_policy(roster, temporal="none"), make_observation(roster, 1, COPIES)
    act = policy.act(observation.index(0), None)
    for other in range(5):
        action = {name: torch.full(x.shape[:-1], other) for name, x in observation.features.items()}
        assert (policy.evaluate(as_rollout(observation, action=action)).log_prob[0] <= act.log_prob + 1e-12).all()


def test_illegal_actions_are_not_taken(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    roster = make_roster(1, 2)
    policy, observation = make_policy(roster), make_observation(roster, 500)
    mask = {
        "B": torch.tensor([[True, False, False, True, False], [False, False, True, False, False]]).expand(500, 2, 5)
    }
    memory = policy.initial_memory(500, 3)
    act = policy.act(replace(observation, action_mask=mask), memory, torch.Generator().manual_seed(0))
    assert set(act.action["B"][:, 0].tolist()) == {0, 3}
    assert set(act.action["B"][:, 1].tolist()) == {2}
    assert (act.log_prob[:, 2] == 0).all()
    assert set(act.action["A"].flatten().tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("team", [(1, 0), (0, 3), (9, 7), (2, 2)])
@pytest.mark.parametrize("sharing", ["class", "team", "agent"])
def test_a_policy_plays_in_teams_of_any_size(
    team: tuple[int, int],
    sharing: str,
    make_policy: MakePolicy,
    make_roster: MakeRoster,
    make_observation: MakeObservation,
    as_rollout: AsRollout,
) -> None:
    policy, roster = make_policy(make_roster(2, 2), sharing=sharing), make_roster(*team)
    observation, memory = make_observation(roster, LENGTH, COPIES), policy.initial_memory(COPIES, roster.size)
    act = policy.act(observation.index(0), memory, torch.Generator().manual_seed(0))
    assert {name: x.shape[-1] for name, x in act.action.items()} == {k: n for k, n in roster.team.items() if n}
    assert act.log_prob.shape == (COPIES, roster.size)
    evaluation = policy.evaluate(as_rollout(observation, memory, action=random_actions(observation)))
    assert all(x.shape[:3] == (LENGTH, COPIES, roster.size) and x.isfinite().all() for x in all_of(evaluation))


@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_absent_agents_change_nothing_for_those_who_are_there(
    kind: str,
    make_meeting: Callable[..., Meeting],
    team_config: Callable[..., ActorCriticConfig],
    as_rollout: AsRollout,
) -> None:
    """A team of 2 + 1 alone, and in copies made for 4 + 3, in the same world for three steps."""
    kept = [0, 1, 4]  # places of the 2 + 1 among the 4 + 3
    options = {"num_copies": 2, "max_cycles": 50, "dtype": torch.float64, "target": "still"}
    small = make_meeting({"A": 2, "B": 1}, **options)
    large = make_meeting({"A": 4, "B": 3}, training_teams=({"A": 2, "B": 1},), **options)
    policy = ActorCritic(small.roster, team_config(kind=kind, layers=2)).double()
    for actor in policy.actors.values():
        torch.nn.init.normal_(actor.network[-1].weight)
    small.reset(0)
    position, velocity = small.position, torch.randn(2, 5, 2, dtype=torch.float64) * 0.5
    crowd_position, crowd_velocity = torch.zeros(2, 2, 9, 2, dtype=torch.float64)
    crowd_position[:, [*kept, 7, 8]], crowd_velocity[:, [*kept, 7, 8]] = position, velocity
    large.reset(0)
    seen, crowd = small.place(position, velocity), large.place(crowd_position, crowd_velocity)
    memory, crowd_memory = policy.initial_memory(2, 3), policy.initial_memory(2, 7)
    for _ in range(3):
        assert seen.adjacency is not None
        assert seen.adjacency.any()
        act, crowd_act = policy.act(seen, memory), policy.act(crowd, crowd_memory)
        assert_close(crowd_act.log_prob[:, kept], act.log_prob, **EXACT)
        assert crowd_act.action["A"][:, :2].equal(act.action["A"])
        ours, theirs = (
            policy.evaluate(as_rollout(o.index(None), m)) for o, m in ((crowd, crowd_memory), (seen, memory))
        )
        for in_crowd, alone in zip(all_of(ours), all_of(theirs), strict=True):
            assert_close(in_crowd[:, :, kept], alone, **EXACT)
        seen, crowd = small.step(act.action).observation, large.step(crowd_act.action).observation
        memory, crowd_memory = act.memory, crowd_act.memory


def gradients(policy: ActorCritic, meeting: Meeting, **options: Any) -> tuple[set[str], set[str]]:
    """Names of the parameters that a PPO update reaches, and of those that it does not."""
    collector = Collector(meeting, 6, seed=0)
    collector.collect(policy)
    rollout = collector.collect(policy).batch
    learner = PPO(policy, PPOConfig(epochs=1, minibatches=1, **options), seed=0)
    learner.update(rollout, 0.0)
    names, sizes = zip(*((name, p.numel()) for name, p in policy.named_parameters()), strict=True)
    moments = learner.state()["optimiser"]["exp_avg"].split(sizes)  # a share of the gradient after one step
    reached = {name for name, moment in zip(names, moments, strict=True) if moment.any()}
    return reached, set(names) - reached


@pytest.mark.parametrize("sharing", ["class", "team", "agent"])
@pytest.mark.parametrize("critic", ["class", "team", "independent"])
@pytest.mark.parametrize("kind", ["gat", "gcn"])
def test_the_gradient_reaches_every_parameter(
    sharing: str,
    critic: str,
    kind: str,
    make_meeting: Callable[..., Meeting],
    team_config: Callable[..., ActorCriticConfig],
) -> None:
    meeting = make_meeting({"A": 2, "B": 2}, num_copies=8)
    policy = ActorCritic(meeting.roster, team_config(kind=kind, sharing=sharing, critic=critic, layers=2))
    assert gradients(policy, meeting, auxiliary_coef=0.5)[1] == set()


def test_the_gradient_does_not_reach_what_took_no_part(
    make_meeting: Callable[..., Meeting], team_config: Callable[..., ActorCriticConfig]
) -> None:
    """A class without agents, and the predictor if nothing is predicted."""
    meeting = make_meeting({"A": 3, "B": 0}, num_copies=8)
    policy = ActorCritic(meeting.roster, team_config())
    untouched = {name for name, _ in policy.named_parameters() if name.startswith("predictor.") or ".B." in name}
    assert gradients(policy, meeting)[1] == untouched


def test_messages_off_is_a_graph_without_links(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation, as_rollout: AsRollout
) -> None:
    """Everybody then acts as if alone."""
    roster = make_roster(1, 2)
    policy, observation = make_policy(roster, temporal="none"), make_observation(roster, 1, COPIES, links=1.0)
    silent = observation.without_messages()
    off = policy.evaluate(as_rollout(silent, None)).log_prob
    assert not off.allclose(policy.evaluate(as_rollout(observation, None)).log_prob)
    assert_close(
        off, policy.evaluate(as_rollout(make_observation(roster, 1, COPIES, links=0.0), None)).log_prob, **EXACT
    )
    assert observation.kinematics is not None
    assert observation.entities is not None
    first = Observation(
        features={"A": observation.features["A"]},
        alive=observation.alive[..., :1],
        adjacency=torch.zeros(1, COPIES, 1, 1, dtype=torch.bool),
        kinematics=observation.kinematics[..., :1, :],
        entities=observation.entities,
        entity_mask=observation.entity_mask,
    )
    assert_close(policy.evaluate(as_rollout(first, None)).log_prob, off[..., :1], **EXACT)


def test_values_are_in_units_of_the_return(
    make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation, as_rollout: AsRollout
) -> None:
    """Returns of 3 and 7 have mean 5 and deviation 2."""
    roster = make_roster(1, 2)
    policy, observation = make_policy(roster), make_observation(roster, 1, COPIES)
    policy.normaliser.update(torch.tensor([3.0, 7.0], dtype=torch.float64))
    normalised = policy.evaluate(as_rollout(observation, policy.initial_memory(COPIES, 3))).value
    assert_close(policy.value(observation), 5 + 2 * normalised.detach())


@pytest.mark.parametrize("preserve", [True, False])
def test_values_stay_where_they_are_to_be_preserved(
    preserve: bool, make_policy: MakePolicy, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    policy = make_policy(roster := make_roster(1, 2), preserve_values=preserve)
    before = policy.value(observation := make_observation(roster, 1, COPIES))
    policy.take_returns(torch.tensor([18.0, 22.0], dtype=torch.float64))  # mean 20, deviation 2
    assert_close(policy.value(observation), before if preserve else 20 + 2 * before)


def test_units_of_normalised_features_change_nothing() -> None:
    """Actors and critics see the same whether a class observes in metres or in shifted centimetres."""
    roster = Roster((AgentClass("solo", 3, ActionSpec("discrete", 4)),), (2,))
    config = ActorCriticConfig(
        encoder=EncoderConfig(hidden=(8,), temporal="none"),
        graph=GraphConfig(kind="none"),
        critic=CriticConfig(sharing="independent", hidden=(8,)),
        normalise_features=True,
    )
    metres = torch.randn(20, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    found = []
    for features in (metres, 100 * metres + 7):
        torch.manual_seed(0)
        policy = ActorCritic(roster, config)
        seen = Observation({"solo": features}, torch.ones(20, 4, 2, dtype=torch.bool))
        policy.trunk.features.update(seen)
        chosen = policy.act(seen.index(0), None, torch.Generator().manual_seed(1))
        found.append((policy.value(seen), chosen.log_prob))
    for one, other in zip(*found, strict=True):
        assert_close(one, other, rtol=1e-3, atol=1e-4)
