"""Number of processes that step the copies of an environment, by what a step costs."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import torch

from marl.core.environment import TaskEnvironment
from marl.core.errors import Note
from marl.system.process_pool import usable_cores
from marl.tasks.gymnasium_config import GymnasiumConfig
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.random_actions import random_actions

__all__ = ["fastest", "make_with_processes"]

Made = TypeVar("Made", bound=TaskEnvironment)

MESSAGE = 1.5e-4
"""Seconds that a process more costs at each step: a message to it and back."""
SAMPLE = 4
"""Copies that are measured beside a single one."""
SECONDS, STEPS = 0.2, 64
"""Longest time, and most steps, of a measurement."""


def make_with_processes(
    make: Callable[[int, int, float | None, torch.device | str], Made],
    config: GymnasiumConfig | PettingZooConfig,
    num_copies: int,
    training: bool,
    device: torch.device | str,
) -> Made:
    """Make an environment whose copies are stepped by the processes of its settings; in evaluation by this one.

    Where the settings say ``auto``, a step is measured, and a note says what it takes.

    Args:
        make: makes the environment from numbers of copies and of processes, the seconds for a step, and the device.
        config: settings.
        num_copies: ``B``.
        training: True for training.
        device: device of the tensors.
    """
    if not training:
        return make(num_copies, 1, None, device)
    processes = _measured(make, num_copies) if config.processes == "auto" else config.processes
    return make(num_copies, processes, config.step_timeout, device)


def fastest(seconds: float, num_copies: int, most: int) -> int:
    """Number of processes ``P`` with which a step of all copies takes the shortest time.

    It is that of ``ceil(B / P)`` copies in each process, and of a message to each of several.

    Args:
        seconds: of a step of one copy.
        num_copies: ``B``.
        most: largest number.
    """
    return min(range(1, most + 1), key=lambda p: -(-num_copies // p) * seconds + (p * MESSAGE if p > 1 else 0))


def _measured(make: Callable[[int, int, float | None, torch.device | str], Made], num_copies: int) -> int:
    cores = usable_cores()
    if min(cores, num_copies) == 1:
        return 1
    one, several = (_seconds_of_a_step(make(copies, 1, None, "cpu")) for copies in (1, SAMPLE))
    seconds = max(several - one, 0.0) / (SAMPLE - 1)  # without what all of them cost together
    processes = fastest(seconds, num_copies, min(cores, num_copies))
    warnings.warn(
        f"env.processes auto is {processes}: a step of one of {num_copies} copies takes {1000 * seconds:.3g} ms, a "
        f"message to a process {1000 * MESSAGE:.3g} ms, and there are {cores} cores",
        Note,
        stacklevel=4,
    )
    return processes


def _seconds_of_a_step(environment: TaskEnvironment) -> float:
    generator, taken, begin = torch.Generator().manual_seed(0), list[float](), time.perf_counter()
    seen = environment.reset(0)
    while len(taken) < STEPS and (len(taken) < 3 or time.perf_counter() - begin < SECONDS):
        actions = random_actions(seen, environment.roster, generator)
        before = time.perf_counter()
        seen = environment.step(actions).observation
        taken.append(time.perf_counter() - before)
    environment.close()
    return median(taken)
