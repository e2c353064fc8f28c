"""Any Gymnasium environment as an `Environment` of teams of one: many copies, vectorised by Gymnasium."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Literal

import gymnasium
import torch

from marl.core.environment import Rule
from marl.core.roster import Roster
from marl.tasks.block_environment import BlockEnvironment
from marl.tasks.blocks import Block, Seen
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.gymnasium_making import Wrappers, make_block, make_first
from marl.tasks.process_blocks import ProcessBlocks
from marl.tasks.spaces import ActionSpace, ObservationSpace, agent_class

__all__ = ["GymnasiumEnvironment"]

FRAMES_PER_SECOND = 30.0
"""Frames per second of an environment that does not state them."""


class GymnasiumEnvironment(BlockEnvironment):
    """``B`` copies of a Gymnasium environment as teams of one.

    Spaces are those of `marl.tasks.spaces`. A mask of legal actions ``[A]`` that the infos of resets and steps have as
    ``action_mask``, or a Dict that is observed, becomes the observation's. An episode's last observation
    is kept apart from the first of the next (``next_observation`` and ``observation`` of `Step`).

    Args:
        name: name in Gymnasium's registry; ``MODULE:NAME`` imports the module first, if it is trusted.
        num_copies: ``B``.
        arguments: keyword arguments of the environment.
        max_episode_steps: limit of an episode; None for the registered one.
        processes: see `ProcessBlocks`; 1 for this one alone.
        scripted: reference policies by name.
        device: device of the tensors.
        step_timeout: see `ProcessBlocks`; None for any time.
        channels: axis of the channels of images; see `ImageSpace`.
        wrappers: the first innermost; see `marl.tasks.pettingzoo.names.wrapped`.

    Raises:
        ValueError: for no copies, an environment that Gymnasium cannot make, spaces that are not supported, or an
            environment that cannot be sent to processes.
        UntrustedError: see `marl.core.trust.import_named`.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error, exits, dies or hangs, or
            observes what its space does not hold.
    """

    def __init__(
        self,
        name: str,
        num_copies: int,
        arguments: Mapping[str, Any] | None = None,
        max_episode_steps: int | None = None,
        processes: int = 1,
        scripted: Mapping[str, Rule] | None = None,
        device: torch.device | str = "cpu",
        step_timeout: float | None = None,
        channels: Literal["first", "last"] | None = None,
        wrappers: Wrappers = (),
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        first, given = make_first(name, arguments or {}, max_episode_steps, wrappers)
        try:
            seen, acted = (
                ObservationSpace(first.observation_space, name, channels),
                ActionSpace(first.action_space, name),
            )
        except ValueError:
            first.close()
            raise
        roster = Roster((agent_class(CLASS, seen, acted),), (1,))
        make = partial(make_block, name, given, seen, acted, wrappers)
        if processes == 1 and step_timeout is None:
            block: Block = make(range(num_copies), first)
        else:
            with suppress(Exception):  # it was made to be looked at
                first.close()
            blank = partial(Seen.blank, roster=roster)
            block = ProcessBlocks(name, make, blank, num_copies, processes, step_timeout)
        spec = gymnasium.spec(name.rpartition(":")[2])
        super().__init__(name, roster, block, num_copies, device, scripted, first.render_mode == "rgb_array")
        self.reward_threshold: float | None = spec.reward_threshold
        self.registered_limit: int | None = spec.max_episode_steps
        self.frames_per_second = float((first.metadata or {}).get("render_fps") or FRAMES_PER_SECOND)
