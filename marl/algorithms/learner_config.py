"""Settings that all learners share."""

from __future__ import annotations

from typing import ClassVar

from marl.core.config import Config

__all__ = ["LearnerConfig"]


class LearnerConfig(Config):
    """Settings of a learner; each has a field ``name`` of its own."""

    policy_kinds: ClassVar[tuple[str, ...]]
    """The kinds of policy that it trains, the usual one first."""
    purpose: ClassVar[str]
    """A line for lists."""
