"""Copies of a Gymnasium environment, in one process or in several."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import gymnasium
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from marl.core.errors import EnvironmentFailedError
from marl.core.limits import MOST_JOBS
from marl.core.trust import import_named
from marl.tasks.generators import Draws
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
    draws = Draws()

    def make(copy: int) -> GuardedEnv:
        return GuardedEnv(gymnasium.make(name, disable_env_checker=True, **arguments), Guard(name, copy), draws)

    makers: list[Callable[[], Any]] = [partial(make, copy) for copy in range(num_copies)]
    try:
        with no_display():  # inherited by the processes started here
            first = _drawing(partial(make, 0), arguments)
            if vectorization == "sync":
                return SyncVectorEnv([lambda: first, *makers[1:]], copy=False, autoreset_mode=mode)
            _discard(first)
            return Processes(name, makers, step_timeout, autoreset_mode=mode)
    except EnvironmentFailedError:
        raise
    except (Exception, SystemExit) as error:  # whatever a constructor does
        if isinstance(error, RuntimeError) and "space" in str(error):
            raise ValueError(f"the copies of {name} differ, and Gymnasium steps those alike: {error}") from error
        what = f"{type(error).__name__}: {error}"
        given = f" with {arguments}" if arguments else ""
        raise ValueError(f"Gymnasium cannot make {name}{given}: {what}") from error


def _drawing(make: Callable[[], GuardedEnv], arguments: dict[str, Any]) -> GuardedEnv:
    """Make a copy that draws pictures, if it can, and set ``arguments`` to what it took."""
    plain = make()
    if "rgb_array" not in plain.metadata.get("render_modes", ()) or "render_mode" in arguments:
        return plain
    arguments["render_mode"] = "rgb_array"
    try:
        drawing = make()
    except Exception:  # names the mode, but does not take it, or lacks what it draws with
        del arguments["render_mode"]
        return plain
    _discard(plain)
    return drawing


def _discard(env: GuardedEnv) -> None:
    with suppress(Exception):  # it was made to be looked at
        env.close()


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
