"""Agents that die, are cut, join and take turns: each learner must know what their steps are worth."""

from __future__ import annotations

import torch
from leaving import Written
from probe_learners import CRITICS, Q_NETWORKS, each, trained, values
from torch.testing import assert_close

from marl.algorithms.configs import LearnerConfig


@each({name: {**CRITICS, **Q_NETWORKS}[name] for name in ("a2c", "dqn", "far_dqn")})
def test_each_is_worth_what_it_has_ahead(config: LearnerConfig) -> None:
    """The first dies at 2, the second is cut at 4 while others play on, the third joins at 2, the last has both flags.

    One a step is worth 1 + 0.9 + ... until one dies, and 1 / (1 - 0.9) = 10 if one is only cut; both flags are a death.
    """
    environment = Written(("xx", "xxxx", "--xxxx", "xxx"), ("dies", "cut", "dies", "both"))
    found = values(trained(environment, config, 300), environment)
    assert_close(found[:2, 0], torch.tensor([1.9, 1.0]), rtol=0.02, atol=0)
    assert_close(found[:4, 1], torch.full((4,), 10.0), rtol=0.02, atol=0)
    assert_close(found[2:6, 2], torch.tensor([3.439, 2.71, 1.9, 1.0]), rtol=0.02, atol=0)
    assert_close(found[:3, 3], torch.tensor([2.71, 1.9, 1.0]), rtol=0.02, atol=0)


@each({"a2c": CRITICS["a2c"]})
def test_in_turns_an_act_is_worth_what_comes_until_the_next(config: LearnerConfig) -> None:
    """Paid 1 for an own act and 2 after the other's, in a game of six turns.

    The first has 1 + 2 for each of its three acts: 3, 3 + 0.9 * 3 = 5.7, 8.13. The second begins later, so that its
    last act brings 1: 1, 3 + 0.9 = 3.9, 6.51; what it is paid before its first is for no act.
    """
    paid = ((1.0, 2.0, 1.0, 2.0, 1.0, 2.0), (2.0, 1.0, 2.0, 1.0, 2.0, 1.0))
    environment = Written(("x.x.x.", ".x.x.x"), ("dies", "dies"), paid)
    found = values(trained(environment, config, 150, length=8), environment)
    assert_close(found[::2, 0], torch.tensor([8.13, 5.7, 3.0]), rtol=0.02, atol=0)
    assert_close(found[1::2, 1], torch.tensor([6.51, 3.9, 1.0]), rtol=0.02, atol=0)
