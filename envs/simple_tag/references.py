"""Roster of simple_tag, and its hand-written policies as actors on observations."""

from __future__ import annotations

import torch
from torch import Tensor

from marl.core.environment import Rule
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.predators import chase
from marl.wrappers.rules.prey import PREY, PreyPolicy
from marl.wrappers.rules.world import World, entity_size

__all__ = ["roster_of", "scripted_actors"]


def scripted_actors(
    roster: Roster, num_opponents: int, side: Side, continuous: bool, extent: float = 1.0
) -> dict[str, Rule]:
    """Hand-written policies of one side, as actors on its observations.

    Args:
        roster: roster of that side.
        num_opponents: number of agents on the other side.
        side: the side that they play.
        continuous: True for actions of five numbers in ``[-1, 1]``, False for one action of five.
        extent: half the width of the arena.

    Returns:
        ``"chase"`` for predators; ``"random"``, ``"still"`` and ``"flee"`` for prey.
    """

    def actor(rule: PreyPolicy) -> Rule:
        def act(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
            assert observation.entities is not None
            table, size = observation.entities, roster.size
            velocity = table[:, : size + num_opponents, 2:4]
            # Entities list the side that learns first, so the record has it as predators whichever side it is.
            seen = World(table[..., :2], velocity, observation.alive, num_opponents, extent=extent)
            action = rule(seen if side == "predators" else seen.mirrored, generator)
            if continuous:
                action = 2 * torch.nn.functional.one_hot(action, 5).to(table.dtype) - 1
            return {name: action[:, agents] for name, agents in roster.slices.items()}

        return act

    return {"chase": actor(chase)} if side == "predators" else {name: actor(rule) for name, rule in PREY.items()}


def roster_of(views: ClassViews, continuous_actions: bool) -> Roster:
    """Roster of the side that learns, with the widths of entities and of the auxiliary target.

    Args:
        views: features of each class of that side.
        continuous_actions: True for actions of five numbers in ``[-1, 1]``, False for one action of five.
    """
    action = ActionSpec("continuous" if continuous_actions else "discrete", 5)
    classes = tuple(AgentClass(name, views.feature_size(name), action) for name in views.classes)
    plane = Plane()
    return Roster(classes, views.counts, plane, entity_size(len(views.classes)), auxiliary_size=plane.position)
