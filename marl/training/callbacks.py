"""Callbacks: watchers of a training, each of which may stop it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from marl.core.errors import ConfigError, TrainingError
from marl.training.progress import Progress, TrainingResult
from marl.training.run import Run

__all__ = ["Callback", "Callbacks"]


class Callback:
    """Watcher of a training; a subclass overrides the methods that it needs.

    Each may return False to stop: the run is saved, and its result is not ``finished``. An error that one raises stops
    training, too, and ends it as a `TrainingError` once the run is saved. The random numbers of training are its own:
    a callback that draws from others changes no weight.
    """

    def on_start(self, run: Run) -> bool | None:
        """Called before the first iteration, also of a run that goes on; its folder is there."""

    def on_iteration(self, progress: Progress) -> bool | None:
        """Called after every iteration: it collects once and updates once."""

    def on_metrics(self, env_steps: int, metrics: Mapping[str, float]) -> bool | None:
        """Called with each line of the log; ``docs/metrics.md`` has the names."""

    def on_evaluating(self, ended: int, episodes: int, env_steps: int) -> bool | None:
        """Called within an evaluation.

        Args:
            ended: episodes, or games, that have ended.
            episodes: number of all.
            env_steps: env steps of these.
        """

    def on_evaluation(self, env_steps: int, metrics: Mapping[str, float]) -> bool | None:
        """Called with the measures of an evaluation, ``evaluation/...``."""

    def on_end(self, result: TrainingResult) -> bool | None:
        """Called once the run is saved, stopped or not; there is nothing left to stop."""

    def close(self) -> None:
        """Called at last, also where training failed and had no end."""


class Callbacks:
    """The callbacks of a training, told one after the other.

    Args:
        callbacks: in this order.

    Raises:
        ConfigError: for something else than a callback.
    """

    def __init__(self, callbacks: Iterable[Callback] = ()) -> None:
        if not isinstance(callbacks, Iterable):
            raise ConfigError(f"callbacks is {callbacks!r}; give a list")
        self.callbacks = tuple(callbacks)
        for number, callback in enumerate(self.callbacks):
            if not isinstance(callback, Callback):
                raise ConfigError(f"callbacks[{number}] is {callback!r}; give an object whose class is a marl.Callback")
        self.stopped = False
        """True once one returned False, or raised an error."""
        self._failed: tuple[Callback, Exception] | None = None

    def tell(self, call: Callable[[Callback], bool | None]) -> None:
        """Call a method of each; the first error is kept until `check`."""
        for callback in self.callbacks:
            try:
                wish = call(callback)
            except Exception as error:
                self._failed, wish = self._failed or (callback, error), False
            if isinstance(wish, bool | np.bool_) and not wish:
                self.stopped = True

    def check(self, run: Run) -> None:
        """Raise the error of a callback, if there was one.

        Args:
            run: the run, which was saved.

        Raises:
            TrainingError: with the words of the error.
        """
        if self._failed is not None:
            callback, error = self._failed
            words = f"{type(error).__name__}: {error}".removesuffix(": ")
            told = f"the callback {type(callback).__name__} failed: {words}"
            raise TrainingError(f"{told}; the run is saved at env step {run.env_steps:,} in {run.folder}") from error
