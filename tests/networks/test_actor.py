from __future__ import annotations

import torch
from torch.testing import assert_close

from marl.core.roster import ActionSpec
from marl.maths.distributions import Categorical, DiagonalGaussian
from marl.networks.actor import Actor
from marl.networks.configs import ActorConfig


def test_a_new_discrete_actor_is_almost_uniform() -> None:
    distribution = Actor(8, ActionSpec("discrete", 5), ActorConfig())(torch.randn(3, 4, 2, 8), None)
    assert isinstance(distribution, Categorical)
    assert_close(distribution.log_probs.exp(), torch.full((3, 4, 2, 5), 0.2), atol=0.02, rtol=0)


def test_what_the_mask_forbids_has_no_probability() -> None:
    mask = torch.tensor([[True, False, True], [False, True, False]])
    distribution = Actor(8, ActionSpec("discrete", 3), ActorConfig(hidden=(16,)))(
        torch.randn(5, 2, 8), mask.expand(5, 2, 3)
    )
    assert isinstance(distribution, Categorical)
    assert ((distribution.log_probs.exp() > 0) == mask).all()


def test_a_new_continuous_actor_is_centred_and_spreads_over_half_the_range() -> None:
    distribution = Actor(8, ActionSpec("continuous", 2), ActorConfig())(torch.randn(5, 2, 8), None)
    assert isinstance(distribution, DiagonalGaussian)
    assert_close(distribution.mean, torch.zeros(5, 2, 2), atol=0.15, rtol=0)
    assert_close(distribution.log_std.exp(), torch.ones(2))


def test_a_bounded_mean_stays_between_the_bounds_and_another_does_not() -> None:
    embedding, action = 1000 * torch.randn(5, 2, 8), ActionSpec("continuous", 3)
    means = {}
    for bounded in (False, True):
        torch.manual_seed(1)
        distribution = Actor(8, action, ActorConfig(bounded=bounded))(embedding, None)
        assert isinstance(distribution, DiagonalGaussian)
        means[bounded] = distribution.mean
    assert (means[False].abs() > 1).any()
    assert_close(means[True], means[False].tanh())
