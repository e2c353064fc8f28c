"""Advantages and returns from rewards and values."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["explained_variance", "generalised_advantage", "n_step_return", "turn_return"]


def generalised_advantage(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: float,
    gae_lambda: float,
    acting: Tensor | None = None,
) -> Tensor:
    r"""Generalised advantage estimation, over the steps at which an agent acts.

    .. math::
        \delta_t = r_t + \gamma (1 - \mathrm{terminated}_t) V(s'_t) - V(s_t), \quad
        \hat A_t = \delta_t + \gamma \lambda (1 - \mathrm{terminated}_t)(1 - \mathrm{truncated}_t) \hat A_{t+1}

    Only termination stops bootstrapping; a truncated step bootstraps from its true successor.
    With ``gae_lambda = 1`` the advantage plus the value is the discounted return. In turns, step ``t + 1`` is that of
    the agent's next act, :math:`r_t` all that it receives until then, and :math:`s'_t` what it sees then; its last act
    bootstraps from the last successor.
    Reference: Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage
    Estimation", https://arxiv.org/abs/1506.02438, equation 16.

    Args:
        reward, value, next_value, terminated, truncated: ``[T, ...]``.
        gamma: discount :math:`\gamma`, in ``[0, 1]``.
        gae_lambda: :math:`\lambda`, in ``[0, 1]``.
        acting: ``[T, ...]``, True where the agent acts; None if it always does.

    Returns:
        Advantages ``[T, ...]``, 0 where the agent does not act.
    """
    acting = torch.ones_like(terminated) if acting is None else acting
    ended = terminated | truncated
    # a step after which the agent waits hands on what comes later whole: neither valued nor discounted
    waits = torch.cat([~(acting[1:] | ended[:-1]), torch.zeros_like(ended[:1])])
    delta = reward + gamma * next_value.masked_fill(terminated | waits, 0.0) - value.masked_fill(~acting, 0.0)
    # truncation cuts the sum only: its delta above keeps the value of the true successor
    carry = torch.full_like(delta, gamma * gae_lambda).masked_fill(ended, 0.0).masked_fill(waits, 1.0)
    advantage = torch.empty_like(delta)
    running = torch.zeros_like(delta[0])
    for t in range(len(delta) - 1, -1, -1):
        running = delta[t] + carry[t] * running
        advantage[t] = running
    return advantage.masked_fill(~acting, 0.0)


def n_step_return(reward: Tensor, terminated: Tensor, taken: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    r"""n-step return: discounted reward sum, and the discount of the bootstrap value.

    .. math::
        G = \sum_{k=0}^{m-1} \gamma^k c_k r_k, \quad d = \gamma^m c_m, \quad
        c_k = \prod_{j<k} (1 - \mathrm{terminated}_j)

    ``m`` is the number of steps taken of at most ``W``. The target of the first step's value is ``G`` plus ``d`` times
    the value after the last step. ``M`` is the number of samples.
    Reference: Sutton and Barto, "Reinforcement Learning: An Introduction", second edition, equation 7.1.

    Args:
        reward: ``[M, W, N]``.
        terminated: ``[M, W, N]``.
        taken: ``[M, W]``, True for the first ``m`` steps.
        gamma: discount, in ``[0, 1]``.

    Returns:
        ``G`` and ``d``, each ``[M, N]``.
    """
    powers = torch.tensor([gamma**k for k in range(reward.shape[1] + 1)], dtype=reward.dtype, device=reward.device)
    # steps beyond m count as going on, so that the product over all W steps is c_m
    goes_on = (~terminated | ~taken[..., None]).to(reward.dtype)
    if reward.shape[1] == 1:
        return reward[:, 0], powers[1] * goes_on[:, 0]
    until = goes_on.cumprod(1)  # c_1 to c_W
    counted = torch.cat([torch.ones_like(until[:, :1]), until[:, :-1]], 1) * taken[..., None]
    return (powers[:-1, None] * counted * reward).sum(1), powers[taken.sum(1)][:, None] * until[:, -1]


def turn_return(
    reward: Tensor, follows: Tensor, terminated: Tensor, ended: Tensor, taken: Tensor, acts: int, gamma: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """n-step return in turns, where a step is one of the agent's own acts with all that it receives until its next.

    Args:
        reward: ``[M, W, N]``, from an act of the agents on.
        follows: ``[M, W, N]``, True for steps after which the agent is to move.
        terminated: ``[M, W, N]``.
        ended: ``[M, W, N]``, terminated or truncated.
        taken: ``[M, W]``, True for the first steps, which belong together and are known.
        acts: largest number of own acts.
        gamma: discount, in ``[0, 1]``.

    Returns:
        Discounted rewards and the discount of the value after them, see `n_step_return`; the number of the last step
        that they count; and True where there is one: the outcome of one act at least is known. Each ``[M, N]``.
    """
    whole = (follows | ended) & taken[..., None]  # after these steps the outcome of an act is known
    before = whole.cumsum(1) - whole.long()
    counted = taken[..., None] & (before < acts) & (ended.cumsum(1) - ended.long() == 0)
    counted &= (whole & counted).flip(1).cummax(1).values.flip(1)
    last = (counted.sum(1) - 1).clamp(min=0)
    powers = torch.tensor([gamma**k for k in range(acts + 1)], dtype=reward.dtype, device=reward.device)
    returns = (powers[before.clamp(max=acts)] * reward * counted).sum(1)
    goes_on = ~terminated.gather(1, last[:, None]).squeeze(1)
    return returns, powers[(whole & counted).sum(1)] * goes_on, last, counted[:, 0]


def explained_variance(value: Tensor, returns: Tensor, valid: Tensor) -> Tensor:
    """Share of the returns' variance that the values explain: ``1 - Var(returns - value) / Var(returns)``.

    Args:
        value, returns: any shape.
        valid: the same shape, True for entries that count.

    Returns:
        A scalar: 1 perfect, 0 no better than a constant; NaN if the returns do not vary or nothing is valid.
    """
    value, returns = value[valid], returns[valid]
    variance = _variance(returns)
    explained = 1 - _variance(returns - value) / variance
    # below the threshold, rounding alone would decide the quotient
    return torch.where(variance > 1e-8, explained, torch.nan)


def _variance(x: Tensor) -> Tensor:
    return (x - x.mean()).square().mean()  # unlike Tensor.var, silent about an empty x
