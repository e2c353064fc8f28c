"""Settings of sides: groups of classes that learn apart in one run, or do not learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from marl.algorithms.configs import ALGORITHMS, AlgorithmConfig, LearnerConfig, PPOConfig
from marl.core.config import Config
from marl.core.settings import laid_over
from marl.core.task import Task
from marl.policies.configs import ActorCriticConfig, PolicyConfig

__all__ = ["SideConfig", "check_pair", "usual_policy", "with_sides"]


class SideConfig(Config):
    """A side."""

    classes: tuple[str, ...] = Field((), min_length=1)
    """Its classes of agents; the class of its own name if none are given."""
    fixed: str | tuple[str, ...] | None = None
    """Player of a side that does not learn: random, a rule of the environment (flee, chase in simple_tag),
    MODULE:FUNCTION for one of one's own, the folder of a run, or a list of these, of which training draws one for each
    episode and evaluation takes the last. None where it learns."""
    algorithm: AlgorithmConfig | None = None
    """Its learner; what is left out is as the run's. None where it does not learn."""
    policy: PolicyConfig | None = None
    """Its networks; what is left out is as the run's. None where it does not learn."""

    @field_validator("fixed")
    @classmethod
    def _from_any_folder(cls, fixed: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if isinstance(fixed, str):
            return str(Path(fixed).resolve()) if Path(fixed).is_dir() else fixed
        if fixed == ():
            raise ValueError("fixed is empty; name random or the folder of a run, or leave it out")
        return fixed and tuple(str(Path(name).resolve()) if Path(name).is_dir() else name for name in fixed)

    @property
    def opponents(self) -> tuple[str, ...]:
        """Players of a side that does not learn; none where it learns."""
        return (self.fixed,) if isinstance(self.fixed, str) else self.fixed or ()


def usual_policy(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings with the kind of policy filled in where none is named: the algorithm's usual one."""
    algorithm, policy = values.get("algorithm"), values.get("policy", {})
    name = algorithm.get("name") if isinstance(algorithm, Mapping) else getattr(algorithm, "name", None)
    if not isinstance(name, str) or name not in ALGORITHMS or not isinstance(policy, Mapping) or "kind" in policy:
        return values
    return {**values, "policy": {"kind": ALGORITHMS[name].policy_kinds[0], **policy}}


def with_sides(values: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
    """Settings of a run in which each side that learns has an algorithm and a policy.

    What it leaves out is as the run's; with another algorithm than the run's it is what suits the task.
    """
    sides = values.get("sides")
    if not isinstance(sides, Mapping) or not sides:
        return values
    completed = {name: _completed(name, side, values, task) for name, side in sides.items()}
    env = values.get("env")
    if isinstance(env, Mapping) and "sides" in task.config_type.model_fields and env.get("sides") is None:
        classes = {name: side["classes"] for name, side in completed.items() if isinstance(side, Mapping)}
        values = {**values, "env": {**env, "sides": classes}}
    return {**values, "sides": completed}


def _completed(name: str, side: Any, values: Mapping[str, Any], task: Task) -> Any:
    side = {} if side is None else side
    if not isinstance(side, Mapping):
        return side
    side = {"classes": [name], **side}
    if side.get("fixed") is not None:
        return {**side, "algorithm": None, "policy": None}
    given, whole = side.get("algorithm") or {}, values.get("algorithm", {})
    if not isinstance(given, Mapping) or not isinstance(whole, Mapping):
        return side
    usual = PPOConfig().name
    algorithm = given.get("name", whole.get("name", usual))
    if algorithm == whole.get("name", usual):
        return _filled(side, algorithm, values)
    if algorithm not in ALGORITHMS:
        return _filled(side, algorithm, {})
    plain, pictured = (_filled(side, algorithm, task.run_settings(algorithm, pictures)) for pictures in (False, True))
    if plain == pictured:
        return plain
    from marl.tasks.environment_config import shows_pictures  # which imports PyTorch

    return pictured if shows_pictures(values["env"]) else plain


def _filled(side: Mapping[str, Any], algorithm: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A side that takes what it leaves out from the settings of a run with its algorithm."""
    found = usual_policy(settings)
    learner = laid_over(side.get("algorithm") or {}, {**found.get("algorithm", {}), "name": algorithm})
    policy = side.get("policy") or {}
    if isinstance(policy, Mapping):
        policy = usual_policy({"algorithm": learner, "policy": policy})["policy"]
        policy = laid_over(policy, found.get("policy", {}))
    return {**side, "algorithm": learner, "policy": policy}


def check_pair(place: str, algorithm: LearnerConfig, policy: Config, num_copies: int, rollout_length: int) -> None:
    """Refuse an algorithm that cannot train a policy, or not with so few copies.

    Args:
        place: what comes before both in the settings, e.g. ``sides.prey.``; empty for those of the run.
        algorithm: the learner.
        policy: the networks.
        num_copies: of the run.
        rollout_length: of the run.

    Raises:
        ValueError: naming the setting, its value and what would do.
    """
    kinds, kind = algorithm.policy_kinds, policy.kind  # type: ignore[attr-defined]
    if kind not in kinds:
        name = algorithm.name  # type: ignore[attr-defined]
        raise ValueError(
            f"{place}policy.kind is {kind!r}, but {place}algorithm.name is {name!r}, which trains "
            f"{' or '.join(kinds)}: give the whole policy as {{kind: {kinds[0]}}}, or another algorithm"
        )
    if not isinstance(algorithm, PPOConfig) or not isinstance(policy, ActorCriticConfig):
        return
    parts, remembers = algorithm.minibatches, policy.encoder.temporal != "none"
    if parts > (num_copies if remembers else num_copies * rollout_length):
        why = f"a policy with memory ({place}policy.encoder.temporal) learns from whole copies"
        raise ValueError(
            f"{place}algorithm.minibatches is {parts}, but num_copies is {num_copies} and rollout_length "
            f"{rollout_length}: {why if remembers else 'too few'}; give more num_copies, or fewer minibatches"
        )
