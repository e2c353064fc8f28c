"""Scenes of simple_tag for pictures, and the radii of its bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from marl.core.roster import Roster
from marl.core.scene import Scene
from marl.envs.simple_tag.links import of_each_side
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World

__all__ = ["OBSTACLE_RADIUS", "PREDATOR_RADIUS", "PREY_RADIUS", "tag_scene"]

PREDATOR_RADIUS, PREY_RADIUS, OBSTACLE_RADIUS = 0.075, 0.05, 0.2


def tag_scene(
    world: World,
    roster: Roster,
    graph: MessageGraph | None,
    side: Side = "predators",
    views: Sequence[ClassViews] = (),
    down: Tensor | None = None,
) -> Scene:
    """Scene of one copy of simple_tag, to be drawn.

    Args:
        world: a world of one copy, ``B = 1``.
        roster: roster of the agents, for the names of their classes: of one side, or of predators and prey.
        graph: message links and range on each of their sides; None for no messages.
        side: side of the first agents.
        views: features of the classes of each of their sides, for what they see; none for a scene that does not say.
        down: ``[1, N, N]``, pairs of agents that an outage keeps from hearing each other; None for none.
    """
    names = [c.name for c, count in zip(roster.classes, roster.counts, strict=True) for _ in range(count)]
    predators, prey = world.num_predators, world.num_prey
    obstacles = world.position.shape[1] - predators - prey
    both = side == "predators" and len(names) > predators
    agents = [*names, *["prey"] * prey * (not both)] if side == "predators" else [*["predator"] * predators, *names]
    kinds = [*agents, *["obstacle"] * obstacles]
    radii = [PREDATOR_RADIUS] * predators + [PREY_RADIUS] * prey + [OBSTACLE_RADIUS] * obstacles
    prey_there = [True] * prey if world.prey_alive is None else world.prey_alive[0].tolist()
    there = world.alive[0].tolist() + prey_there + [True] * obstacles
    # Absent bodies are left out of the picture, so links and contacts refer to places in what is left.
    kept = [i for i, is_there in enumerate(there) if is_there]
    place = {entity: i for i, entity in enumerate(kept)}
    positions = world.position[0].tolist()
    discs = tuple((*positions[i], radii[i], kinds[i]) for i in kept)
    # each side of agents tells its links and sights in a world in which it comes first
    own = list(range(len(there)))
    turned = own[predators : predators + prey] + own[:predators] + own[predators + prey :]
    sides = [(world, own)] * (side == "predators") + [(world.mirrored, turned)] * (both or side == "prey")
    heard = list[tuple[list[int], Tensor]]()
    if graph is not None:
        parts = of_each_side(down, [seen.num_predators for seen, _ in sides])
        heard = [(order, graph(seen, down=part)[0]) for (seen, order), part in zip(sides, parts, strict=True)]
    sighted = [(order, view.sighted(seen)[0]) for (seen, order), view in zip(sides, views, strict=False)]
    offset = world.predator_position[0, :, None] - world.prey_position[0]
    overlapping = offset.square().sum(-1).sqrt() < PREDATOR_RADIUS + PREY_RADIUS
    touching = (overlapping & torch.tensor(prey_there, device=overlapping.device)).any(-1)
    return Scene(
        discs=discs,
        links=_pairs(heard, place),
        contacts=tuple(place[i] for i in touching.nonzero().flatten().tolist() if i in place),
        range=None if graph is None else graph.range,
        extent=world.extent,
        sights=_pairs(sighted, place),
    )


def _pairs(told: Sequence[tuple[list[int], Tensor]], place: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    pairs = ((order[i], order[j]) for order, linked in told for i, j in linked.nonzero().tolist())
    return tuple((place[i], place[j]) for i, j in pairs if j in place)
