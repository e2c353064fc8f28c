"""Random play of any environment."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.core.records import Observation
from marl.core.roster import Roster

__all__ = ["random_actions"]


def random_actions(observation: Observation, roster: Roster, generator: torch.Generator) -> dict[str, Tensor]:
    """Legal actions drawn with equal chances, or between -1 and 1, ``[B, N_c]`` or ``[B, N_c, A]`` of each class."""
    actions = {}
    for each in roster.present:
        shape = (*observation.features[each.name].shape[:2], each.action.size)
        if each.action.kind == "continuous":
            actions[each.name] = torch.rand(shape, generator=generator) * 2 - 1
            continue
        legal = torch.ones(shape) if observation.action_mask is None else observation.action_mask[each.name].float()
        drawn = torch.multinomial(legal.flatten(0, 1), 1, generator=generator)
        actions[each.name] = drawn.view(shape[:2])
    return actions
