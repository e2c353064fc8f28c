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
from marl.wrappers.rules.predators import PREDATORS, chase
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
        ``"chase"`` for predators; ``"random"``, ``"still"`` and ``"flee"`` for prey; for both sides ``"still"`` for
        either, and no ``"random"``. Agents of a side without the rule move at random beside the others.
    """
    names = [c.name for c in roster.classes]
    # a side that plays by itself has the kind after those of all classes
    kinds = {side: [names.index(name) for name in sides.get(side, ())] or [len(names)] for side in OPPONENTS}
    rules: dict[str, dict[Side, PreyPolicy]] = {"chase": {"predators": chase}} if "predators" in sides else {}
    if "prey" in sides:
        rules |= {name: {"prey": rule} for name, rule in PREY.items()}
    if len(sides) == 2:
        rules["still"]["predators"] = PREDATORS["still"]
        del rules["random"]

    def actor(name: str, by_side: Mapping[Side, PreyPolicy]) -> Rule:
        def act(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
            world, found = _world(observation, kinds, extent), dict[str, Tensor]()
            for side, rule in by_side.items():
                sizes = {kind: x.shape[1] for kind, x in observation.features.items() if kind in sides[side]}
                if sizes:
                    chosen = rule(world, generator)[:, : sum(sizes.values())]
                    found |= zip(sizes, chosen.split(list(sizes.values()), 1), strict=True)
            if not found:
                whose, there = " and ".join(by_side), ", ".join(observation.features)
                raise ConfigError(f"{name} is a rule of {whose}, and plays nobody of {there}")
            for kind, features in observation.features.items():
                if kind not in found:
                    found[kind] = torch.randint(5, features.shape[:2], generator=generator, device=features.device)
            return {kind: _continuous(found[kind]) if continuous else found[kind] for kind in observation.features}

        return act

    return {name: actor(name, by_side) for name, by_side in rules.items()}


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
