"""A transformer over each agent's own past, with a cache for acting and one pass for learning."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.records import Memory
from marl.networks.configs import TransformerConfig
from marl.networks.mlp import linear
from marl.networks.own_past import OwnPast

__all__ = ["GRUGate", "OutputGate", "TemporalTransformer"]


class OutputGate(nn.Module):
    r"""Join a block's input ``x`` and output ``y`` by a gate that starts near the identity.

    .. math::
        g = x + \sigma(W x - b) \odot y

    Reference: Parisotto et al., "Stabilizing Transformers for Reinforcement Learning",
    https://arxiv.org/abs/1910.06764, section 3.2, output gating.

    Args:
        width: ``D``.
        bias: initial ``b``; the larger, the closer to the identity.

    Shapes:
        ``x``, ``y`` and the result ``[..., D]``.
    """

    def __init__(self, width: int, bias: float = 2.0) -> None:
        super().__init__()
        self.bias = bias
        self.gate = nn.Linear(width, width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        nn.init.xavier_uniform_(self.gate.weight)
        nn.init.constant_(self.gate.bias, -self.bias)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Join input and output; see the class."""
        return torch.addcmul(x, self.gate(x).sigmoid(), y)

    def extra_repr(self) -> str:
        """Initial bias."""
        return f"bias={self.bias}"


