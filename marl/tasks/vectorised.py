"""Copies of a Gymnasium environment, in one process or in several."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import gymnasium
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from marl.core.errors import EnvironmentFailedError
from marl.core.limits import MOST_JOBS
from marl.core.trust import import_named
from marl.tasks.guard import Guard, GuardedEnv
from marl.tasks.processes import Processes

__all__ = ["no_display", "vectorise"]

SDL_DRIVER = "SDL_VIDEODRIVER"


def vectorise(
    name: str,
    num_copies: int,
    arguments: dict[str, Any],
    max_episode_steps: int | None,
    vectorization: str,
    step_timeout: float | None,
) -> SyncVectorEnv | Processes:
    """Make the copies of a Gymnasium environment.

    Args:
        name: name in Gymnasium's registry; ``MODULE:NAME`` imports the module first, if it is trusted.
        num_copies: ``B``.
        arguments: keyword arguments of the environment.
        max_episode_steps: limit of an episode; None for the registered one.
        vectorization: ``"sync"`` for all copies in this process, ``"async"`` for one process each.
        step_timeout: seconds that a reset or a step may take in a process of its own; None for any time.

    Raises:
        ValueError: for an environment that Gymnasium cannot make, or too many processes.
        UntrustedError: see `marl.core.trust.import_named`.
        EnvironmentFailedError: if a process dies or hangs.
    """
    if ":" in name:
        import_named(name)  # before Gymnasium does, which asks nobody
    if max_episode_steps is not None:
        arguments["max_episode_steps"] = max_episode_steps
    if vectorization == "async" and num_copies > MOST_JOBS:
        raise ValueError(
            f"num_copies is {num_copies:,}, and vectorization async has a process for each; give at most {MOST_JOBS:,} "
            "or sync"
        )
    mode: Any = AutoresetMode.SAME_STEP

    def make(copy: int) -> GuardedEnv:
        return GuardedEnv(gymnasium.make(name, disable_env_checker=True, **arguments), Guard(name, copy))

    makers: list[Callable[[], Any]] = [partial(make, copy) for copy in range(num_copies)]
    try:
        probe = make(0)
        if "rgb_array" in probe.metadata.get("render_modes", ()):
            arguments.setdefault("render_mode", "rgb_array")
        probe.close()
        with no_display():  # inherited by the processes started here
            if vectorization == "sync":
                return SyncVectorEnv(makers, copy=False, autoreset_mode=mode)
            return Processes(name, makers, step_timeout, autoreset_mode=mode)
    except EnvironmentFailedError:
        raise
    except (Exception, SystemExit) as error:  # whatever a constructor does
        what = f"{type(error).__name__}: {error}"
        raise ValueError(f"Gymnasium cannot make {name} with {arguments}: {what}") from error


@contextmanager
def no_display() -> Iterator[None]:
    """Tell SDL, with which pygame draws, that there is no display, so that it prints no warning."""
    absent = sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", SDL_DRIVER} & os.environ.keys()
    if absent:
        os.environ[SDL_DRIVER] = "dummy"
    try:
        yield
    finally:
        if absent:
            del os.environ[SDL_DRIVER]
