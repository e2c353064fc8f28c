"""Synchronous advantage actor-critic."""

from __future__ import annotations

from typing import Literal

from marl.algorithms.policy_gradient import PolicyGradient, PolicyGradientConfig

__all__ = ["A2C", "A2CConfig"]


class A2CConfig(PolicyGradientConfig):
    """Settings of A2C."""

    name: Literal["a2c"] = "a2c"
    """The algorithm."""


class A2C(PolicyGradient):
    """One step of the optimiser on each rollout, with generalised advantages.

    Reference: Mnih et al., "Asynchronous Methods for Deep Reinforcement Learning",
    https://arxiv.org/abs/1602.01783, algorithm S3, with synchronous copies.
    """
