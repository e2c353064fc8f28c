"""Kinds of the parts of a run's settings that are unions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, get_args

from marl.algorithms.configs import ALGORITHMS, HardTarget, SoftTarget
from marl.games.search.configs import SearchConfig
from marl.maths.schedules import ExponentialDecay, LinearDecay, LogarithmicDecay
from marl.policies.configs import POLICY_KINDS, TrunkConfig

__all__ = ["CHOICES"]


def _kinds(*models: Any) -> tuple[str, ...]:
    return tuple(model.model_fields["kind"].default for model in models)


RATES = ("number", *_kinds(LinearDecay, ExponentialDecay, LogarithmicDecay))

CHOICES: dict[int | str, Collection[str]] = {
    "policy": POLICY_KINDS,
    "algorithm": ALGORITHMS,
    "exploration": RATES,
    "learning_rate": RATES,
    "target": _kinds(HardTarget, SoftTarget),
    "search": _kinds(*get_args(get_args(SearchConfig)[0])),
    "trunk": _kinds(*get_args(get_args(TrunkConfig)[0])),
}
"""Kinds of each such part; a validator puts the kind after the name of the part."""
