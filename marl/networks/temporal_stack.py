"""Tokens of an agent's last own steps, side by side."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.records import Memory
from marl.networks.mlp import MLP

__all__ = ["TemporalStack"]


class TemporalStack(nn.Module):
    r"""One layer on the token of a step and those of the ``K`` own steps before it, anew in each episode.

    .. math:: y_t = \mathrm{relu}(W [x_{t - K}, \dots, x_t] + b)

    Steps before the episode count as zeros. Own steps are those at which an agent is to move; at other steps its output
    is that of a step that is not remembered. The tokens stand in the memory's keys, and in its values too.
    Reference: frames are stacked so in Mnih et al., "Human-level control through deep reinforcement learning", Nature
    518 (2015), methods, https://doi.org/10.1038/nature14236; here what is stacked has been encoded.

    Args:
        width: ``D``.
        window: ``K``, at least 1.

    Shapes:
        Tokens ``[T, B, N, D]`` to the same.
    """

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.mix = MLP(((window + 1) * width, width))

    def forward(
        self, tokens: Tensor, memory: Memory, started: Tensor, acting: Tensor, alive: Tensor
    ) -> tuple[Tensor, Memory]:
        """Pass a stretch of time; as `TemporalTransformer.forward`, with a memory of one layer."""
        before = memory.keys[:, :, 0].to(tokens) * memory.valid[..., None]  # [B, N, K, D]
        stacks = []
        for token, begins, acts in zip(tokens, started, acting, strict=True):
            stack = torch.cat([before * ~begins[:, None, None, None], token[:, :, None]], 2)
            stacks.append(stack.flatten(2))
            before = stack[:, :, 1:].where(acts[..., None, None], stack[:, :, :-1])
        kept = before[:, :, None]
        mixed: Tensor = self.mix(torch.stack(stacks))
        return mixed, Memory(kept, kept, torch.ones_like(memory.valid))
