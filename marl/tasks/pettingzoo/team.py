"""Agents of a PettingZoo environment: their spaces, and the roster that their classes make."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import iterate
from numpy.typing import NDArray

from marl.core.roster import AgentClass, Plane, Roster
from marl.tasks.answers import AnswerError, conformed
from marl.tasks.images import Channels
from marl.tasks.observed_masks import MASK, beside_mask
from marl.tasks.pettingzoo.config import LinksConfig
from marl.tasks.pettingzoo.links import Links
from marl.tasks.spaces import ActionSpace, ObservationSpace, agent_class

__all__ = ["FIELDS", "MASK", "AgentView", "Team"]

FIELDS = ("adjacency", "kinematics", "entities", "entity_mask", "auxiliary_target")
"""Keys that an agent's dictionary may hold beside ``"observation"`` and ``"action_mask"``."""


class AgentView:
    """One agent's spaces as arrays: features of what it observes, and its actions.

    Args:
        agent: its name, for errors.
        observed: its observation space.
        acted: its action space.
        channels: see `ImageSpace`.

    Raises:
        ValueError: for an unknown key in a dictionary, and spaces that are not supported.
    """

    def __init__(
        self,
        agent: Hashable,
        observed: spaces.Space[Any],
        acted: spaces.Space[Any],
        channels: Channels | None = None,
    ) -> None:
        self.agent, who = agent, f"agent {str(agent)!r}"
        self.keyed = isinstance(observed, spaces.Dict) and "observation" in observed.spaces
        parts: dict[str, spaces.Space[Any]] = {"observation": observed}
        if isinstance(observed, spaces.Dict) and self.keyed:
            known = ("observation", MASK, *FIELDS)
            parts = {name: observed[name] for name in known if name in observed.spaces}
            unknown = sorted(set(observed.spaces) - set(known))
            if unknown:
                raise ValueError(
                    f"{who} observes {unknown[0]!r}; beside one another there may be {', '.join(known)}: give other "
                    "parts within 'observation', or call it something else"
                )
        elif (rest := beside_mask(observed)) is not None:
            parts = {"observation": rest, MASK: observed[MASK]}  # type: ignore[index]
        self.masked = MASK in parts
        parts.pop(MASK, None)
        self.actions = ActionSpace(acted, who)
        self.parts = {name: ObservationSpace(part, who, channels) for name, part in parts.items()}
        images = self.parts["observation"].image_spaces
        self.axes = images[0].axes if images else None
        """Axes of an observation that become ``[C, H, W]``; None where it is no single image."""
        kept = images[0].dtype if self.axes else None if images else self.parts["observation"].dtype
        plain = isinstance(observed, spaces.Box) and observed.dtype == kept
        self.plain = (observed.dtype, observed.shape) if plain else None
        """Data type and shape of observations that are features, or an image, as they stand; None if none are."""

    @property
    def layout(self) -> dict[str, Any]:
        """Shape of each part, the categories of the features, and the actions: equal for agents of one class."""
        seen = self.parts["observation"]
        shapes = {
            name: (part.size,) if name == "observation" else part.space.shape for name, part in self.parts.items()
        }
        images = [(image.shape, str(image.dtype)) for image in seen.image_spaces]
        shown = {"images": images} if images else {}
        return {**shapes, **shown, MASK: self.masked, "categories": seen.categories, "actions": self.actions.spec}

    def read(self, seen: Any) -> Iterator[tuple[str, Any]]:
        """Parts of an observation as features, and the tuple of its images.

        Raises:
            AnswerError: for what its space cannot hold.
        """
        for name, part in self.parts.items():
            try:
                given = seen[name] if self.keyed else seen
                plain = (
                    type(given) is np.ndarray and given.dtype == part.space.dtype and given.shape == part.space.shape
                )
                given = given if plain else conformed(part.space, given)
                if part.image_spaces:
                    yield "images", part.images(given)
                yield name, part.features(given)
            except (AnswerError, ValueError, KeyError, TypeError, IndexError) as error:
                what = f"has no {error}" if isinstance(error, KeyError) else str(error)
                raise AnswerError(f"told agent {self.agent} what is no observation of its own: it {what}") from error

    def mask(self, seen: Any, info: Any) -> NDArray[np.bool_] | None:
        """Legal actions ``[A]``, from the observation or the info; None if neither has any.

        Raises:
            AnswerError: for one of another shape, and for two that differ.
        """
        given = {"its observation": seen.get(MASK) if self.masked else None, "its info": (info or {}).get(MASK)}
        masks: dict[str, NDArray[np.bool_] | None] = {}
        for where, mask in given.items():
            if mask is not None:
                try:
                    masks[where] = self.actions.mask(mask)
                except ValueError as error:
                    raise AnswerError(f"gave agent {self.agent} in {where} an action_mask {error}") from None
        first, *others = masks.values() or [None]
        if others and not np.array_equal(np.asarray(others[0]), np.asarray(first)):
            raise AnswerError(f"gave agent {self.agent} an action_mask in its observation and another in its info")
        return first

    def chosen(self, actions: NDArray[Any]) -> list[Any]:
        """Actions of ``B`` copies in the agent's own space, from ``[B]`` whole numbers or ``[B, A]``."""
        inside = self.actions.actions(actions)
        if isinstance(self.actions.space, spaces.Discrete):
            return inside.tolist()
        return list(iterate(self.actions.space, inside))


