"""Message links in environments that have none of their own, from what agents see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from marl.core.records import Observation
from marl.core.roster import Plane, Roster
from marl.tasks.pettingzoo.config import Columns, LinksConfig

__all__ = ["Links"]


class Links:
    """Adjacency of the agents of an environment, and the positions that messages carry.

    Agents hear each other if both are alive and near enough; nobody hears itself.

    Args:
        config: settings.
        roster: the agents.

    Raises:
        ValueError: for a class without positions, columns that are not there, and positions of several lengths.
    """

    def __init__(self, config: LinksConfig, roster: Roster) -> None:
        self.config = config
        given = config.positions
        self.columns: dict[str, Columns] = {}
        for kind in roster.classes if given is not None else ():
            columns = given.get(kind.name) if isinstance(given, Mapping) else given
            if columns is None:
                raise ValueError(f"links.positions has no columns for class {kind.name!r}; give them for each class")
            if wrong := [column for column in columns if not 0 <= column < kind.feature_size]:
                raise ValueError(
                    f"links.positions has column {wrong[0]}, but class {kind.name!r} sees {kind.feature_size} "
                    "features, counted from 0"
                )
            self.columns[kind.name] = columns
        lengths = {len(columns) for columns in self.columns.values()}
        if len(lengths) > 1 or lengths == {0}:
            raise ValueError(f"links.positions is {self.columns}; give each class as many columns, one at least")
        size = lengths.pop() if lengths else 0
        self.plane = Plane(size, size) if size else None
        """Coordinates of the positions; None if nobody has one."""

    def __call__(self, observation: Observation) -> Observation:
        """The same observation with adjacency, and with positions as its kinematics."""
        alive = observation.alive
        itself = torch.eye(alive.shape[-1], dtype=torch.bool, device=alive.device)
        adjacency = alive[..., :, None] & alive[..., None, :] & ~itself
        if not self.columns:
            return replace(observation, adjacency=adjacency)
        features = observation.features.items()
        position = torch.cat([x[..., list(self.columns[name])].float() for name, x in features], -2)
        distance = (position[..., :, None, :] - position[..., None, :, :]).square().sum(-1).sqrt()
        if self.config.range is not None:
            adjacency = adjacency & (distance <= self.config.range)
        if self.config.nearest is not None and self.config.nearest < alive.shape[-1] - 1:
            # a stable sort breaks ties by order on every device
            far = distance.masked_fill(~adjacency, torch.inf)
            order = far.argsort(dim=-1, stable=True)[..., : self.config.nearest]
            adjacency = adjacency & torch.zeros_like(adjacency).scatter_(-1, order, True)
        return replace(observation, adjacency=adjacency, kinematics=position)