class GRUGate(nn.Module):
    r"""Join a block's input ``x`` and output ``y`` by a GRU-type gate that starts near the identity.

    .. math::
        r &= \sigma(W_r y + U_r x), \quad z = \sigma(W_z y + U_z x - b), \\
        h &= \tanh(W_g y + U_g (r \odot x)), \quad g = (1 - z) \odot x + z \odot h

    Reference: Parisotto et al., "Stabilizing Transformers for Reinforcement Learning",
    https://arxiv.org/abs/1910.06764, section 3.2.

    Args:
        width: ``D``.
        bias: initial ``b``; the larger, the closer to the identity.

    Shapes:
        ``x``, ``y`` and the result ``[..., D]``.
    """

    def __init__(self, width: int, bias: float = 2.0) -> None:
        super().__init__()
        self.width, self.bias = width, bias
        # W_r, W_z and W_g as one matrix, U_r and U_z as another: two products instead of five
        self.from_output = nn.Linear(width, 3 * width)
        self.from_input = nn.Linear(width, 2 * width, bias=False)
        self.from_reset = nn.Linear(width, width, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        for layer in (self.from_output, self.from_input, self.from_reset):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.from_output.bias)
        with torch.no_grad():
            self.from_output.bias[self.width : 2 * self.width] = -self.bias  # of z alone

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Join input and output; see the class."""
        from_output, candidate = self.from_output(y).split((2 * self.width, self.width), -1)
        reset, update = (from_output + self.from_input(x)).sigmoid().chunk(2, -1)
        return torch.lerp(x, (candidate + self.from_reset(reset * x)).tanh(), update)

    def extra_repr(self) -> str:
        """Initial bias."""
        return f"bias={self.bias}"


class Block(nn.Module):
    r"""Pre-norm attention and feed-forward, each joined by a gated residual.

    .. math::
        y &= \mathrm{gate}(x, \mathrm{relu}(W \,\mathrm{attend}(\mathrm{norm}(x)))), \quad
        z = \mathrm{gate}(y, \mathrm{relu}(\mathrm{feedforward}(\mathrm{norm}(y)))), \\
        \alpha_{tu} &= \mathrm{softmax}_u(q_t \cdot k_u / \sqrt{d} + b_{t - u}), \quad
        \mathrm{attend}_t = \textstyle\sum_u \alpha_{tu} v_u

    Reference: Parisotto et al., "Stabilizing Transformers for Reinforcement Learning",
    https://arxiv.org/abs/1910.06764, section 3; the bias ``b`` on the distance is that of Raffel et al.,
    https://arxiv.org/abs/1910.10683, section 2.1, without bucketing.

    Args:
        width: ``D``.
        config: shape.

    Shapes:
        ``[B, N, T, D]`` to the same, with keys and values ``[B, N, K, D]`` of what was before.
    """

    def __init__(self, width: int, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.window = config.heads, config.window
        self.norm_attention, self.norm_feedforward = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width)
        self.distance_bias = nn.Parameter(torch.empty(config.heads, config.window + 1))
        self.feedforward = nn.Sequential(
            linear(width, config.feedforward), nn.ReLU(), nn.Linear(config.feedforward, width)
        )
        gate = GRUGate if config.gate == "gru" else OutputGate
        self.gate_attention, self.gate_feedforward = gate(width), gate(width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the bias on distances to zero: at first only what is remembered decides, not when it was."""
        nn.init.zeros_(self.distance_bias)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Pass a sequence.

        Args:
            x: ``[B, N, T, D]``.
            keys: cached ``[B, N, K, D]``.
            values: cached ``[B, N, K, D]``.
            mask: ``[B, N, T, K + T]``, True where the row may attend to the column; ``N`` may be 1.

        Returns:
            Output ``[B, N, T, D]``, and all keys and values ``[B, N, K + T, D]``.
        """
        query, key, value = self.query_key_value(self.norm_attention(x)).chunk(3, -1)
        keys, values = torch.cat([keys, key], 2), torch.cat([values, value], 2)
        attended = self._attend(query, keys, values, mask)
        x = self.gate_attention(x, self.output(attended).relu())
        return self.gate_feedforward(x, self.feedforward(self.norm_feedforward(x)).relu()), keys, values

    def _attend(self, query: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(-2, -3)  # noqa: E731
        scores = split(query) @ split(keys).mT * (query.shape[-1] // self.heads) ** -0.5  # [B, N, H, T, K + T]
        length, total = query.shape[2], keys.shape[2]
        place = torch.arange(total, device=mask.device)  # of keys; queries have the last T places
        distance = place[total - length :, None] - place
        # distances out of the window are masked; they are clamped only so that they have an entry in the table
        bias = self.distance_bias[:, distance.clamp(0, self.window)]  # [H, T, K + T]
        # minus infinity is safe: each token may attend to itself, so no row of the softmax is empty
        allowed = bias.masked_fill(~mask[:, :, None], -torch.inf)  # [B, N or 1, H, T, K + T]
        weights = (scores + allowed).softmax(-1)
        return (weights @ split(values)).transpose(-2, -3).flatten(-2)

    def extra_repr(self) -> str:
        """Heads and window."""
        return f"heads={self.heads}, window={self.window}"


class TemporalTransformer(nn.Module):
    """Blocks over each agent's own past, see `OwnPast`: causal, windowed, bounded by episodes.

    A step of acting is a pass of length one; learning passes a whole rollout at once, with the
    cache at its start as constant memory. Both give the same outputs. Equations and sources are those of its blocks.

    Args:
        width: ``D``.
        config: shape.

    Shapes:
        Tokens ``[T, B, N, D]`` to the same.

    Raises:
        ValueError: if the heads do not divide the width.
    """

    def __init__(self, width: int, config: TransformerConfig) -> None:
        super().__init__()
        if width % config.heads:
            raise ValueError(f"{config.heads} attention heads do not divide the token width {width}")
        self.config = config
        self.blocks = nn.ModuleList(Block(width, config) for _ in range(config.layers))

    def forward(
        self, tokens: Tensor, memory: Memory, started: Tensor, acting: Tensor, alive: Tensor
    ) -> tuple[Tensor, Memory]:
        """Pass a stretch of time.

        Args:
            tokens: ``[T, B, N, D]``.
            memory: the cache before the first of them, of these agents.
            started: ``[T, B]``, True where a token begins an episode.
            acting: ``[T, B, N]``, True for agents that are to move.
            alive: ``[T, B, N]``, True for agents that are there; outputs of others mean nothing.

        Returns:
            Outputs ``[T, B, N, D]``, and the cache after the last of them.
        """
        past = OwnPast.of(memory.valid, started, acting, alive, self.config.window)
        # time last but one: attention is a product of matrices over it
        x = past.pack(tokens.permute(1, 2, 0, 3).contiguous())
        all_keys, all_values = [], []
        for layer, block in enumerate(self.blocks):
            x, keys, values = block(x, memory.keys[:, :, layer], memory.values[:, :, layer], past.mask)
            # each layer sees the window before it anew, so the cache is whole with the last K of each layer
            all_keys.append(past.keep(keys))
            all_values.append(past.keep(values))
        cache = Memory(torch.stack(all_keys, 2), torch.stack(all_values, 2), past.valid)
        return past.unpack(x).permute(2, 0, 1, 3), cache
