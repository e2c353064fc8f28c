"""The past of each agent in a stretch of time: the steps at which it was to move.

Axes as in `marl.core.records`; ``T`` new steps follow the ``K`` that a cache holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["OwnPast"]


@dataclass(frozen=True)
class OwnPast:
    """Attention of each step to itself and to the ``K`` own steps before it, within its episode.

    Own steps are those at which the agent is to move. Distances count them alone, and the cache holds the latest of
    them; at other steps an agent attends to that step only.

    Args:
        mask: ``[B, N, T, K + T]``, True where the row (a new step) may attend to the column; ``N`` is 1 if it is the
            same for all.
        valid: ``[B, N, K]``, True for steps in the cache after the new ones that belong to the running episode.
        order: ``[B, N, T]``, the new steps as they are passed, own ones first; None for the order of time.
        latest: ``[B, N, K]``, the latest own steps among the ``K + T`` that are passed; None for the last of them.
    """

    mask: Tensor
    valid: Tensor
    order: Tensor | None = None
    latest: Tensor | None = None

    @classmethod
    def of(cls, valid: Tensor, started: Tensor, acting: Tensor, alive: Tensor, window: int) -> OwnPast:
        """Find it from the cache and the new steps.

        Args:
            valid: ``[B, N, K]``, True for cached steps of the episode running before the first new one.
            started: ``[T, B]``, True where a new step begins an episode.
            acting: ``[T, B, N]``, True for agents that are to move.
            alive: ``[T, B, N]``, True for agents that are there; what others attend to feeds nothing.
            window: ``K``.
        """
        # numbering episodes makes "within its episode" one comparison, with no loop over beginnings
        episode = started.mT.long().cumsum(1)[:, None]  # [B, 1, T], 0 for the one that was running
        running, acts, order, latest = episode[..., -1:], acting.permute(1, 2, 0), None, None
        if _interrupted(valid, started, acts):
            if acts.shape[-1] > 1:
                # as distances are those of places, steps that are not its own may not lie between an agent's own
                order = (~acts).byte().argsort(dim=-1, stable=True)
                episode, acts = episode.expand_as(acts).gather(-1, order), acts.gather(-1, order)
            latest = acts.sum(-1, keepdim=True) + torch.arange(window, device=acts.device)
        mask, keys = _mask(valid, episode, acts)
        if latest is None:
            shared, _ = _mask(valid.any(1, keepdim=True), episode, torch.ones_like(acts[:, :1]))
            if bool(((mask == shared) | ~alive.permute(1, 2, 0)[..., None]).all()):
                mask = shared  # the usual case: all that are there attend to the same, and a smaller mask is faster
        kept = keys[..., -window:] if latest is None else keys.gather(-1, latest)
        return cls(mask, kept == running, order, latest)

    def pack(self, x: Tensor) -> Tensor:
        """Put new steps ``[B, N, T, D]`` into the order in which they are passed."""
        return x if self.order is None else _take(x, self.order)

    def unpack(self, x: Tensor) -> Tensor:
        """Put them back into the order of time."""
        return x if self.order is None else _take(x, self.order.argsort(-1))

    def keep(self, x: Tensor) -> Tensor:
        """The part of keys or values ``[B, N, K + T, D]`` that the cache holds next, ``[B, N, K, D]``."""
        return x[:, :, -self.valid.shape[-1] :] if self.latest is None else _take(x, self.latest)


def _interrupted(valid: Tensor, started: Tensor, acts: Tensor) -> bool:
    """True if a step at which an agent does not act follows an own step of the same episode."""
    if torch.compiler.is_compiling():
        return True  # an exported graph has no branches, and this way gives the same where nobody waits
    before = torch.cat([valid.any(-1, keepdim=True), acts[..., :-1]], -1)
    return bool((before & ~acts & ~started.mT[:, None]).any())


def _mask(valid: Tensor, episode: Tensor, acts: Tensor) -> tuple[Tensor, Tensor]:
    """Mask ``[B, N, T, K + T]``, and the episodes ``[B, N, K + T]`` of own steps; -1 for others."""
    window = valid.shape[-1]
    keys = torch.cat([torch.where(valid, 0, -1), torch.where(acts, episode, -1)], -1)
    place = torch.arange(keys.shape[-1], device=keys.device)
    back = place[window:, None] - place
    within = torch.where(acts, episode, -2)[..., None] == keys[..., None, :]
    return within & ((back >= 0) & (back <= window)) | (back == 0), keys


def _take(x: Tensor, places: Tensor) -> Tensor:
    return x.gather(2, places[..., None].expand(*places.shape, x.shape[-1]))
