"""Heads: from an agent's embedding to the value of each of its actions."""

from __future__ import annotations

from torch import Tensor, nn

from marl.networks.configs import QHeadConfig
from marl.networks.mlp import MLP

__all__ = ["QHead", "dueling"]


def dueling(value: Tensor, advantage: Tensor, action_mask: Tensor | None) -> Tensor:
    r"""Values of actions: :math:`Q(s, a) = V(s) + A(s, a) - \mathrm{mean}_{a'} A(s, a')`.

    Reference: Wang et al., "Dueling Network Architectures for Deep Reinforcement Learning",
    https://arxiv.org/abs/1511.06581, equation 9; here the mean is over legal actions.

    Args:
        value: ``[..., 1]``.
        advantage: ``[..., A]``.
        action_mask: ``[..., A]``, True = legal; None if all are.

    Returns:
        ``[..., A]``.
    """
    if action_mask is None:
        return value + advantage - advantage.mean(-1, keepdim=True)
    number = action_mask.sum(-1, keepdim=True).clamp(min=1)
    return value + advantage - advantage.masked_fill(~action_mask, 0.0).sum(-1, keepdim=True) / number


class QHead(nn.Module):
    """The head of one class: one network of action values, or two that `dueling` joins.

    Args:
        width: ``D`` of the embedding.
        actions: ``A``.
        config: shape.

    Shapes:
        Embedding ``[..., N_c, D]`` and mask ``[..., N_c, A]`` to ``[..., N_c, A]``.
    """

    def __init__(self, width: int, actions: int, config: QHeadConfig) -> None:
        super().__init__()
        sizes = (width, *config.hidden)
        self.advantage = MLP((*sizes, actions), config.activation, output_gain=1.0)
        self.value = MLP((*sizes, 1), config.activation, output_gain=1.0) if config.dueling else None

    def forward(self, embedding: Tensor, action_mask: Tensor | None) -> Tensor:
        """Value of each action.

        Args:
            embedding: ``[..., N_c, D]``.
            action_mask: ``[..., N_c, A]``, True = legal; or None.

        Returns:
            ``[..., N_c, A]``; those of illegal actions mean nothing.
        """
        advantage = self.advantage(embedding)
        return advantage if self.value is None else dueling(self.value(embedding), advantage, action_mask)
