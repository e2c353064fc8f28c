"""Features of each agent class, shared by the PettingZoo wrapper and the batched simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from marl.wrappers.rules.nearest import nearest
from marl.wrappers.rules.sights import Frame, Sight, check_classes, read_sight
from marl.wrappers.rules.world import World

__all__ = ["ClassViews"]


class ClassViews:
    """Features of each class of predators (or of prey, in a `World.mirrored`).

    The features of one agent are, in this order:

    - its own position and velocity, always absolute;
    - for each kind of thing that its class sees: the position of each landmark; or the position and velocity of each
      opponent (``"prey"``, or ``"predators"`` where prey learn); or those of each teammate, in the order of agents.
      Absent agents are zeros;
    - the one-hot of its class.

    Without ``velocities`` each of them is 0, that of the agent itself too: to know how something moves, an agent must
    remember where it was.

    With ``frame="relative"``, all but the agent's own state is relative to its own position and velocity.

    A sight with a count, such as ``"predators:4"``, holds the nearest four that are present, nearest first, each
    followed by a 1. Zeros fill the rest. Its width does not depend on the number of things in the world, so a policy
    with such sights plays among any number. With a radius, as in ``"prey:1@0.8"``, what is further away is not seen.

    Args:
        classes: for each declared class the kinds of things that it sees, each ``NAME``, ``NAME:COUNT``
            or ``NAME:COUNT@RADIUS``.
        team: number of agents of each class; a class that is left out has none.
        num_prey: ``P``.
        num_obstacles: ``L``.
        frame: ``"absolute"`` or ``"relative"``.
        velocities: False to hide velocities.

    Raises:
        ValueError: for an unknown class, a class without sights or with an unknown one, an
            unknown frame, a negative count, or a team without predators.
    """

    def __init__(
        self,
        classes: Mapping[str, Sequence[str]],
        team: Mapping[str, int],
        num_prey: int,
        num_obstacles: int,
        frame: Frame = "relative",
        velocities: bool = True,
    ) -> None:
        check_classes(classes, team)
        if frame not in ("absolute", "relative"):
            raise ValueError(f"frame is {frame!r}; write 'absolute' or 'relative'")
        self.classes = {name: tuple(sights) for name, sights in classes.items()}
        self._sights = {name: tuple(map(read_sight, sights)) for name, sights in classes.items()}
        self.counts = tuple(team.get(name, 0) for name in classes)
        self.num_predators, self.num_prey, self.num_obstacles = sum(self.counts), num_prey, num_obstacles
        self.frame, self.velocities = frame, velocities
        self._others = torch.tensor(
            [[j for j in range(self.num_predators) if j != i] for i in range(self.num_predators)], dtype=torch.long
        )
        self._one_hot = torch.eye(len(self.classes))

    def feature_size(self, name: str) -> int:
        """Width ``D_c`` of the features of one agent of a class."""
        return sum(self.layout(name))

    def layout(self, name: str) -> tuple[int, ...]:
        """Layout of the features of one agent of a class: 2 for each vector of the plane, 1 for each other number."""
        numbers = {
            "landmarks": self.num_obstacles,
            "teammates": self.num_predators - 1,
            "prey": self.num_prey,
            "predators": self.num_prey,
        }
        seen = [part for sight in self._sights[name] for part in sight.layout(numbers[sight.name])]
        return (2, 2, *seen, *[1] * len(self.classes))

    def __call__(self, world: World) -> dict[str, Tensor]:
        """Features of the classes that have agents, read from a world.

        Returns:
            For each such class ``[B, N_c, D_c]``.
        """
        world = self.sensed(world)
        features, start = {}, 0
        for index, (name, count) in enumerate(zip(self.classes, self.counts, strict=True)):
            if count:
                features[name] = self._view(world, slice(start, start + count), name, index)
            start += count
        return features

    def sensed(self, world: World) -> World:
        """World as agents sense it, from which features and messages are read."""
        return world if self.velocities else world.at_rest

    def sighted(self, world: World) -> Tensor:
        """Things that each agent sees, ``[B, N, N + P + L]`` of bool: teammates, then opponents, then landmarks."""
        team, others = self.num_predators, self.num_prey
        seen = world.alive.new_zeros(*world.alive.shape, team + others + self.num_obstacles)
        start = 0
        for name, count in zip(self.classes, self.counts, strict=True):
            agents = slice(start, start + count)
            for sight in self._sights[name]:
                things, there = self._things(sight, world, agents)
                there = there.expand(-1, count, -1)
                if sight.count is not None:
                    distance = self._offset(things, world, agents).square().sum(-1)
                    order = distance.masked_fill(~there, torch.inf).argsort(dim=-1, stable=True)
                    there = there & (order.argsort(-1) < sight.count)
                first = {"landmarks": team + others, "teammates": 0}.get(sight.name, team)
                place = torch.arange(first, first + things.shape[2]).expand(count, -1)
                place = self._others[agents] if sight.name == "teammates" else place
                seen[:, agents].scatter_(2, place.to(seen.device).expand_as(there), there)
            start += count
        return seen & world.alive[..., None]

    def _view(self, world: World, agents: slice, name: str, index: int) -> Tensor:
        own = world.kinematics[:, agents]
        batch, count = own.shape[:2]
        origin = own if self.frame == "relative" else torch.zeros_like(own)
        parts = [own]
        for sight in self._sights[name]:
            things, there = self._things(sight, world, agents)
            seen = things - origin[:, :, None, : things.shape[-1]]
            # The nearest are chosen by distance from the agent, also where the frame is absolute.
            if sight.count is not None:
                seen = nearest(seen, self._offset(things, world, agents), there, sight.count)
            elif sight.name != "landmarks":
                # Masked after the origin is subtracted: an absent agent is zeros in either frame.
                seen = seen * there[..., None]
            parts.append(seen.reshape(batch, count, -1))
        parts.append(self._one_hot[index].to(own).expand(batch, count, -1))
        return torch.cat(parts, -1)

    def _things(self, sight: Sight, world: World, agents: slice) -> tuple[Tensor, Tensor]:
        """Things of one kind, ``[B, N_c or 1, M, W]``, and True for those that are present and within the radius."""
        things, there = self._all(sight.name, world, agents)
        if sight.radius is not None:
            there = there & (self._offset(things, world, agents).square().sum(-1) <= sight.radius**2)
        return things, there

    def _offset(self, things: Tensor, world: World, agents: slice) -> Tensor:
        """Offset from each of some agents to each thing, ``[B, N_c, M, 2]``."""
        return things[..., :2] - world.predator_position[:, agents, None]

    def _all(self, name: str, world: World, agents: slice) -> tuple[Tensor, Tensor]:
        if name == "landmarks":
            things = world.landmark_position[:, None]
            return things, things.new_ones(things.shape[:-1], dtype=torch.bool)
        if name == "teammates":
            others = self._others[agents].to(world.alive.device)
            return world.kinematics[:, others], world.alive[:, others]
        opponents = torch.cat([world.prey_position, world.prey_velocity], -1)[:, None]
        if world.prey_alive is None:
            return opponents, opponents.new_ones(opponents.shape[:-1], dtype=torch.bool)
        return opponents, world.prey_alive[:, None]
