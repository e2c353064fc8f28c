"""Guards of environments of other libraries: what one does wrong is told with its name.

A guard stands round each copy, in the process that holds it, and one round all copies together.
"""

from __future__ import annotations

import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import gymnasium

from marl.core.errors import EnvironmentFailedError, Note, PictureError
from marl.tasks.answers import AnswerError, Answers
from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.generators import Draws, OwnGenerators

__all__ = ["Guard", "GuardedEnv", "Scenes", "Watch"]

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a call is told of."""
PAUSE = 5.0
"""Seconds between two looks at the calls."""


class Guard:
    """Call an environment, and name it where it fails.

    Args:
        name: of the environment.
        copy: number of the copy; None for all together.
    """

    def __init__(self, name: str, copy: int | None = None) -> None:
        self.name, self.copy = name, copy
        self.steps = 0
        """Steps of the episode, the one under way included; 0 at a reset."""
        self.since: float | None = None
        """Begin of the call under way, by the monotonic clock; None if there is none."""

    def __call__(self, call: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call, and return what it returns.

        Raises:
            EnvironmentFailedError: for an error, and for an exit, which would end this process as if all were done.
        """
        self.since = time.monotonic()
        try:
            return call(*arguments, **named)
        except (Exception, SystemExit) as error:
            raise self.failure(error) from _cause(error)
        finally:
            self.since = None

    def failure(self, error: BaseException) -> EnvironmentFailedError:
        """The error that tells of another with the environment's name; one that does so already as it is."""
        if isinstance(error, EnvironmentFailedError):
            return error
        if isinstance(error, AnswerError):
            return EnvironmentFailedError(f"{self} {error}")
        return EnvironmentFailedError(f"{self} failed: {_words_of(error)}{_hint(error)}")

    def __str__(self) -> str:
        if self.copy is None:
            return f"the environment {self.name}"
        moment = f"step {self.steps} of its episode" if self.steps else "its reset"
        return f"the environment {self.name}, copy {self.copy}, in {moment},"


class Scenes:
    """Scenes of one copy, the last of an episode included; none is drawn before the first is asked for.

    Args:
        guard: guard of the copy.
        draw: draws the present moment.
    """

    def __init__(self, guard: Guard, draw: Callable[[], Any]) -> None:
        self.guard, self.draw = guard, draw
        self._asked, self._last = False, None

    def __call__(self, at_end: bool) -> Any:
        """Scene, or the `PictureError` why there is none, which must not end the process of the copy."""
        self._asked = True
        return self._last if at_end else self._drawn()

    def end(self) -> None:
        """Keep the scene of this moment, in which an episode ends."""
        if self._asked:
            self._last = copy(self._drawn())  # it may be an array that the reset draws in

    def _drawn(self) -> Any:
        try:
            return self.guard(self.draw)
        except EnvironmentFailedError as error:
            return PictureError(str(error))


class GuardedEnv(gymnasium.Wrapper):
    """Copy of a Gymnasium environment with a guard, with seeds and global generators of its own.

    Args:
        env: the copy.
        guard: its guard.
        draws: shared by the copies in this process.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], guard: Guard, draws: Draws) -> None:
        super().__init__(env)
        self.guard, self._draws, self._generators = guard, draws, OwnGenerators(draws)
        self.scenes = Scenes(guard, partial(self._generators, env.render))
        self._answers = Answers(env.observation_space)
        self._seeds = EpisodeSeeds(0, 0, 1)
        self.metadata = {name: value for name, value in (env.metadata or {}).items() if value is not None}

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode.

        Args:
            seed: `EpisodeSeeds` of this one and those to come; None to go on with those given before.
            options: not used.
        """
        self._seeds = self._seeds if seed is None else seed
        self.guard.steps = 0
        return self.guard(self._reset, next(self._seeds))

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        guard = self.guard
        guard.steps += 1
        guard.since = time.monotonic()
        try:  # as the guard calls, but without its call, which would take a tenth of CartPole's step
            step, generators = self.env.step, self._generators
            told = self._answers.step(step(action) if self._draws.unlikely else generators(step, action))
        except (Exception, SystemExit) as error:
            raise guard.failure(error) from _cause(error)
        finally:
            guard.since = None
        if told[2] or told[3]:
            self.scenes.end()
        return told

    def _reset(self, seed: int) -> tuple[Any, dict[str, Any]]:
        self._generators.seed(seed)
        return self._answers.reset(self._generators(self.env.reset, seed=seed))


class Watch:
    """Thread that tells, once, of a call that does not come back; it ends with this object.

    Args:
        guards: guards of the calls.
    """

    def __init__(self, guards: Sequence[Guard]) -> None:
        self._over = threading.Event()
        # not a method, as the thread would hold this object, which nothing could end then
        threading.Thread(target=_watch, args=(guards, self._over), name="environments", daemon=True).start()

    def end(self) -> None:
        """End the thread."""
        self._over.set()

    def __del__(self) -> None:
        self.end()


def _watch(guards: Sequence[Guard], over: threading.Event) -> None:
    told: float | None = None
    while not over.wait(PAUSE):
        for guard in guards:
            since = guard.since
            if since is not None and since != told and time.monotonic() - since >= PATIENCE:
                told = since
                warnings.warn(f"{guard} has not come back for {PATIENCE:g} s; it may hang", Note, stacklevel=1)


def _cause(error: BaseException) -> BaseException | None:
    """Error to be told as the cause; None where the words say all."""
    if isinstance(error, EnvironmentFailedError):
        return error.__cause__
    return None if isinstance(error, AnswerError) else error


def _words_of(error: BaseException) -> str:
    """Class, message and place of an error, in one line."""
    message = " ".join(str(error).split())
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}{message and ': '}{message} ({Path(place.filename).name}, line {place.lineno})"


def _hint(error: BaseException) -> str:
    """Form that Gymnasium has, where one of its wrappers meets an environment that was written for Gym."""
    inside = "gymnasium" in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts
    if inside and "to unpack" in str(error):
        return (
            "; Gymnasium's step gives observation, reward, terminated, truncated, info, and its reset observation, info"
        )
    if any(f"unexpected keyword argument '{name}'" in str(error) for name in ("seed", "options")):
        return "; a reset takes seed and options, in Gymnasium and PettingZoo"
    return ""
