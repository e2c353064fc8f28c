"""A gated recurrent unit over each agent's own past."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.records import Memory

__all__ = ["TemporalGRU"]


class TemporalGRU(nn.Module):
    r"""Gated recurrent unit over the steps at which an agent is to move, anew in each episode.

    .. math:: h_t = \mathrm{GRU}(x_t, h_{t - 1})

    At other steps an agent's output is that of a step that is not remembered. The state is the memory's one key, and
    its one value too.
    Reference: Cho et al., https://arxiv.org/abs/1406.1078, section 2.3, and `torch.nn.GRUCell`.

    Args:
        width: ``D``.

    Shapes:
        Tokens ``[T, B, N, D]`` to the same.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(width, width)

    def forward(
        self, tokens: Tensor, memory: Memory, started: Tensor, acting: Tensor, alive: Tensor
    ) -> tuple[Tensor, Memory]:
        """Pass a stretch of time; as `TemporalTransformer.forward`, with a memory of one layer and one step."""
        state = memory.keys[:, :, 0, 0].to(tokens) * memory.valid  # what is not of this episode counts as zeros
        outputs = []
        for token, begins, acts in zip(tokens, started, acting, strict=True):
            state = state * ~begins[:, None, None]
            after = self.cell(token.flatten(0, 1), state.flatten(0, 1)).view_as(token)
            outputs.append(after)
            state = after.where(acts[..., None], state)
        kept = state[:, :, None, None]
        return torch.stack(outputs), Memory(kept, kept, torch.ones_like(memory.valid))
