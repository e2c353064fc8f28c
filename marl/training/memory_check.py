"""Check that a rollout fits into memory, before anything of its size is made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from marl.algorithms.configs import DQNConfig
from marl.core.errors import ConfigError
from marl.core.roster import Roster
from marl.system.memory import available_memory
from marl.training.run_config import RunConfig

__all__ = ["check_memory", "rollout_bytes"]


def check_memory(config: RunConfig[Any], roster: Roster, device: torch.device) -> int:
    """Refuse a run whose rollout and replay alone are larger than the memory that is free.

    Returns:
        Bytes that they take.

    Raises:
        ConfigError: naming the settings that decide it.
    """
    needed = rollout_bytes(config, roster)
    free = available_memory() if device.type == "cpu" else torch.cuda.mem_get_info(device)[0]
    if needed > free:
        raise ConfigError(
            f"num_copies {config.num_copies:,}, rollout_length {config.rollout_length:,} and a team of {roster.size:,} "
            f"take {needed / 1e9:,.1f} GB at least, and {free / 1e9:,.1f} GB are free; give less of one "
            "(of algorithm.replay_capacity, too, if the algorithm has one)"
        )
    return needed


def rollout_bytes(config: RunConfig[Any], roster: Roster) -> int:
    """Bytes of the world, a rollout with its successors and the replay: a run takes more."""
    counted = list(zip(roster.classes, roster.counts, strict=True))
    features = sum(count * c.feature_size * np.dtype(c.dtype).itemsize for c, count in counted)
    images = sum(count * math.prod(x.shape) * np.dtype(x.dtype).itemsize for c, count in counted for x in c.images)
    seen = features + 4 * roster.size * (roster.entity_size + roster.auxiliary_size)
    state = math.prod(roster.state) * (4 if len(roster.state) == 1 else 1) if roster.state else 0  # pictures are bytes
    pairs = roster.size**2 if roster.plane is not None else 0
    learners = [algorithm for algorithm, _ in config.learners.values()]
    kept = sum(algorithm.replay_capacity for algorithm in learners if isinstance(algorithm, DQNConfig))
    # images of successors are those of the next step; a byte for each link; the world itself has a float for each pair
    rollout = (2 * (seen + state + pairs) + images) * (config.num_copies * config.rollout_length + kept)
    return rollout + 4 * pairs * config.num_copies