class Team:
    """All agents of an environment, class by class.

    Args:
        env: one environment; it is only asked for its spaces.
        class_of: the class of each agent, by its name.
        classes: every declared class, in order; some may have no agents.
        feature_sizes: width of the features of classes without agents; 0 where not given.
        channels: see `ImageSpace`.

    Raises:
        ValueError: for an agent of an undeclared class, agents of one class that differ, or spaces that are not
            supported.
    """

    def __init__(
        self,
        env: Any,
        class_of: Mapping[Any, str] | Callable[[Any], str],
        classes: Sequence[str],
        feature_sizes: Mapping[str, int] | None = None,
        channels: Channels | None = None,
    ) -> None:
        names = list(getattr(env, "possible_agents", ()))
        if not names:
            raise ValueError("it names no possible_agents; PettingZoo environments list all agents that may ever play")
        kinds = {name: _class_of(name, class_of, classes) for name in names}
        self.order = sorted(range(len(names)), key=lambda i: classes.index(kinds[names[i]]))
        """Places in ``possible_agents`` of the agents, class by class."""
        self.views = [
            AgentView(names[i], env.observation_space(names[i]), env.action_space(names[i]), channels)
            for i in self.order
        ]
        self.number = {view.agent: n for n, view in enumerate(self.views)}
        """Index on the agent axis, by name."""
        self.kinds = [kinds[view.agent] for view in self.views]
        _check_equal(self.views, self.kinds)
        _check_fields(self.views, self.kinds)
        self.roster = self._roster(classes, feature_sizes or {})

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """Class, and index in it, of each agent."""
        return [(kind, n - self.roster.slices[kind].start) for n, kind in enumerate(self.kinds)]

    @property
    def fields(self) -> dict[str, tuple[int, ...]]:
        """Shape of each field that agents have beside features and masks."""
        first = self.views[0]
        return {name: tuple(first.parts[name].space.shape or ()) for name in FIELDS if name in first.parts}

    def view_of(self, kind: str) -> AgentView:
        """View of the first agent of a class."""
        return self.views[self.kinds.index(kind)]

    def links(self, config: LinksConfig) -> Links:
        """Message links of agents that do not observe them.

        Raises:
            ValueError: if they do, and see `Links`.
        """
        if "adjacency" in self.fields:
            raise ValueError("links are given, but agents observe an adjacency; leave one out")
        return Links(config, self.roster)

    def _roster(self, classes: Sequence[str], feature_sizes: Mapping[str, int]) -> Roster:
        declared = []
        for kind in classes:
            if kind not in self.kinds:
                declared.append(AgentClass(kind, feature_sizes.get(kind, 0), self.views[0].actions.spec))
                continue
            view = self.view_of(kind)
            seen = view.parts["observation"]
            declared.append(agent_class(kind, seen, view.actions))
        fields = self.fields
        entities, auxiliary = (fields[name][-1] if name in fields else 0 for name in ("entities", "auxiliary_target"))
        plane = Plane() if "kinematics" in fields or entities else None
        counts = tuple(self.kinds.count(kind) for kind in classes)
        return Roster(tuple(declared), counts, plane, entities, auxiliary)


def _class_of(name: Any, class_of: Mapping[Any, str] | Callable[[Any], str], classes: Sequence[str]) -> str:
    if isinstance(class_of, Mapping) and name not in class_of:
        raise ValueError(f"class_of has no class for agent {name!r}; it has {', '.join(map(str, class_of))}")
    kind = class_of[name] if isinstance(class_of, Mapping) else class_of(name)
    if kind not in classes:
        raise ValueError(f"agent {name!r} is of class {kind!r}, which is not declared; declared are {list(classes)}")
    return kind


def _check_equal(views: Sequence[AgentView], kinds: Sequence[str]) -> None:
    for view, kind in zip(views, kinds, strict=True):
        first = views[kinds.index(kind)]
        differ = [name for name, part in first.layout.items() if part != view.layout.get(name)]
        if differ or first.layout.keys() != view.layout.keys():
            raise ValueError(
                f"agents {str(first.agent)!r} and {str(view.agent)!r} are of class {kind!r} but differ: "
                f"{_shown(first, differ)} against {_shown(view, differ)}; give them classes apart"
            )


def _shown(view: AgentView, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {view.layout.get(name)}" for name in names or view.layout)


def _check_fields(views: Sequence[AgentView], kinds: Sequence[str]) -> None:
    found = [{name: view.layout.get(name) for name in FIELDS if name in view.layout} for view in views]
    if any(fields != found[0] for fields in found):
        by_class = dict(zip(kinds, found, strict=True))
        raise ValueError(f"classes observe different fields: {by_class}; make them equal")
    if found[0].get("adjacency", (len(views),)) != (len(views),):
        raise ValueError(
            f"adjacency has shape {found[0]['adjacency']}; give one number for each of {len(views)} agents"
        )
