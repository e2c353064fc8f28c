"""Callback that hands each iteration's progress to a function, and the end of a process there."""

from __future__ import annotations

from collections.abc import Callable

from marl.training.callbacks import Callback
from marl.training.progress import Progress

__all__ = ["Crash", "EachIteration"]


class Crash(BaseException):
    """End of a process where it stands, which saves nothing."""


class EachIteration(Callback):
    """Call a function after each iteration; training stops if it returns False.

    Args:
        watch: the function.
    """

    def __init__(self, watch: Callable[[Progress], bool | None]) -> None:
        self.watch = watch

    def on_iteration(self, progress: Progress) -> bool | None:
        return self.watch(progress)
