"""Several policies that act together, each for some of the agents, and their memories in one."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from marl.core.records import Memory, Observation
from marl.core.selection import Selection, class_sizes
from marl.policies.policy import Act, EpisodePlayer

__all__ = ["act_together", "memory_together", "part_of_memory", "write_memory"]


def act_together(
    parts: Iterable[tuple[EpisodePlayer, Selection]],
    observation: Observation,
    memory: Memory | None,
    generator: torch.Generator | None,
) -> Act:
    """Let each player act for its agents.

    Args:
        parts: players, and the agents of each; every agent is one player's.
        observation: of all agents, leading axis ``[B]``.
        memory: from `memory_together` or the last call.
        generator: see `Policy.act`.
    """
    action: dict[str, Tensor] = {}
    log_prob = torch.zeros(observation.alive.shape, device=observation.alive.device)
    after = None if memory is None else memory.map(torch.clone)
    sizes = class_sizes(observation)
    for player, agents in parts:
        act = player.act(agents.observation(observation), part_of_memory(player, memory, agents), generator)
        log_prob[:, agents.agents] = act.log_prob
        for name, places in agents.places.items():
            chosen = act.action[name]
            if name not in action:
                action[name] = chosen.new_zeros((chosen.shape[0], sizes[name], *chosen.shape[2:]))
            action[name][:, places] = chosen
        if after is not None and act.memory is not None:
            write_memory(after, act.memory, agents)
    return Act({name: action[name] for name in sizes}, log_prob, after)


def memory_together(players: Iterable[EpisodePlayer], num_copies: int, num_agents: int) -> Memory | None:
    """An empty memory with a row for each agent that holds any player's; None if nobody remembers."""
    empty = [memory.keys for player in players if (memory := player.initial_memory(1, 1)) is not None]
    if not empty:
        return None
    layers, window, width = (max(sizes) for sizes in zip(*(keys.shape[2:] for keys in empty), strict=True))
    keys = empty[0].new_zeros(num_copies, num_agents, layers, window, width)
    return Memory(keys, keys.clone(), torch.zeros_like(keys[:, :, 0, :, 0], dtype=torch.bool))


def part_of_memory(player: EpisodePlayer, memory: Memory | None, agents: Selection) -> Memory | None:
    """A player's memory of its agents, from that of all; None if it remembers nothing."""
    own = None if memory is None else player.initial_memory(1, 1)
    if memory is None or own is None:
        return None
    layers, window, width = own.keys.shape[2:]
    rows = agents.agents
    first = memory.valid.shape[-1] - window  # the latest come last
    keys, values = (each[:, rows, :layers, first:, :width] for each in (memory.keys, memory.values))
    return Memory(keys, values, memory.valid[:, rows, first:])


def write_memory(whole: Memory, part: Memory, agents: Selection) -> None:
    """Put a player's memory in its rows of that of all."""
    layers, window, width = part.keys.shape[2:]
    rows, first = agents.agents, whole.valid.shape[-1] - window
    whole.keys[:, rows, :layers, first:, :width] = part.keys
    whole.values[:, rows, :layers, first:, :width] = part.values
    whole.valid[:, rows, first:] = part.valid
