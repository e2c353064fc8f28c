"""Check that a rollout fits into memory, before anything of its size is made."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from marl.algorithms.configs import DQNConfig
from marl.core.environment import Environment
from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.system.memory import available_memory
from marl.training.run_config import RunConfig

__all__ = ["check_memory", "rollout_bytes"]


def check_memory(config: RunConfig[Any], probe: Environment, device: torch.device) -> int:
    """Refuse a run whose rollout alone, or whose replay, is larger than the memory that is free.

    Args:
        config: settings.
        probe: one copy; it is reset.
        device: device of the run.

    Returns:
        Bytes that they take.

    Raises:
        ConfigError: naming the settings that decide it.
    """
    size = probe.roster.size
    needed = rollout_bytes(config, probe.reset(config.seed), size**2 if probe.roster.plane is not None else 0)
    free = available_memory() if device.type == "cpu" else torch.cuda.mem_get_info(device)[0]
    if needed > free:
        raise ConfigError(
            f"num_copies {config.num_copies:,}, rollout_length {config.rollout_length:,} and a team of {size:,} "
            f"take {needed / 1e9:,.1f} GB at least, and {free / 1e9:,.1f} GB are free; give less of one "
            "(of algorithm.replay_capacity, too, if the algorithm has one)"
        )
    return needed


def rollout_bytes(config: RunConfig[Any], seen: Observation, pairs: int) -> int:
    """Bytes of the world, a rollout with its successors and the replay: a run takes more.

    Args:
        config: settings.
        seen: observation of one copy.
        pairs: pairs of agents in the world of one copy, each with a float32; 0 if it has none.
    """
    parts: list[int] = []

    def count(tensor: Tensor) -> Tensor:
        parts.append(tensor.numel() * tensor.element_size())
        return tensor

    seen.map(count)
    kept = config.algorithm.replay_capacity if isinstance(config.algorithm, DQNConfig) else 0
    return 2 * sum(parts) * (config.num_copies * config.rollout_length + kept) + 4 * pairs * config.num_copies
