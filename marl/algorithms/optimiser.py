"""Adam, and gradient descent with momentum, over a policy's parameters, laid side by side in one vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from marl.core.environment import State

__all__ = ["Momentum", "Optimiser"]

TINY = 1e-30
"""Smaller numbers become 0 after each step. Weights of units that are never active, and averages of gradients that have
ended, shrink until they are denormal; with such numbers a processor multiplies many times as slowly as with others."""


class Optimiser:
    """Adam whose step costs the same for a few parameters as for many.

    The parameters become views of one vector, so that what is written into them is written into it.
    Reference: Kingma and Ba, "Adam: A Method for Stochastic Optimization", https://arxiv.org/abs/1412.6980.

    Args:
        parameters: of one data type on one device.
        eps: added to the root of the second moment.
        weight_decay: weight of half the squared norm of the parameters, whose gradient is added to that of the loss.
    """

    def __init__(self, parameters: Sequence[Parameter], eps: float = 1e-8, weight_decay: float = 0.0) -> None:
        self.parameters = list(parameters)
        self.vector = torch.cat([p.detach().flatten() for p in self.parameters])
        self._tie()
        self.eps, self.weight_decay = eps, weight_decay
        self._gradient = torch.zeros_like(self.vector)
        self._moments = {
            "step": torch.zeros((), device=self.vector.device),
            "exp_avg": torch.zeros_like(self.vector),
            "exp_avg_sq": torch.zeros_like(self.vector),
        }

    def backward(self, loss: Tensor, max_norm: float | None) -> Tensor:
        """Find the gradient of a loss for the next step, and scale it down to a norm.

        Args:
            loss: a scalar.
            max_norm: None leaves the gradient as it is.

        Returns:
            The norm before, a scalar.
        """
        if self.parameters[0].data_ptr() != self.vector.data_ptr():
            self._tie()  # a deep copy gives each parameter its own memory
        parts = torch.autograd.grad(loss, self.parameters, allow_unused=True, materialize_grads=True)
        gradient = torch.cat([part.flatten() for part in parts])
        norm = torch.linalg.vector_norm(gradient)
        if max_norm is not None:
            gradient *= (max_norm / (norm + 1e-6)).clamp(max=1.0)
        self._gradient = gradient
        return norm

    def step(self, rate: float) -> None:
        """Move the parameters by the latest gradient.

        Args:
            rate: learning rate.
        """
        self._move(rate)
        with torch.no_grad():
            for numbers in (self.vector, self._moments["exp_avg"], self._moments["exp_avg_sq"]):
                torch.hardshrink(numbers, TINY, out=numbers)

    def state(self) -> State:
        """The moments and the number of steps, for a checkpoint."""
        return {name: moment.clone() for name, moment in self._moments.items()}

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave.

        Raises:
            ValueError: if it is of other parameters.
        """
        if any(name not in state or state[name].shape != moment.shape for name, moment in self._moments.items()):
            raise ValueError("the optimiser's moments belong to other parameters")
        for name, moment in self._moments.items():
            moment.copy_(state[name])

    def _move(self, rate: float) -> None:
        with torch.no_grad():
            adam(
                [self.vector],
                [self._gradient],
                [self._moments["exp_avg"]],
                [self._moments["exp_avg_sq"]],
                [],
                [self._moments["step"]],
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=self.weight_decay,
                eps=self.eps,
                maximize=False,
                fused=True,
            )

    def _tie(self) -> None:
        """Make the parameters views of the vector, with the values that they have."""
        parts = self.vector.split([p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            part.copy_(parameter.detach().flatten())
            parameter.data = part.view_as(parameter)


class Momentum(Optimiser):
    """Gradient descent with momentum 0.9, as `torch.optim.SGD` has it."""

    def _move(self, rate: float) -> None:
        self._moments["step"] += 1
        with torch.no_grad():
            sgd(
                [self.vector],
                [self._gradient],
                [self._moments["exp_avg"]],  # zeros at first, so that the first step is along the gradient
                weight_decay=self.weight_decay,
                momentum=0.9,
                lr=rate,
                dampening=0.0,
                nesterov=False,
                maximize=False,
            )
