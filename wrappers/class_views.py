"""What each class of agents sees: the rule, used by the wrapper and by the batched simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from wrappers.world import World

__all__ = ["SIGHTS", "ClassViews", "Frame", "Sight"]

Sight = Literal["landmarks", "prey", "predators", "teammates"]
Frame = Literal["absolute", "relative"]
SIGHTS: tuple[Sight, ...] = ("landmarks", "prey", "predators", "teammates")


class ClassViews:
    """Features of each class of predators (or of prey, in a `World.mirrored`).

    One agent's features are, in this order: its own position and velocity (always absolute);
    for each thing that its class sees, landmarks: position of each; prey (for prey: predators):
    position and velocity of each, zeros for absent ones; teammates: position and velocity of each
    other of its side in order, zeros for absent ones; and the one-hot of its class. With
    ``frame="relative"`` all but its own state is the difference to its own position and velocity.

    Args:
        classes: for each declared class what it sees.
        team: number of agents of each class; classes left out have none.
        num_prey: ``P``.
        num_obstacles: ``L``.
        frame: ``"absolute"`` or ``"relative"``.

    Raises:
        ValueError: for an unknown class, a class that sees nothing or something unknown, an
            unknown frame, a negative count, or a team without predators.
    """

    def __init__(
        self,
        classes: Mapping[str, Sequence[str]],
        team: Mapping[str, int],
        num_prey: int,
        num_obstacles: int,
        frame: Frame = "relative",
    ) -> None:
        check_classes(classes, team)
        if frame not in ("absolute", "relative"):
            raise ValueError(f"frame is {frame!r}; write 'absolute' or 'relative'")
        self.classes = {name: tuple(sights) for name, sights in classes.items()}
        self.counts = tuple(team.get(name, 0) for name in classes)
        self.num_predators, self.num_prey, self.num_obstacles = sum(self.counts), num_prey, num_obstacles
        self.frame = frame
        self._others = torch.tensor(
            [[j for j in range(self.num_predators) if j != i] for i in range(self.num_predators)], dtype=torch.long
        )
        self._one_hot = torch.eye(len(self.classes))

    def feature_size(self, name: str) -> int:
        """Width ``D_c`` of the features of one agent of a class."""
        others = self.num_predators - 1
        opponents = 4 * self.num_prey
        widths = {
            "landmarks": 2 * self.num_obstacles,
            "teammates": 4 * others,
            "prey": opponents,
            "predators": opponents,
        }
        return 4 + sum(widths[sight] for sight in self.classes[name]) + len(self.classes)

    def __call__(self, world: World) -> dict[str, Tensor]:
        """Features of every class with agents.

        Returns:
            For each such class ``[B, N_c, D_c]``.
        """
        features, start = {}, 0
        for index, (name, count) in enumerate(zip(self.classes, self.counts, strict=True)):
            if count:
                features[name] = self._view(world, slice(start, start + count), name, index)
            start += count
        return features

    def _view(self, world: World, agents: slice, name: str, index: int) -> Tensor:
        own = world.kinematics[:, agents]
        batch, count = own.shape[:2]
        origin = own if self.frame == "relative" else torch.zeros_like(own)
        parts = [own]
        for sight in self.classes[name]:
            if sight == "landmarks":
                seen = world.landmark_position[:, None] - origin[:, :, None, :2]
            elif sight in ("prey", "predators"):
                seen = self._opponents(world, origin)
            else:
                seen = self._teammates(world, origin, agents)
            parts.append(seen.reshape(batch, count, -1))
        parts.append(self._one_hot[index].to(own).expand(batch, count, -1))
        return torch.cat(parts, -1)

    def _opponents(self, world: World, origin: Tensor) -> Tensor:
        opponents = torch.cat([world.prey_position, world.prey_velocity], -1)
        seen = opponents[:, None] - origin[:, :, None]
        return seen if world.prey_alive is None else seen * world.prey_alive[:, None, :, None]

    def _teammates(self, world: World, origin: Tensor, agents: slice) -> Tensor:
        others = self._others[agents].to(origin.device)
        seen = world.kinematics[:, others] - origin[:, :, None]
        return seen * world.alive[:, others, None]


def check_classes(classes: Mapping[str, Sequence[str]], team: Mapping[str, int]) -> None:
    """Refuses classes and teams that cannot play.

    Raises:
        ValueError: naming the class or count and what would do.
    """
    if not classes:
        raise ValueError("no class is declared; declare at least one, e.g. {'A': ('landmarks',)}")
    for name, sights in classes.items():
        unknown = [sight for sight in sights if sight not in SIGHTS]
        if unknown:
            raise ValueError(f"class {name!r} sees {unknown[0]!r}; what can be seen is {', '.join(SIGHTS)}")
        if not sights:
            raise ValueError(f"class {name!r} sees nothing; give it at least one of {', '.join(SIGHTS)}")
        if len(set(sights)) < len(sights):
            raise ValueError(f"class {name!r} sees {tuple(sights)}: name each only once")
    for name, count in team.items():
        if name not in classes:
            raise ValueError(f"team names class {name!r}, which is not declared; declared are {', '.join(classes)}")
        if count < 0:
            raise ValueError(f"team has {count} agents of class {name!r}; give zero or more")
    if sum(team.values()) == 0:
        raise ValueError(f"team {dict(team)} has no predators; give at least one, e.g. {next(iter(classes))}=1")
