"""Copies of a Gymnasium environment from its name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import gymnasium
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from marl.core.trust import import_named
from marl.tasks.generators import Draws
from marl.tasks.guard import Guard, GuardedEnv
from marl.tasks.gymnasium_block import GymnasiumBlock
from marl.tasks.no_display import no_display
from marl.tasks.observed_masks import MaskInInfo, beside_mask
from marl.tasks.pettingzoo.names import wrapped
from marl.tasks.spaces import ActionSpace, ObservationSpace

__all__ = ["Wrappers", "make_block", "make_first"]

Environment = gymnasium.Env[Any, Any]
Wrappers = Sequence[str | Mapping[str, Mapping[str, Any] | None]]


def make_first(
    name: str, arguments: Mapping[str, Any], max_episode_steps: int | None, wrappers: Wrappers = ()
) -> tuple[Environment, dict[str, Any]]:
    """Make a copy that draws pictures, if it can.

    Args:
        name: name in Gymnasium's registry; ``MODULE:NAME`` imports the module first, if it is trusted.
        arguments: keyword arguments of the environment.
        max_episode_steps: limit of an episode; None for the registered one.
        wrappers: see `marl.tasks.pettingzoo.names.wrapped`.

    Returns:
        The copy, and the arguments that it took, with which others are made like it.

    Raises:
        ValueError: for an environment that Gymnasium cannot make, or a wrapper that does not take it.
        UntrustedError: see `marl.core.trust.import_named`.
    """
    if ":" in name:
        import_named(name)  # before Gymnasium does, which asks nobody
    given = dict(arguments) if max_episode_steps is None else {**arguments, "max_episode_steps": max_episode_steps}
    env, given = _drawing(name, given)
    return _wrapped(env, wrappers), given


def _wrapped(env: Environment, wrappers: Wrappers) -> Environment:
    """The environment in its wrappers, a mask that it observes in its infos."""
    env = wrapped(env, wrappers)
    masked = beside_mask(env.observation_space) is not None and not isinstance(env.action_space, spaces.Box)
    return MaskInInfo(env) if masked else env


def _drawing(name: str, given: dict[str, Any]) -> tuple[Environment, dict[str, Any]]:
    """A copy that draws pictures, if it can, and its arguments."""
    with _told(name, given):
        plain = _made(name, given)
        if "rgb_array" not in ((plain.metadata or {}).get("render_modes") or ()) or "render_mode" in given:
            return plain, given
        drawn = {**given, "render_mode": "rgb_array"}
        try:
            drawing = _made(name, drawn)
        except Exception:  # names the mode, but does not take it, or lacks what it draws with
            return plain, given
        with suppress(Exception):  # it was made to be looked at
            plain.close()
        return drawing, drawn


def make_block(
    name: str,
    arguments: Mapping[str, Any],
    observed: ObservationSpace,
    acted: ActionSpace,
    wrappers: Wrappers,
    copies: Iterable[int],
    first: Environment | None = None,
) -> GymnasiumBlock:
    """Make some copies that step together in this process.

    Args:
        name, arguments: see `make_first`.
        observed, acted: spaces of the first of all copies.
        wrappers: see `make_first`.
        copies: their numbers.
        first: the first of them, where it is made already.

    Raises:
        ValueError: if one cannot be made, or they differ.
    """
    draws, made = Draws(), [] if first is None else [first]

    def make(copy: int) -> GuardedEnv:
        env = made.pop() if made else _wrapped(_made(name, arguments), wrappers)
        return GuardedEnv(env, Guard(name, copy), draws)

    with _told(name, arguments):
        vector = SyncVectorEnv(
            [partial(make, copy) for copy in copies], copy=False, autoreset_mode=AutoresetMode.SAME_STEP
        )
        for space, there in (
            (observed.space, vector.single_observation_space),
            (acted.space, vector.single_action_space),
        ):
            if space != there:
                raise RuntimeError(f"a copy has the space {there}, the first has {space}")
    return GymnasiumBlock(name, vector, observed, acted)


def _made(name: str, arguments: Mapping[str, Any]) -> Environment:
    with no_display():
        return gymnasium.make(name, disable_env_checker=True, **arguments)


@contextmanager
def _told(name: str, arguments: Mapping[str, Any]) -> Iterator[None]:
    """Name the environment in errors."""
    try:
        yield
    except (Exception, SystemExit) as error:  # whatever a constructor does
        if isinstance(error, RuntimeError) and "space" in str(error):
            raise ValueError(f"the copies of {name} differ, and Gymnasium steps those alike: {error}") from error
        what = f"{type(error).__name__}: {error}"
        given = f" with {arguments}" if arguments else ""
        raise ValueError(f"Gymnasium cannot make {name}{given}: {what}") from error
