"""Policies as ONNX files, which run where neither this package nor PyTorch is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from marl.core.composition import format_team
from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.records import Observation
from marl.core.task import Task
from marl.core.trust import trusting
from marl.core.wording import argument
from marl.evaluation.access import check_fit
from marl.evaluation.onnx_file import check_out, check_packages, write_onnx
from marl.policies.named_policy import NamedPolicy
from marl.policies.policy import Policy
from marl.policies.saved import load_policy
from marl.policies.sides import Sides
from marl.tasks.compatibility import check_settings
from marl.tasks.environment_config import environment_config, make_environment
from marl.tasks.registry import find_policy, find_task

__all__ = ["export", "export_policy"]


def export(
    run: str | Path,
    out: str | Path,
    largest_team: str | None = None,
    side: str | None = None,
    trust: str | Iterable[str] = (),
    **overrides: Any,
) -> dict[str, Any]:
    """Write the policy of a run as an ONNX file; docs/export.md tells how it is used.

    Args:
        run: as for `load`.
        out: the file, ending in ``.onnx``; one that is there is replaced.
        largest_team: largest team that the file plays, e.g. ``"A=8,B=8"``; None for that of the run's settings.
        side: the side to export, where several were trained.
        trust: modules that may be imported where the run names them; those imported already may.
        overrides: other fields of the environment's settings, e.g. ``arguments={"n_pursuers": 8}``.

    Returns:
        Facts that the file's metadata have too, as JSON under ``marl``: ``team``, ``smaller_teams`` (True if they
        can play), and ``class``, ``shape``, ``dtype`` and ``meaning`` of each of ``inputs`` and ``outputs``; and
        ``largest_difference`` of an output to PyTorch's.

    Raises:
        ConfigError: if a package is missing, a setting cannot be used, or the policy cannot be exported or play the
            team.
        FileError: if there is no policy, or it cannot be used.
        UntrustedError: if the run names a module that is not trusted.
    """
    with trusting(trust):
        return export_policy(run, out, largest_team, side, None, overrides)


def export_policy(
    run: str | Path,
    out: str | Path,
    largest_team: str | None,
    side: str | None,
    settings: Mapping[str, Any] | None,
    overrides: Mapping[str, Any],
) -> dict[str, Any]:
    """As `export`; ``settings`` are those of the environment, None for the run's."""
    path = check_out(out)
    check_packages()
    saved = load_policy(find_policy(run))
    policy = _of_side(saved.policy, side)
    settings = saved.environment if settings is None else settings
    team = {} if largest_team is None else _team(settings, largest_team)
    with _named(largest_team):
        task, config = environment_config(settings, {**overrides, **team})
        check_settings(saved.environment, task, config)
        seen = _observation(saved.policy, task, config)
    if isinstance(saved.policy, Sides) and side is not None:
        seen = saved.policy.selections(seen)[side].observation(seen)
    named = NamedPolicy(policy, seen)
    facts = {
        "environment": saved.environment["name"],
        "policy": getattr(policy.config, "kind", "actor_critic"),
        "team": named.sizes,
        "smaller_teams": _plays_smaller(saved.policy, task, config),
    }
    return write_onnx(named, facts, path)


def _team(settings: Mapping[str, Any], largest_team: str) -> dict[str, str]:
    """Setting that makes the largest team.

    Raises:
        ConfigError: for an environment whose team is not a setting.
    """
    if "team" in find_task(settings["name"], settings.get("registry")).config_type.model_fields:
        return {"team": largest_team}
    raise ConfigError(
        f"{argument('largest_team')} is {largest_team!r}, but {settings['name']} has no team to choose; leave it out, "
        f"and change an argument that makes more agents, if there is one, e.g. {argument('env.arguments.n_agents')}"
    )


@contextmanager
def _named(largest_team: str | None) -> Iterator[None]:
    """Name the largest team in errors, if one is given."""
    try:
        yield
    except ConfigError as error:
        if largest_team is None:
            raise
        raise ConfigError(f"{argument('largest_team')} is {largest_team!r}: {error}") from error


def _of_side(policy: Policy, side: str | None) -> Policy:
    """Policy of a side; the policy itself where there are no sides.

    Raises:
        ConfigError: if no side is named where there are several, or one that is not there.
    """
    if not isinstance(policy, Sides):
        if side is not None:
            raise ConfigError(f"{argument('side')} is {side!r}, but the run has one policy for all; leave it out")
        return policy
    names = list(policy.policies)
    if side not in names:
        told = "the run has a policy for each side" if side is None else f"there is no side {side!r}"
        near = did_you_mean(side or "", names)
        example = argument("side", names[0], repr(names[0]))
        raise ConfigError(f"{told}; {near}give one of {', '.join(names)}, e.g. {example}")
    return policy.policies[side]


def _observation(policy: Policy, task: Task, config: Config) -> Observation:
    """First observation of an environment in two copies: the size of one copy would be taken for a constant.

    Raises:
        ConfigError: if the policy does not fit the environment.
    """
    environment = make_environment(task, config, 1)
    try:
        check_fit(policy, environment)
        return environment.reset(0).map(lambda x: torch.cat([x, x]))
    finally:
        environment.close()


def _plays_smaller(policy: Policy, task: Task, config: Config) -> bool:
    """True unless what a class sees depends on the number of agents, as it does if it sees each of its teammates."""
    team = getattr(config, "team", None)
    if not team or sum(team.values()) == 1:
        return True
    name = max(team, key=team.__getitem__)
    fewer = format_team({**team, name: team[name] - 1})
    try:
        _observation(policy, *environment_config(config.model_dump(), {"team": fewer}))
    except ConfigError:
        return False
    return True
