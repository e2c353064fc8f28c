"""A policy as a function of named tensors, which is what an exported file holds.

Axes as in `marl.core.records`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation
from marl.core.selection import class_sizes
from marl.policies.policy import Policy

__all__ = ["NamedPolicy"]

OF_CLASS = ("features", "images", "action_mask")
"""Fields of an observation that are inputs for each class, named e.g. ``features_A``."""
MEMORY = ("keys", "values", "valid")
"""Fields of a memory, which are inputs, and with ``next_`` before them outputs."""


class NamedPolicy(nn.Module):
    """Networks of a policy between named tensors: one step's observation and memory, and `Policy.outputs`.

    Inputs are those parts of an observation that the networks read. An agent that is not alive is heard by nobody and
    keeps its memory; its outputs mean nothing.

    Args:
        policy: is put into evaluation mode.
        observation: an example ``[B, ...]`` of the largest team.

    Shapes:
        Inputs as `inputs`, with any ``B``, to the numbers of `Policy.outputs` and the next memory.

    Raises:
        ConfigError: if the policy has no outputs.
    """

    def __init__(self, policy: Policy, observation: Observation) -> None:
        super().__init__()
        self.policy = policy.eval().requires_grad_(False)
        self.sizes = class_sizes(observation)
        self.inputs = _inputs(policy, observation)
        """Examples of the inputs by name."""
        with torch.no_grad():
            self.outputs = self.named(*self.inputs.values())
        """Outputs for these examples by name."""

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Outputs for inputs in their order."""
        return tuple(self.named(*tensors).values())

    def named(self, *tensors: Tensor) -> dict[str, Tensor]:
        """Outputs by name, for inputs in their order."""
        given = dict(zip(self.inputs, tensors, strict=True))
        memory = Memory(*(given[name] for name in MEMORY)) if "keys" in given else None
        found, after = self.policy.outputs(self._observation(given), memory)
        return found | ({} if after is None else {f"next_{name}": getattr(after, name) for name in MEMORY})

    def _observation(self, given: Mapping[str, Tensor]) -> Observation:
        copies, device = next(iter(given.values())).shape[0], self.policy.device
        alive = given.get("alive")
        if alive is None:
            alive = torch.ones(copies, sum(self.sizes.values()), dtype=torch.bool, device=device)
        parts = {
            field: {key.removeprefix(f"{field}_"): x for key, x in given.items() if key.startswith(f"{field}_")}
            for field in OF_CLASS
        }
        none = {name: torch.zeros(copies, size, 0, device=device) for name, size in self.sizes.items()}
        return Observation(
            {name: parts["features"].get(name, none[name]) for name in self.sizes},
            alive,
            parts["action_mask"] or None,
            given.get("adjacency"),
            given.get("kinematics"),
            acting=given.get("acting"),
            images=parts["images"] or None,
        )


def _inputs(policy: Policy, observation: Observation) -> dict[str, Tensor]:
    """Parts of an observation that a policy reads, and its memory, by name."""
    memory = policy.initial_memory(*observation.alive.shape)
    talks = policy.has_messages and observation.adjacency is not None
    read = {f"{field}_{name}": x for field in OF_CLASS for name, x in (getattr(observation, field) or {}).items()}
    if talks or memory is not None:
        read["alive"] = observation.alive
    if memory is not None and observation.acting is not None:
        read["acting"] = observation.acting
    if talks:
        read |= {"adjacency": observation.adjacency, "kinematics": observation.kinematics}
    if memory is not None:
        read |= {name: getattr(memory, name) for name in MEMORY}
    return {name: x for name, x in read.items() if x is not None and x.numel()}
