"""Records that flow between environment, collector, policy and learner.

Axes: ``T`` time, ``B`` environment copy, ``N`` agent, ``N_c`` agents of a class, ``S`` entities,
``D`` features, ``A`` actions, ``K`` memory, ``L`` layers. ``...`` stands for ``[B]`` or ``[T, B]``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from marl.core.record_fields import Record

__all__ = ["Memory", "Observation", "Rollout", "Step"]


@dataclass(frozen=True)
class Observation(Record):
    """Perceptions of the agents, and facts that only training may know.

    Args:
        features: for each class with agents, ``[..., N_c, D_c]``.
        alive: ``[..., N]``, True for agents that are there; they may leave and join during an episode.
        action_mask: for each class ``[..., N_c, A]``, True = legal; or None if all is legal.
        adjacency: ``[..., N, N]``, True where row hears column; or None without messages.
        kinematics: ``[..., N, P]``, what a message carries of its sender: position and velocity in simple_tag, the
            position alone in other environments; or None.
        entities: ``[..., S, F]``, everything in the world, the agents first in their order, for the
            centralised critic only; or None.
        entity_mask: ``[..., S]``, True for entities that are there; or None.
        auxiliary_target: ``[..., N, Q]``, hidden quantities that each agent is trained to
            predict from its observations and messages; or None.
        acting: ``[..., N]``, True for agents whose turn it is, all of them alive; None if everybody alive acts.
        images: ``[..., N_c, C, H, W]`` by name, see `AgentClass.named_images`, in data types of their own; or None.
        others: features and presence of agents of other sides, for the centralised critic only; or None.
        state: ``[..., D]``, or ``[..., C, H, W]`` in a data type of its own, the environment's own state of the whole
            world, for the centralised critic only; or None.
    """

    features: dict[str, Tensor]
    alive: Tensor
    action_mask: dict[str, Tensor] | None = None
    adjacency: Tensor | None = None
    kinematics: Tensor | None = None
    entities: Tensor | None = None
    entity_mask: Tensor | None = None
    auxiliary_target: Tensor | None = None
    acting: Tensor | None = None
    images: dict[str, Tensor] | None = None
    others: Observation | None = None
    state: Tensor | None = None

    @property
    def to_move(self) -> Tensor:
        """Agents that act on the observation, ``[..., N]``."""
        return self.alive if self.acting is None else self.acting

    @property
    def present_entities(self) -> Tensor:
        """Entities that are there, and are no agents that have left, ``[..., S]``."""
        assert self.entity_mask is not None
        size = self.alive.shape[-1]
        return torch.cat([self.entity_mask[..., :size] & self.alive, self.entity_mask[..., size:]], -1)

    @property
    def leading_shape(self) -> torch.Size:
        """Axes before the agent axis: ``[B]`` or ``[T, B]``."""
        return self.alive.shape[:-1]

    def without_images(self) -> Observation:
        """The same without images."""
        return replace(self, images=None)

    def without_messages(self) -> Observation:
        """Copy of the observation in which no agent hears another."""
        adjacency = None if self.adjacency is None else torch.zeros_like(self.adjacency)
        return Observation(**{**self.__dict__, "adjacency": adjacency})


@dataclass(frozen=True)
class Step(Record):
    """Result of one step of all copies.

    Args:
        next_observation: the true successor, also where the episode ended.
        observation: the observation to act on next; differs only in copies that were reset.
        reward: ``[B, N]``, as exact as the environment gives it; float64 where it gives Python's numbers.
        terminated: ``[B, N]``, ended by the task. Stays True for an agent that has left or was
            never there, until its copy is reset, or the agent joins: then it is False from the step whose successor
            has it alive.
        truncated: ``[B, N]``, cut by a limit. An agent that is cut while others play on is alive in
            ``next_observation``, which bootstraps, not in ``observation``, and terminated in the steps after.
        info: named measurements, each ``[B, N]``.
        earned: ``[B, N]``, each agent's contribution to a reward that its team shares; None if that
            is not known.
    """

    next_observation: Observation
    observation: Observation
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    info: dict[str, Tensor]
    earned: Tensor | None = None

    @property
    def ended(self) -> Tensor:
        """True for copies whose episode is over (no agent goes on) and which were reset, ``[B]``."""
        return (self.terminated | self.truncated).all(-1)


@dataclass(frozen=True)
class Memory(Record):
    """Cache of the temporal transformer: keys and values of each agent's last ``K`` own steps, for each layer.

    A gated recurrent unit has one layer, and its state as the one key and value; a stack has one, whose keys and values
    are the tokens.

    Args:
        keys: ``[B, N, L, K, D]``, the latest last.
        values: ``[B, N, L, K, D]``.
        valid: ``[B, N, K]``, True for entries of the running episode; ``[B, K]`` if agents do not differ.
    """

    keys: Tensor
    values: Tensor
    valid: Tensor

    def __post_init__(self) -> None:
        if self.valid.ndim == 2:  # as earlier versions stored it
            object.__setattr__(self, "valid", self.valid[:, None].expand(self.keys.shape[:2] + self.valid.shape[1:]))

    def reset(self, where: Tensor) -> Memory:
        """Clear the memory of some copies.

        Args:
            where: ``[B]``, True for copies that begin an episode.
        """
        return Memory(self.keys, self.values, self.valid & ~where[:, None, None])


@dataclass(frozen=True)
class Rollout(Record):
    """Batch of ``T`` steps of ``B`` copies, as a learner takes it.

    Args:
        observation: ``[T, B, ...]``, the observations that the actions answer.
        next_observation: ``[T, B, ...]``, the true successor, also where an episode ended; without images, see
            ``last_images``.
        action: for each class ``[T, B, N_c]`` (discrete) or ``[T, B, N_c, A]`` (continuous).
        log_prob: ``[T, B, N]`` of the action when it was drawn; zeros if the policy has none.
        reward: ``[T, B, N]``, in the policy's data type.
        terminated: ``[T, B, N]``.
        truncated: ``[T, B, N]``.
        started: ``[T, B]``, True where the observation begins an episode.
        memory: the policy's memory before the first step, or None. Axes as in `Memory`.
        earned: ``[T, B, N]``, see `Step`; or None.
        last_images: by name ``[E, N_c, C, H, W]``, those of the ``E`` successors that are not
            the next row's observation, see `closing`, row by row; or None. So each image is kept once.
    """

    observation: Observation
    next_observation: Observation
    action: dict[str, Tensor]
    log_prob: Tensor
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    started: Tensor
    memory: Memory | None
    earned: Tensor | None = None
    last_images: dict[str, Tensor] | None = None

    def inspect(self) -> dict[str, Tensor]:
        """Numbers that get a histogram in the log, by name: the rewards of agents that were there."""
        return {"reward": self.reward[self.observation.alive]}

    @property
    def closing(self) -> Tensor:
        """``[T, B]``, True for the last steps, and those at which an agent left or an episode ended."""
        left = ((self.terminated | self.truncated) & self.observation.alive).any(-1)
        return torch.cat([left[:-1] | self.started[1:], torch.ones_like(left[-1:])])

    def successors(self, steps: Tensor) -> Observation:
        """True successors of some of the steps that are `closing`.

        Args:
            steps: ``[T, B]``, True for ``M`` of them.

        Returns:
            Leading axis ``[M]``.
        """
        successors = self.next_observation.index(steps)
        if self.last_images is None:
            return successors
        where = steps[self.closing]
        return replace(successors, images={name: images[where] for name, images in self.last_images.items()})

    def copies(self, index: Tensor) -> Rollout:
        """Select some copies of the rollout, without images of successors.

        Args:
            index: ``[M]``, indices into the copy axis.
        """
        chosen = replace(self, memory=None, last_images=None).map(lambda tensor: tensor[:, index])
        return replace(chosen, memory=None if self.memory is None else self.memory.index(index))
