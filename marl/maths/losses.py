"""Loss terms as pure functions; ``valid`` masks the entries that count."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["clipped_surrogate", "masked_mean", "normalise", "regression"]


def masked_mean(x: Tensor, valid: Tensor) -> Tensor:
    """Mean over the valid entries; 0 if there is none.

    Args:
        x: any shape.
        valid: the same shape.
    """
    return x.masked_fill(~valid, 0.0).sum() / valid.sum().clamp(min=1)


def normalise(x: Tensor, valid: Tensor) -> Tensor:
    """Shift and scale to mean 0 and standard deviation 1 over the valid entries.

    Args:
        x: any shape.
        valid: the same shape.
    """
    mean = masked_mean(x, valid)
    deviation = masked_mean((x - mean).square(), valid).sqrt()
    return (x - mean) / (deviation + 1e-8)


def clipped_surrogate(ratio: Tensor, advantage: Tensor, clip_range: float) -> Tensor:
    r"""PPO's loss for each entry: :math:`-\min(\rho A, \mathrm{clip}(\rho, 1 - \epsilon, 1 + \epsilon) A)`.

    Reference: Schulman et al., "Proximal Policy Optimization Algorithms",
    https://arxiv.org/abs/1707.06347, equation 7.

    Args:
        ratio: any shape; probability :math:`\rho` of the action now over that when it was drawn.
        advantage: :math:`A`, of the same shape.
        clip_range: :math:`\epsilon`.
    """
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip_range, 1 + clip_range) * advantage)


def regression(prediction: Tensor, target: Tensor, kind: Literal["squared", "huber"], delta: float = 1.0) -> Tensor:
    """Half the squared error, or Huber's loss, which is linear beyond ``delta``, for each entry.

    Reference: Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).

    Args:
        prediction, target: any shape, the same for both.
        kind: ``"squared"`` or ``"huber"``.
        delta: absolute error at which Huber's loss turns linear.
    """
    if kind == "huber":
        return functional.huber_loss(prediction, target, reduction="none", delta=delta)
    return 0.5 * functional.mse_loss(prediction, target, reduction="none")
