"""Records that flow between environment, collector, policy and learner.

Axes: ``T`` time, ``B`` environment copy, ``N`` agent, ``N_c`` agents of a class, ``S`` entities,
``D`` features, ``A`` actions, ``K`` memory, ``L`` layers. ``...`` stands for ``[B]`` or ``[T, B]``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeVar

import torch
from torch import Tensor

__all__ = ["Memory", "Observation", "Record", "Rollout", "Step", "stack"]

R = TypeVar("R", bound="Record")


@dataclass(frozen=True)
class Record:
    """A frozen set of named tensors (or dicts of tensors, or None) that is mapped as one."""

    def map(self: R, function: Callable[[Tensor], Tensor]) -> R:
        """The same record with ``function`` applied to each tensor."""
        return type(self)(**{name: _map(value, function) for name, value in _parts(self).items()})

    def index(self: R, *index: Any) -> R:
        """The same record with each tensor indexed on its leading axes."""
        return self.map(lambda tensor: tensor[index])

    def split(self: R, size: int) -> list[R]:
        """The record in pieces of ``size`` along the first axis; the last may be shorter."""
        return _split(self, size)

    def to(self: R, device: torch.device | str) -> R:
        """The same record on another device."""
        return self.map(lambda tensor: tensor.to(device))


def _names(record: Any) -> tuple[str, ...]:
    """The fields of a record, which may keep other things beside them."""
    return record.__match_args__


def _parts(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _names(record)}


def _map(value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if value is None:
        return None
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, Record):
        return value.map(function)
    if isinstance(value, dict):
        return {key: _map(item, function) for key, item in value.items()}
    return value


def _split(value: Any, size: int) -> Any:
    """Pieces of what a record holds; what is empty has as many as are asked for."""
    if isinstance(value, Tensor):
        return value.split(size)
    if not value:
        return repeat(value)
    items = value if isinstance(value, dict) else _parts(value)
    pieces = zip(*(_split(item, size) for item in items.values()), strict=False)
    made = [dict(zip(items, piece, strict=True)) for piece in pieces]
    return made if isinstance(value, dict) else [type(value)(**piece) for piece in made]


def _merge(values: Sequence[Any], function: Callable[[list[Tensor]], Tensor]) -> Any:
    first = values[0]
    if isinstance(first, Tensor):
        return function(list(values))
    if isinstance(first, Record):
        return type(first)(**{n: _merge([getattr(v, n) for v in values], function) for n in _names(first)})
    if isinstance(first, dict):
        return {key: _merge([v[key] for v in values], function) for key in first}
    return first


def stack(records: Sequence[R]) -> R:
    """Joins records along a new first axis (time)."""
    return _merge(records, torch.stack)


@dataclass(frozen=True)
class Observation(Record):
    """What the agents perceive, and what only training may know.

    Args:
        features: for each class with agents, ``[..., N_c, D_c]``.
        alive: ``[..., N]``, True for agents that are there.
        action_mask: for each class ``[..., N_c, A]``, True = legal; or None if all is legal.
        adjacency: ``[..., N, N]``, True where row hears column; or None without messages.
        kinematics: ``[..., N, 4]``, position and velocity that a message carries; or None.
        entities: ``[..., S, F]``, everything there is, the agents first in their order, for the
            centralised critic only; or None.
        entity_mask: ``[..., S]``, True for entities that are there; or None.
        auxiliary_target: ``[..., N, Q]``, hidden quantities that each agent is trained to
            predict from what it saw and heard; or None.
    """

    features: dict[str, Tensor]
    alive: Tensor
    action_mask: dict[str, Tensor] | None = None
    adjacency: Tensor | None = None
    kinematics: Tensor | None = None
    entities: Tensor | None = None
    entity_mask: Tensor | None = None
    auxiliary_target: Tensor | None = None

    @property
    def leading_shape(self) -> torch.Size:
        """The axes before the agent axis: ``[B]`` or ``[T, B]``."""
        return self.alive.shape[:-1]

    def without_messages(self) -> Observation:
        """The same observation in which nobody hears anybody."""
        adjacency = None if self.adjacency is None else torch.zeros_like(self.adjacency)
        return Observation(**{**self.__dict__, "adjacency": adjacency})


@dataclass(frozen=True)
class Step(Record):
    """What one step of all copies brought.

    Args:
        next_observation: the true successor, also where the episode ended.
        observation: what to act on next; differs only in copies that were reset.
        reward: ``[B, N]``.
        terminated: ``[B, N]``, ended by the task. Stays True for an agent that has left or was
            never there, until its copy is reset.
        truncated: ``[B, N]``, cut by a limit.
        info: named measurements, each ``[B, N]``.
        earned: ``[B, N]``, what each agent brought of a reward that its team shares; None if that
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
        """``[B]``, True for copies whose episode is over (no agent goes on) and which were reset."""
        return (self.terminated | self.truncated).all(-1)


@dataclass(frozen=True)
class Memory(Record):
    """The temporal transformer's cache: the last ``K`` keys and values of each layer and agent.

    Args:
        keys: ``[B, N, L, K, D]``, the latest last.
        values: ``[B, N, L, K, D]``.
        valid: ``[B, K]``, True for entries of the running episode.
    """

    keys: Tensor
    values: Tensor
    valid: Tensor

    def reset(self, where: Tensor) -> Memory:
        """Forgets everything in the copies named.

        Args:
            where: ``[B]``, True for copies that begin an episode.
        """
        return Memory(self.keys, self.values, self.valid & ~where[:, None])


@dataclass(frozen=True)
class Rollout(Record):
    """``T`` steps of ``B`` copies, as a learner takes them.

    Args:
        observation: ``[T, B, ...]``, what was acted on.
        next_observation: ``[T, B, ...]``, the true successor, also where an episode ended.
        action: for each class ``[T, B, N_c]`` (discrete) or ``[T, B, N_c, A]`` (continuous).
        log_prob: ``[T, B, N]`` of the action when it was drawn; zeros if the policy has none.
        reward: ``[T, B, N]``.
        terminated: ``[T, B, N]``.
        truncated: ``[T, B, N]``.
        started: ``[T, B]``, True where the observation begins an episode.
        memory: the policy's memory before the first step, or None. Axes as in `Memory`.
        earned: ``[T, B, N]``, see `Step`; or None.
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

    def copies(self, index: Tensor) -> Rollout:
        """The same rollout for some of its copies.

        Args:
            index: ``[M]``, indices into the copy axis.
        """
        parts = _parts(self)
        chosen = {name: _map(part, lambda tensor: tensor[:, index]) for name, part in parts.items() if name != "memory"}
        return Rollout(**chosen, memory=None if self.memory is None else self.memory.index(index))
