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
from marl.games.registry import is_game_name
from marl.tasks.game_task import GameTask
from marl.tasks.gymnasium_task import GymnasiumTask
from marl.tasks.pettingzoo.names import is_pettingzoo_name, mpe2_names, registered
from marl.tasks.pettingzoo.task import PettingZooTask

__all__ = [
    "GROUP",
    "UnknownTaskError",
    "environment_names",
    "find_policy",
    "find_task",
    "latest_environments",
    "shipped_policies",
]

GROUP = "marl.environments"
MOVED = (
    ("^ALE/|NoFrameskip-v|Deterministic-v", "ale_py", "ale-py"),
    ("^(MiniGrid|BabyAI)-", "minigrid", "minigrid"),
    ("^(Fetch|Hand[RM]|PointMaze|AntMaze|Adroit|FrankaKitchen)", "gymnasium_robotics", "gymnasium-robotics"),
)
"""Environments that were Gymnasium's, or Gym's, or are known as such: pattern of their names, module, package."""


class UnknownTaskError(ConfigError):
    """Task that no installed package offers."""


def find_task(name: str, registry: str | None = None) -> Task:
    """Find a task in the entry-point group ``marl.environments`` or, for other names, in Gymnasium or PettingZoo.

    No module is imported here for a name, but when an environment is made.

    Args:
        name: as ``env.name`` has it. A name of Gymnasium with a module is ``MODULE:NAME-v0``; ``MODULE:FUNCTION``, and
            a module alone, make an environment of PettingZoo.
        registry: ``"gymnasium"`` or ``"pettingzoo"``, for a name that both may have; None for the one that has it.

    Raises:
        UnknownTaskError: if there is no task of that name, or two.
        MissingModuleError: if it cannot be imported.
    """
    tasks = offered(GROUP)
    if name in tasks and registry is None:
        task: Task = load_entry(tasks[name])
        return task
    if registry is None and is_game_name(name):
        return GameTask()
    in_pettingzoo = registry in (None, "pettingzoo") and is_pettingzoo_name(name)
    spec = gymnasium.registry.get(name)
    in_gymnasium = registry in (None, "gymnasium") and (
        (spec is not None and not _is_shim(spec)) or (":" in name and not in_pettingzoo)
    )
    if in_gymnasium and in_pettingzoo:
        raise UnknownTaskError(f"env.name is {name!r}, which Gymnasium and PettingZoo have; name one as env.registry")
    if in_gymnasium or in_pettingzoo:
        return GymnasiumTask() if in_gymnasium else PettingZooTask()
    if registry is None and (known := _elsewhere(name)):
        raise UnknownTaskError(f"env.name is {name!r}, which {known}")
    where = "no installed package offers" if registry is None else f"{registry} does not have"
    raise UnknownTaskError(
        f"env.name is {name!r}, which {where}; {_near(name, tasks)}there is: "
        f"{', '.join(sorted(tasks)) or 'none'}, all of Gymnasium's and PettingZoo's environments, e.g. CartPole-v1 and "
        "butterfly/pistonball-v6, MODULE:NAME for one that a module registers, e.g. ale_py:ALE/Pong-v5, a module that "
        "makes one, e.g. mpe2.simple_spread_v3, or MODULE:FUNCTION. "
        f"Install the package that offers it (it names the task in its entry-point group {GROUP!r})"
    )


def environment_names() -> list[str]:
    """Names of the newest environments of Gymnasium, and of PettingZoo's registry and mpe2."""
    return [*latest_environments(), *registered(), *mpe2_names()]


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


def _near(name: str, tasks: Collection[str]) -> str:
    near = did_you_mean(name, (*environment_names(), *tasks))
    return near and f"{near}Else "
