"""Features as networks read them: scaled to mean 0 and standard deviation 1, and categories as places."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from marl.core.records import Observation
from marl.core.roster import Roster

__all__ = ["FeatureNormaliser"]

LARGEST = 10.0


class FeatureNormaliser(nn.Module):
    r"""Scale each feature of a class to mean 0 and standard deviation 1 over all that was seen in training.

    .. math:: (x - \mu) / \sigma, \text{ cut at } \pm 10

    Small features (an angle in radians beside a position in metres) then weigh as much as large ones. Categories (see
    `AgentClass`) are not scaled: each becomes as many features as it has values, 1 for the present one, 0 for others.
    Reference: Andrychowicz et al., "What Matters In On-Policy Reinforcement Learning?",
    https://arxiv.org/abs/2006.05990, section 3.3.

    Moments, and what is scaled by them, are float64: squares of finite float32 numbers stay finite there.

    Args:
        roster: names the classes; all its declared classes, and those of other sides, get moments.
        active: False scales nothing and keeps nothing.

    Shapes:
        Features of each class ``[..., N_c, D_c]`` to ``[..., N_c, W_c]`` of float, the class's width.
    """

    def __init__(self, roster: Roster, active: bool) -> None:
        super().__init__()
        self.active = active
        classes = roster.classes + roster.others
        for c in (c for c in classes if c.categories):
            starts = torch.tensor((0, *c.categories[:-1])).cumsum(0)  # of each category, the place of its first value
            self.register_buffer(f"starts_{c.name}", starts, persistent=False)
        self._widths = {c.name: c.width for c in classes if c.categories}
        self._measured = {c.name for c in classes if active and not c.categories}
        for c in (c for c in classes if c.name in self._measured):
            self.register_buffer(f"number_{c.name}", torch.zeros((), dtype=torch.float64))
            self.register_buffer(f"mean_{c.name}", torch.zeros(c.feature_size, dtype=torch.float64))
            self.register_buffer(f"variance_{c.name}", torch.ones(c.feature_size, dtype=torch.float64))

    def forward(self, observation: Observation) -> Observation:
        """The same observation with its features scaled."""
        others = None if observation.others is None else self(observation.others)
        if not self.active and not self._widths and all(x.is_floating_point() for x in observation.features.values()):
            return observation if others is None else replace(observation, others=others)
        features = {name: self._read(name, x) for name, x in observation.features.items()}
        return replace(observation, features=features, others=others)

    @torch.no_grad()
    def update(self, observation: Observation) -> None:
        """Take the features of a rollout's agents that were to move, ``[T, B, ...]``, into the moments."""
        parts = observation.to_move.split([features.shape[-2] for features in observation.features.values()], -1)
        for (name, features), acting in zip(observation.features.items(), parts, strict=True):
            if name in self._measured:
                self._take(name, features[acting].double())
        if observation.others is not None:
            self.update(observation.others)

    def _take(self, name: str, rows: Tensor) -> None:
        number, mean, variance = (self.get_buffer(f"{what}_{name}") for what in ("number", "mean", "variance"))
        total = number + len(rows)
        if rows.numel() == 0:
            return
        share, distance = len(rows) / total, rows.mean(0) - mean
        spread = rows.var(0, correction=0)
        # variance of two samples together: within each of them, and between their means
        variance.copy_((1 - share) * variance + share * spread + share * (1 - share) * distance.square())
        mean.add_(share * distance)
        number.copy_(total)

    def _read(self, name: str, features: Tensor) -> Tensor:
        if name in self._widths:
            places = features.long() + self.get_buffer(f"starts_{name}")
            codes = torch.zeros(*features.shape[:-1], self._widths[name], device=features.device)
            return codes.scatter_(-1, places, 1.0)
        features = features if features.is_floating_point() else features.float()
        return self._scale(name, features) if self.active else features

    def _scale(self, name: str, features: Tensor) -> Tensor:
        mean, variance = self.get_buffer(f"mean_{name}"), self.get_buffer(f"variance_{name}")
        scaled = (features - mean) * (variance + 1e-8).rsqrt()
        return scaled.clamp(-LARGEST, LARGEST).to(features.dtype)

    def extra_repr(self) -> str:
        """Setting ``active``."""
        return f"active={self.active}"
