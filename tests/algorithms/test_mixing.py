"""The two-step game of the QMIX paper: where a sum of the agents' values is not enough.

Rashid et al., https://arxiv.org/abs/1803.11485, section 6: the first agent's action chooses one of two games. In the
first everything brings 7; in the second both must do the same to get 8, and one alone destroys what the other does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.testing import assert_close

from marl.algorithms.configs import DQNConfig, HardTarget
from marl.algorithms.kinds import make_learner
from marl.core.records import Observation, Step
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.maths.schedules import LinearDecay
from marl.networks.configs import EncoderConfig, MixerConfig
from marl.policies.configs import QNetworkConfig
from marl.policies.q_network import QNetwork
from marl.training.collector import Collector

COPIES = 32
SAFE, PAIRED = torch.full((2, 2), 7.0), torch.tensor([[0.0, 1.0], [1.0, 8.0]])


class TwoStepGame:
    """State 0 leads to 1 (safe) or 2 (paired) by the first agent's action; both see the state."""

    num_copies, device = COPIES, torch.device("cpu")
    events: Mapping[str, str] = MappingProxyType({})
    metrics: Mapping[str, float] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    numbered = False
    roster = Roster((AgentClass("solo", 5, ActionSpec("discrete", 2)),), (2,), Plane(), entity_size=9)

    def reset(self, seed: int) -> Observation:
        self.place = torch.zeros(COPIES, dtype=torch.long)
        return observe(self.place)

    def step(self, action: dict[str, Tensor]) -> Step:
        first, second = action["solo"].unbind(1)
        paid = torch.where(self.place == 1, SAFE[first, second], PAIRED[first, second])
        over = self.place > 0
        successor = observe(torch.where(over, self.place, first + 1))
        self.place = torch.where(over, 0, first + 1)
        terminated = over[:, None].expand(COPIES, 2)
        reward = (paid * over)[:, None].expand(COPIES, 2)
        return Step(successor, observe(self.place), reward, terminated, torch.zeros_like(terminated), {})


def observe(place: Tensor) -> Observation:
    """Features: state and agent; entities stand still, their kind tells the state."""
    state = torch.eye(3)[place][:, None].expand(-1, 2, -1)
    agent = torch.eye(2).expand(len(place), -1, -1)
    there = torch.ones(len(place), 2, dtype=torch.bool)
    entities = torch.cat([torch.zeros(len(place), 2, 4), state, agent], -1)
    return Observation({"solo": torch.cat([state, agent], -1)}, there, entities=entities, entity_mask=there)


def trained(kind: str) -> QNetwork:
    """Under actions drawn evenly, as in the paper's appendix."""
    config = QNetworkConfig(
        encoder=EncoderConfig(hidden=(32,), squash=False, temporal="none"),
        mixer=MixerConfig.model_validate({"kind": kind, "width": 8, "hidden": (16,)}),
    )
    torch.manual_seed(0)
    policy = QNetwork(TwoStepGame.roster, config)
    learner = make_learner(
        policy,
        DQNConfig(
            learning_rate=(0.005, 0.0005),
            batch_size=128,
            learning_starts=512,
            updates_per_iteration=8,
            exploration=LinearDecay(start=1.0, end=1.0),
            target=HardTarget(every=20),
            loss="squared",
        ),
        seed=0,
    )
    collector = Collector(TwoStepGame(), 4, seed=0)  # type: ignore[arg-type]
    for update in range(UPDATES):
        learner.update(collector.collect(policy).batch, update / UPDATES)
    return policy.eval()


UPDATES = 250


def mixed(policy: QNetwork, place: int) -> Tensor:
    """``[2, 2]``: the team's value of each pair of actions in a state."""
    seen = observe(torch.full((4,), place))
    values = policy.q_values(seen)["solo"].detach()
    pairs = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    q_value = values.gather(-1, pairs[..., None]).squeeze(-1)
    return policy.mixer(q_value, seen).detach().view(2, 2)


def greedy_return(policy: QNetwork) -> float:
    environment = TwoStepGame()
    observation = environment.reset(0)
    observation = environment.step(policy.act(observation, None).action).observation
    return float(environment.step(policy.act(observation, None).action).reward.mean())


def test_qmix_finds_the_pair_that_is_worth_most() -> None:
    policy = trained("qmix")
    assert_close(mixed(policy, 1), SAFE, rtol=0, atol=0.3)
    assert_close(mixed(policy, 2), PAIRED, rtol=0, atol=0.5)
    assert greedy_return(policy) == 8.0


def test_vdn_learns_the_best_sum_and_stays_safe() -> None:
    """Least squares over evenly drawn pairs: rows' mean plus columns' mean minus the whole mean."""
    policy = trained("vdn")
    best = PAIRED.mean(1, keepdim=True) + PAIRED.mean(0, keepdim=True) - PAIRED.mean()
    assert best.tolist() == [[-1.5, 2.5], [2.5, 6.5]]
    assert_close(mixed(policy, 2), best, rtol=0, atol=0.5)
    assert_close(mixed(policy, 1), SAFE, rtol=0, atol=0.3)  # the team's 7, though each of the two is told 7
    assert greedy_return(policy) == 7.0
