"""Symmetries of a task: turned and mirrored observations, and the matching actions.

Axes as in `marl.core.records`; ``G`` elements of the group, of which the first is the identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marl.core.records import Observation, Rollout

__all__ = ["SignedPermutation", "Symmetries"]


@dataclass(frozen=True)
class SignedPermutation:
    """Signed permutation of a tensor's last axis for each element of the group.

    Args:
        index: ``[G, W]``; entry ``i`` of the result comes from entry ``index[g, i]``.
        sign: ``[G, W]``, factor 1 or -1 of each entry.
    """

    index: Tensor
    sign: Tensor

    def apply(self, x: Tensor, chosen: Tensor) -> Tensor:
        """Apply to each copy its element of the group.

        Args:
            x: ``[..., B, M, W]``.
            chosen: ``[B]``, an element for each copy.
        """
        index = self.index[chosen][:, None].expand(x.shape)
        return x.gather(-1, index) * self.sign[chosen][:, None].to(x)


@dataclass(frozen=True)
class Symmetries:
    """Symmetry group of a task: worlds, rewards and actions change together.

    Args:
        features: for each class, acts on ``[..., N_c, D_c]``.
        kinematics: acts on ``[..., N, 4]``.
        entities: acts on ``[..., S, F]``.
        auxiliary_target: acts on ``[..., N, Q]``.
        action: ``[G, A]``, the action that takes the place of each, or the component of a continuous one.
    """

    features: Mapping[str, SignedPermutation]
    kinematics: SignedPermutation
    entities: SignedPermutation
    auxiliary_target: SignedPermutation
    action: Tensor

    @property
    def order(self) -> int:
        """Order ``G`` of the group."""
        return len(self.action)

    @property
    def _components(self) -> SignedPermutation:
        """Signed permutation of vectors with one number for each action."""
        return SignedPermutation(self.action.argsort(-1), torch.ones_like(self.action))

    def observation(self, observation: Observation, chosen: Tensor) -> Observation:
        """Transform an observation; ``chosen`` is ``[B]``."""
        seen, masks = observation, observation.action_mask

        def change(how: SignedPermutation, x: Tensor | None) -> Tensor | None:
            return None if x is None else how.apply(x, chosen)

        return replace(
            seen,
            features={name: self.features[name].apply(x, chosen) for name, x in seen.features.items()},
            action_mask=None
            if masks is None
            else {name: self._components.apply(x, chosen) for name, x in masks.items()},
            kinematics=change(self.kinematics, seen.kinematics),
            entities=change(self.entities, seen.entities),
            auxiliary_target=change(self.auxiliary_target, seen.auxiliary_target),
        )

    def actions(self, action: Mapping[str, Tensor], chosen: Tensor) -> dict[str, Tensor]:
        """Transform actions so that they do in the changed world what these do in the first.

        Args:
            action: for each class ``[..., B, N_c]`` of int64, or ``[..., B, N_c, A]`` of float.
            chosen: ``[B]``.
        """
        return {
            name: self._components.apply(x, chosen) if x.is_floating_point() else self.action[chosen[:, None], x]
            for name, x in action.items()
        }

    def rollout(self, rollout: Rollout, chosen: Tensor) -> Rollout:
        """Transform a rollout; changed copies lose their memory from before it.

        Args:
            rollout: axes as in `Rollout`.
            chosen: ``[B]``, an element for each copy.
        """
        memory = rollout.memory
        return replace(
            rollout,
            observation=self.observation(rollout.observation, chosen),
            next_observation=self.observation(rollout.next_observation, chosen),
            action=self.actions(rollout.action, chosen),
            memory=None if memory is None else memory.reset(chosen != 0),
        )
