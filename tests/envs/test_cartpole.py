from __future__ import annotations

import pytest
import torch

import marl
from marl.core.records import Observation
from marl.envs.cartpole import balance
from marl.tasks.gymnasium_config import CLASS


@pytest.mark.parametrize(
    ("angle", "velocity", "expected"), [(0.1, 0.0, 1), (-0.1, 0.0, 0), (0.1, -0.2, 0), (-0.1, 0.2, 1), (0.0, 0.0, 0)]
)
def test_the_rule_pushes_where_the_pole_will_lean(angle: float, velocity: float, expected: int) -> None:
    features = torch.tensor([[[3.0, -5.0, angle, velocity]]])
    action = balance(Observation({CLASS: features}, torch.ones(1, 1, dtype=torch.bool)), torch.Generator())
    assert action[CLASS].tolist() == [[expected]]
    assert action[CLASS].dtype == torch.int64


@pytest.mark.parametrize(("name", "limit", "threshold"), [("CartPole-v1", 500, 475.0), ("CartPole-v0", 200, 195.0)])
def test_the_rule_balances_and_chance_does_not(name: str, limit: int, threshold: float) -> None:
    settings = {"name": name}
    ruled = marl.evaluate(policy="balance", settings=settings, episodes=30)["return_per_agent"]
    drawn = marl.evaluate(policy="random", settings=settings, episodes=30)["return_per_agent"]
    assert ruled["mean"] >= threshold
    assert ruled["maximum"] == limit
    # drawn by Gymnasium's own space 22.1 steps, deviation 11.9 (standard error of 30: 2.2), none of 4,000 over 114
    assert 15 < drawn["mean"] < 30
    assert drawn["maximum"] < 120
    assert marl.make(settings).reward_threshold == threshold
