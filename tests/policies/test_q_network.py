from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.networks.configs import EncoderConfig, GraphConfig, MixerConfig, QHeadConfig
from marl.policies.configs import QNetworkConfig, read_policy_config
from marl.policies.q_network import QNetwork

MakeRoster = Callable[..., Roster]
MakeObservation = Callable[..., Observation]


def network(roster: Roster, kind: str = "none", **options: Any) -> QNetwork:
    config = QNetworkConfig(
        encoder=EncoderConfig(hidden=(8, 8), temporal="none"),
        graph=GraphConfig.model_validate({"kind": kind, "heads": 2}),
        **options,
    )
    return QNetwork(roster, config).double()


@pytest.mark.parametrize("kind", ["gat", "gcn", "none"])
@pytest.mark.parametrize("is_dueling", [True, False])
def test_permuting_agents_in_their_class_permutes_their_values(
    kind: str, is_dueling: bool, make_roster: MakeRoster, make_observation: MakeObservation, permute: Any
) -> None:
    roster, order = make_roster(2, 3), [1, 0, 4, 2, 3]
    policy, observation = network(roster, kind, head=QHeadConfig(dueling=is_dueling)), make_observation(roster, 4, 3)
    before, after = policy.q_values(observation), policy.q_values(permute(observation, roster, order))
    assert before["A"].shape == (4, 3, 2, 5)
    assert_close(after["A"], before["A"][:, :, [1, 0]])
    assert_close(after["B"], before["B"][:, :, [2, 0, 1]])


@pytest.mark.parametrize("team", [(1, 0), (0, 4), (5, 1)])
def test_a_trained_policy_takes_a_team_of_any_size(
    team: tuple[int, int], make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    policy, roster = network(make_roster(2, 3), "gat"), make_roster(*team)
    action = policy.act(make_observation(roster, 7), None, torch.Generator()).action
    assert {name: chosen.shape for name, chosen in action.items()} == {
        name: (7, count) for name, count in roster.team.items() if count
    }


def test_features_enter_scaled_if_wished(make_roster: MakeRoster, make_observation: MakeObservation) -> None:
    roster = make_roster()
    scaled, plain = network(roster, normalise_features=True), network(roster)
    plain.load_state_dict(scaled.state_dict(), strict=False)
    seen = make_observation(roster, 6, 50)
    far = replace(seen, features={name: 3.0 * x + 7.0 for name, x in seen.features.items()})
    scaled.trunk.features.update(far)
    alive = seen.alive.all(-1)
    assert alive.all()
    by_hand = {name: (x - x.mean((0, 1, 2))) / x.std((0, 1, 2), correction=0) for name, x in far.features.items()}
    assert_close(scaled.q_values(far), plain.q_values(replace(far, features=by_hand)), rtol=0, atol=1e-5)
    assert (plain.q_values(far)["A"] - scaled.q_values(far)["A"]).abs().max() > 1e-3


def test_messages_are_heard(make_roster: MakeRoster, make_observation: MakeObservation) -> None:
    roster = make_roster()
    policy, observation = network(roster, "gat"), make_observation(roster, 6)
    assert policy.has_messages
    silent = policy.q_values(observation.without_messages())
    assert not torch.allclose(policy.q_values(observation)["A"], silent["A"])


def test_it_explores_in_training_mode_with_a_generator_only(
    make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    roster = make_roster()
    policy, observation = network(roster), make_observation(roster, 4000)
    best = {name: values.argmax(-1) for name, values in policy.q_values(observation).items()}

    def share_of_others(generator: torch.Generator | None) -> float:
        action = policy.act(observation, None, generator).action
        return float(torch.cat([action[name] != best[name] for name in best], -1).double().mean())

    policy.epsilon.fill_(0.5)
    assert policy.exploration == 0.5
    assert share_of_others(torch.Generator().manual_seed(0)) == pytest.approx(0.5 * 4 / 5, abs=0.02)
    assert share_of_others(None) == 0
    policy.eval()
    assert share_of_others(torch.Generator().manual_seed(0)) == 0
    policy.train().epsilon.fill_(0.0)
    assert share_of_others(torch.Generator().manual_seed(0)) == 0


@pytest.mark.parametrize("epsilon", [0.0, 1.0])
def test_what_the_mask_forbids_is_never_done(
    epsilon: float, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    roster = make_roster()
    policy, observation = network(roster), make_observation(roster, 500)
    policy.epsilon.fill_(epsilon)
    masks = {name: torch.rand(500, x.shape[1], 5) < 0.4 for name, x in observation.features.items()}
    for mask in masks.values():
        mask[..., 2] |= ~mask.any(-1)
    action = policy.act(replace(observation, action_mask=masks), None, torch.Generator().manual_seed(0)).action
    for name, mask in masks.items():
        assert mask.gather(-1, action[name][..., None]).all()
        if epsilon == 1:
            assert len(action[name].unique()) == 5


def test_a_memory_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"temporal is 'transformer', but .* 'q_network' .*set it to none"):
        read_policy_config({"kind": "q_network", "encoder": {"temporal": "transformer"}})


def test_continuous_actions_are_refused() -> None:
    roster = Roster((AgentClass("car", 3, ActionSpec("continuous", 2)),), (1,))
    with pytest.raises(ValueError, match=r"class 'car' has continuous actions.*actor_critic.*discrete"):
        QNetwork(roster, QNetworkConfig())


def test_a_mixer_that_needs_entities_is_refused_without(make_roster: MakeRoster) -> None:
    with pytest.raises(ValueError, match="no entities"):
        network(replace(make_roster(), entity_size=0), mixer=MixerConfig(kind="qmix"))
