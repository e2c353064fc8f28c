"""Tasks and their policies, found by name."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import gymnasium
from gymnasium.envs.registration import EnvSpec

from marl.core.entry_points import MissingModuleError, load_entry, offered
from marl.core.errors import ConfigError, FileError
from marl.core.nearest import did_you_mean
from marl.core.task import Task
from marl.core.trust import module_of
from marl.tasks.gymnasium_task import GymnasiumTask

__all__ = ["GROUP", "UnknownTaskError", "find_policy", "find_task", "latest_environments", "shipped_policies"]

GROUP = "marl.environments"
MOVED = (
    ("^ALE/|NoFrameskip-v|Deterministic-v", "ale_py", "ale-py"),
    ("^(MiniGrid|BabyAI)-", "minigrid", "minigrid"),
    ("^(Fetch|Hand[RM]|PointMaze|AntMaze|Adroit|FrankaKitchen)", "gymnasium_robotics", "gymnasium-robotics"),
)
"""Environments that were Gymnasium's, or Gym's, or are known as such: pattern of their names, module, package."""


class UnknownTaskError(ConfigError):
    """Task that no installed package offers."""


def find_task(name: str) -> Task:
    """Find a task in the entry-point group ``marl.environments`` or, for other names, in Gymnasium.

    The module of ``MODULE:NAME`` is not imported here, but when an environment is made.

    Raises:
        UnknownTaskError: if there is no task of that name.
        MissingModuleError: if it cannot be imported.
    """
    tasks, spec = offered(GROUP), gymnasium.registry.get(name)
    if name not in tasks and (module_of(name) or (spec is not None and not _is_shim(spec))):
        return GymnasiumTask()
    if name not in tasks:
        if known := _elsewhere(name):
            raise UnknownTaskError(f"env.name is {name!r}, which {known}")
        raise UnknownTaskError(
            f"env.name is {name!r}, which no installed package offers; {_alike(name, tasks)}there is: "
            f"{', '.join(sorted(tasks)) or 'none'}, and all of Gymnasium's environments, e.g. CartPole-v1, or "
            "MODULE:NAME for one that a module registers, e.g. ale_py:ALE/Pong-v5. "
            f"Install the package that offers it (it names the task in its entry-point group {GROUP!r})"
        )
    task: Task = load_entry(tasks[name])
    return task


def latest_environments() -> dict[str, EnvSpec]:
    """Newest version of each environment that Gymnasium has registered by the name of its class."""
    latest: dict[tuple[str | None, str], EnvSpec] = {}
    for spec in gymnasium.registry.values():
        newest = latest.get((spec.namespace, spec.name), spec)
        if isinstance(spec.entry_point, str) and (spec.version or 0) >= (newest.version or 0):  # else a shim of a Gym
            latest[spec.namespace, spec.name] = spec
    return {spec.id: spec for spec in latest.values()}


def shipped_policies() -> dict[str, Path]:
    """Folders of all policies that come with installed tasks, by name."""
    found: dict[str, Path] = {}
    for name in offered(GROUP):
        with suppress(MissingModuleError):  # policies cannot play without their task's modules
            found |= find_task(name).policies
    return found


def find_policy(run: str | Path) -> Path:
    """Find the folder of a policy: an existing folder, or else a policy that comes with a task.

    Raises:
        FileError: if there is neither; names the policies that come with tasks.
    """
    if Path(run).exists():
        return Path(run)
    shipped = shipped_policies()
    if str(run) not in shipped:
        names = ", ".join(shipped)
        raise FileError(
            f"{run} does not exist; name the folder of a run, its policy/, or a policy that comes with an installed "
            f"package: {names}"
        )
    return shipped[str(run)]


def _is_shim(spec: EnvSpec) -> bool:
    """True for a name that Gymnasium keeps only to say that the environment has moved, as Ant-v3."""
    return callable(spec.entry_point) and spec.entry_point.__module__.startswith("gymnasium.")


def _elsewhere(name: str) -> str | None:
    """Other versions of a name of Gymnasium, or the package to which it moved, in words; None if there are none."""
    try:
        parsed = gymnasium.envs.registration.parse_env_id(name)
    except gymnasium.error.Error:
        return None
    same = (spec for spec in gymnasium.registry.values() if (spec.namespace, spec.name) == parsed[:2])
    specs = [spec for spec in same if not _is_shim(spec)]
    if specs:
        return f"Gymnasium {gymnasium.__version__} does not have; it has {' and '.join(spec.id for spec in specs)}"
    for pattern, module, package in MOVED:
        if re.search(pattern, name):
            return f"is registered by the module {module}: name it {module}:{name} (pip install {package})"
    return None


def _alike(name: str, offered: Collection[str]) -> str:
    near = did_you_mean(name, (*latest_environments(), *offered))
    return near and f"{near}Else "
