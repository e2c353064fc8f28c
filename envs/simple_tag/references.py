"""Roster of simple_tag, and its hand-written policies as actors on observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from marl.core.environment import Rule
from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.envs.simple_tag.sides import OPPONENTS, Side
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.predators import chase
from marl.wrappers.rules.prey import PREY, PreyPolicy
from marl.wrappers.rules.world import World, entity_size

__all__ = ["roster_of", "scripted_actors"]


def scripted_actors(
    roster: Roster, sides: Mapping[Side, Sequence[str]], continuous: bool, extent: float = 1.0
) -> dict[str, Rule]:
    """Hand-written policies of the agents, as actors on the observations of all or some of them.

    Args:
        roster: all agents.
        sides: classes of each side of agents.
        continuous: True for actions of five numbers in ``[-1, 1]``, False for one action of five.
        extent: half the width of the arena.

    Returns:
        ``"chase"`` for predators; ``"random"``, ``"still"`` and ``"flee"`` for prey. Agents of the other side move at
        random beside them.
    """
    names = [c.name for c in roster.classes]
    # a side that plays by itself has the kind after those of all classes
    kinds = {side: [names.index(name) for name in sides.get(side, ())] or [len(names)] for side in OPPONENTS}

    def actor(name: str, rule: PreyPolicy, side: Side) -> Rule:
        def act(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
            own = [kind for kind in observation.features if kind in sides[side]]
            if not own:
                raise ConfigError(f"{name} is a rule of {side}, and plays nobody of {', '.join(observation.features)}")
            chosen, found, start = rule(_world(observation, kinds, extent), generator), {}, 0
            for kind, features in observation.features.items():
                if kind in own:
                    found[kind] = chosen[:, start : start + features.shape[1]]
                    start += features.shape[1]
                else:
                    found[kind] = torch.randint(5, features.shape[:2], generator=generator, device=features.device)
            return {kind: _continuous(action) for kind, action in found.items()} if continuous else found

        return act

    rules: Mapping[Side, Mapping[str, PreyPolicy]] = {"predators": {"chase": chase}, "prey": PREY}
    return {name: actor(name, rule, side) for side in sides for name, rule in rules[side].items()}


def _continuous(action: Tensor) -> Tensor:
    """Actions of five numbers, 1 for the chosen one and -1 for the others."""
    return 2.0 * torch.nn.functional.one_hot(action, 5) - 1


def _world(observation: Observation, kinds: Mapping[Side, Sequence[int]], extent: float) -> World:
    """The world that entities describe, agents that observe it first on their side."""
    table, there = observation.entities, observation.entity_mask
    assert table is not None and there is not None
    kind = table[0, :, 4:].argmax(-1).tolist()
    hunters, hunted = ([place for place, each in enumerate(kind) if each in kinds[side]] for side in OPPONENTS)
    rest = [place for place in range(len(kind)) if place not in {*hunters, *hunted}]
    position, velocity = table[:, [*hunters, *hunted, *rest], :2], table[:, [*hunters, *hunted], 2:4]
    return World(position, velocity, there[:, hunters], len(hunted), there[:, hunted], extent)


def roster_of(views: Sequence[ClassViews], continuous_actions: bool) -> Roster:
    """Roster of the agents, with the widths of entities and of the auxiliary target.

    Args:
        views: features of each class, for each side of agents.
        continuous_actions: True for actions of five numbers in ``[-1, 1]``, False for one action of five.
    """
    action = ActionSpec("continuous" if continuous_actions else "discrete", 5)
    classes = tuple(AgentClass(name, side.feature_size(name), action) for side in views for name in side.classes)
    counts = tuple(count for side in views for count in side.counts)
    plane = Plane()
    return Roster(classes, counts, plane, entity_size(len(classes)), auxiliary_size=plane.position)
