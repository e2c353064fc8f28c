"""Some of a team's agents, and their part of what flows between environment, policy and learner.

Axes as in `marl.core.records`; ``M`` agents are selected of ``N``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from torch import Tensor

from marl.core.records import Memory, Observation, Rollout
from marl.core.roster import class_of_image

__all__ = ["Selection", "class_sizes"]

Places = slice | list[int]
"""Places along an axis; a slice selects without a copy."""


def class_sizes(observation: Observation) -> dict[str, int]:
    """Number of agents of each class, in the order of the agent axis."""
    return {name: features.shape[-2] for name, features in observation.features.items()}


class Selection:
    """Some agents of a team, in the team's order.

    Args:
        sizes: number of agents of each class of the whole team, in the order of the agent axis.
        taken: for each class that has agents in the selection, their numbers within the class.
    """

    def __init__(self, sizes: Mapping[str, int], taken: Mapping[str, Sequence[int]]) -> None:
        starts, total = {}, 0
        for name, size in sizes.items():
            starts[name], total = total, total + size
        chosen = {name: sorted(taken[name]) for name in sizes if taken.get(name)}
        numbers = [starts[name] + place for name, places in chosen.items() for place in places]
        self.size = len(numbers)
        """``M``"""
        self.agents = _compact(numbers)
        """Places on the agent axis."""
        self.places = {name: _compact(places) for name, places in chosen.items()}
        """Places within each class."""
        self._order = [*numbers, *(number for number in range(total) if number not in numbers)]
        self._sizes, self._chosen = sizes, chosen

    def of_agents(self, tensor: Tensor, leading: int) -> Tensor:
        """Select ``[..., M, *]`` of ``[..., N, *]``, where ``leading`` axes come first."""
        return tensor[(slice(None),) * leading + (self.agents,)]

    def of_classes(self, tensors: Mapping[str, Tensor], leading: int) -> dict[str, Tensor]:
        """Select ``[..., M_c, *]`` of ``[..., N_c, *]`` of each class that has some."""
        axes = (slice(None),) * leading
        return {name: tensors[name][(*axes, places)] for name, places in self.places.items() if name in tensors}

    def of_images(self, images: Mapping[str, Tensor], leading: int) -> dict[str, Tensor]:
        """Select ``[..., M_c, C, H, W]`` of ``[..., N_c, C, H, W]`` of each image that a class sees."""
        axes = (slice(None),) * leading
        places = {name: self.places.get(class_of_image(name)) for name in images}
        return {name: images[name][(*axes, taken)] for name, taken in places.items() if taken is not None}

    @cached_property
    def rest(self) -> Selection:
        """All other agents."""
        left = {name: sorted(set(range(size)) - set(self._chosen.get(name, ()))) for name, size in self._sizes.items()}
        return Selection(self._sizes, left)

    def observation(self, whole: Observation, others: Collection[str] = ()) -> Observation:
        """Observation of the selected agents; messages are those among them, and entities begin with them.

        Args:
            whole: observation of all agents.
            others: classes of the others whose features are kept.
        """
        leading = len(whole.leading_shape)

        def agents(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else self.of_agents(tensor, leading)

        def classes(tensors: Mapping[str, Tensor] | None) -> dict[str, Tensor] | None:
            return self.of_classes(tensors or {}, leading) or None

        heard, entities, there = agents(whole.adjacency), whole.entities, whole.entity_mask
        if entities is not None and there is not None:
            order = [*self._order, *range(whole.alive.shape[-1], entities.shape[-2])]
            entities, there = entities[..., order, :], whole.present_entities[..., order]
        return Observation(
            features=self.of_classes(whole.features, leading),
            alive=self.of_agents(whole.alive, leading),
            action_mask=classes(whole.action_mask),
            adjacency=None if heard is None else self.of_agents(heard, leading + 1),
            kinematics=agents(whole.kinematics),
            entities=entities,
            entity_mask=there,
            auxiliary_target=agents(whole.auxiliary_target),
            acting=agents(whole.acting),
            images=self.of_images(whole.images or {}, leading) or None,
            others=self.rest._features(whole, others) if others else None,
            state=whole.state,
        )

    def _features(self, whole: Observation, classes: Collection[str]) -> Observation:
        """Features alone of the selected agents of some classes."""
        kept = Selection(self._sizes, {name: places for name, places in self._chosen.items() if name in classes})
        leading = len(whole.leading_shape)
        return Observation(kept.of_classes(whole.features, leading), kept.of_agents(whole.alive, leading))

    def rollout(self, whole: Rollout, memory: Memory | None, others: Collection[str] = ()) -> Rollout:
        """Steps of the selected agents.

        Args:
            whole: of all agents.
            memory: of the selected agents before the first step.
            others: see `observation`.
        """
        part = Rollout(
            observation=self.observation(whole.observation, others),
            next_observation=self.observation(whole.next_observation, others),
            action=self.of_classes(whole.action, 2),
            log_prob=self.of_agents(whole.log_prob, 2),
            reward=self.of_agents(whole.reward, 2),
            terminated=self.of_agents(whole.terminated, 2),
            truncated=self.of_agents(whole.truncated, 2),
            started=whole.started,
            memory=memory,
            earned=None if whole.earned is None else self.of_agents(whole.earned, 2),
        )
        if whole.last_images is None:
            return part
        kept = part.closing[whole.closing]  # where another agent left, the selected ones may go on
        images = {name: each[kept] for name, each in self.of_images(whole.last_images, 1).items()}
        return replace(part, last_images=images or None)


def _compact(places: list[int]) -> Places:
    """A slice where places follow each other, so that selecting copies nothing."""
    follow = bool(places) and places == list(range(places[0], places[-1] + 1))
    return slice(places[0], places[-1] + 1) if follow else places
