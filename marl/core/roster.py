"""Agents of a team: their classes, the slice of the agent axis that each class takes, and the plane they move in.

Agents are ordered class by class, so a class is one contiguous slice of the agent axis ``N``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from marl.core.limits import MOST_AGENTS, MOST_CLASSES

__all__ = ["ActionSpec", "AgentClass", "ImageSpec", "Plane", "Roster", "class_of_image"]


@dataclass(frozen=True)
class ActionSpec:
    """Actions of one agent of a class.

    Args:
        kind: ``"discrete"``: an integer in ``[0, size)``; ``"continuous"``: a vector of ``size``
            numbers, of which -1 stands for the lower bound of the environment's own and 1 for the upper.
        size: number of actions, or of components.
    """

    kind: Literal["discrete", "continuous"]
    size: int


@dataclass(frozen=True)
class ImageSpec:
    """An image that one agent of a class sees.

    Args:
        shape: channels, height and width ``(C, H, W)``.
        dtype: data type in which it is kept.
    """

    shape: tuple[int, int, int]
    dtype: str = "uint8"


@dataclass(frozen=True)
class AgentClass:
    """Agents that share an actor and the kind of their observations.

    Args:
        name: the class's name, e.g. ``"A"``.
        feature_size: width ``D_c`` of the feature vector of one agent.
        action: actions of one agent.
        categories: if features are whole numbers that name something, as a state's, how many values each has: feature
            ``i`` is at least 0 and below ``categories[i]``. Empty if features measure something.
        dtype: data type in which features are kept, e.g. ``"uint8"``; policies take any.
        images: images that an agent sees, of different sizes or data types.

    Raises:
        ValueError: if there are categories for some features only.
    """

    name: str
    feature_size: int
    action: ActionSpec
    categories: tuple[int, ...] = ()
    dtype: str = field(default="float32", compare=False)
    images: tuple[ImageSpec, ...] = ()

    def __post_init__(self) -> None:
        if self.categories and len(self.categories) != self.feature_size:
            raise ValueError(
                f"class {self.name!r} has {self.feature_size} features and {len(self.categories)} categories; give one "
                "for each feature, or none"
            )

    @property
    def width(self) -> int:
        """Width of the features as networks read them, images aside: each category has a place of its own, 1 for the
        present one."""
        return sum(self.categories) or self.feature_size

    @cached_property
    def named_images(self) -> dict[str, ImageSpec]:
        """Images by their names in `Observation.images`: ``"A"``, ``"A:2"``, ``"A:3"`` for class ``"A"``."""
        names = [self.name if number == 1 else f"{self.name}:{number}" for number in range(1, len(self.images) + 1)]
        return dict(zip(names, self.images, strict=True))


def class_of_image(name: str) -> str:
    """Class whose agents see an image, from the image's name; see `AgentClass.named_images`."""
    return name.partition(":")[0]


@dataclass(frozen=True)
class Plane:
    """Coordinates of a world in which agents move, as networks read them.

    Args:
        position: size of a position.
        kinematics: size of a position and the velocity after it; messages carry that many numbers, and every entity
            begins with them.
    """

    position: int = 2
    kinematics: int = 4


@dataclass(frozen=True)
class Roster:
    """Agents of a team, class by class, and the widths of their further inputs.

    Args:
        classes: every declared class, those without agents included.
        counts: number of agents of each class, in the order of ``classes``.
        plane: the world's coordinates; None if agents have no place in a plane.
        entity_size: width ``F`` of an entity; 0 if the environment gives none.
        auxiliary_size: width ``Q`` of an agent's auxiliary target; 0 if the environment gives none.
        others: classes of other sides, whose features a centralised critic sees.
        state: shape ``(D,)`` or ``(C, H, W)`` of the environment's own state; empty if the environment gives none.

    Raises:
        ValueError: if classes and counts differ in length, a name is no identifier or comes twice, a count is
            negative, there is no agent, there are more than 4,096 agents or 256 classes, or there are entities without
            a plane.
    """

    classes: tuple[AgentClass, ...]
    counts: tuple[int, ...]
    plane: Plane | None = None
    entity_size: int = 0
    auxiliary_size: int = 0
    others: tuple[AgentClass, ...] = ()
    state: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.counts):
            raise ValueError(f"{len(self.classes)} classes but {len(self.counts)} counts: give one count a class")
        if len(self.classes) > MOST_CLASSES or sum(self.counts) > MOST_AGENTS:
            raise ValueError(
                f"{len(self.classes):,} classes have {sum(self.counts):,} agents; give at most {MOST_CLASSES} classes "
                f"and {MOST_AGENTS:,} agents"
            )
        names = [c.name for c in self.classes]
        unfit = next((name for name in names if not name.isidentifier() or names.count(name) > 1), None)
        if unfit is not None:
            raise ValueError(f"class {unfit!r}: a name is letters, digits and underscores, and is given only once")
        if min(self.counts, default=0) < 0 or sum(self.counts) == 0:
            raise ValueError(f"counts are {self.counts}: none may be negative, and at least one agent must play")
        if self.entity_size and self.plane is None:
            raise ValueError(
                f"entity_size is {self.entity_size}, but plane is None: entities begin with position and velocity; "
                "give the plane"
            )

    @property
    def size(self) -> int:
        """Number of agents ``N``."""
        return sum(self.counts)

    @cached_property
    def present(self) -> tuple[AgentClass, ...]:
        """Classes that have at least one agent."""
        return tuple(c for c, count in zip(self.classes, self.counts, strict=True) if count)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Slice of the agent axis of each class with agents."""
        slices, start = {}, 0
        for agent_class, count in zip(self.classes, self.counts, strict=True):
            if count:
                slices[agent_class.name] = slice(start, start + count)
            start += count
        return slices

    @cached_property
    def rivals(self) -> dict[str, slice]:
        """Two agents, or two classes, that might play against each other, by name; none if there are not just two."""
        if len(self.slices) == 1 and self.size == 2:
            (name,) = self.slices
            return {f"{name}_{place}": slice(place, place + 1) for place in range(2)}
        return self.slices if len(self.slices) == 2 else {}

    @cached_property
    def class_indices(self) -> tuple[int, ...]:
        """Index into ``classes`` of each agent's class."""
        return tuple(i for i, count in enumerate(self.counts) for _ in range(count))

    @property
    def team(self) -> dict[str, int]:
        """Counts by class name, e.g. ``{"A": 2, "B": 2}``."""
        return {c.name: count for c, count in zip(self.classes, self.counts, strict=True)}
