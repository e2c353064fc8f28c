"""Scenes of simple_tag for pictures, and the radii of its bodies."""

from __future__ import annotations

import torch

from marl.core.roster import Roster
from marl.core.scene import Scene
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
    views: ClassViews | None = None,
) -> Scene:
    """Scene of one copy of simple_tag, to be drawn.

    Args:
        world: a world of one copy, ``B = 1``.
        roster: roster of the side that learns, for the names of its classes.
        graph: message links and range on that side; None for no messages.
        side: the side that learns.
        views: features of its classes, for what they see; None for a scene that does not say.
    """
    names = [c.name for c, count in zip(roster.classes, roster.counts, strict=True) for _ in range(count)]
    predators, prey = world.num_predators, world.num_prey
    obstacles = world.position.shape[1] - predators - prey
    hunters, hunted = (names, ["prey"] * prey) if side == "predators" else (["predator"] * predators, names)
    kinds = [*hunters, *hunted, *["obstacle"] * obstacles]
    radii = [PREDATOR_RADIUS] * predators + [PREY_RADIUS] * prey + [OBSTACLE_RADIUS] * obstacles
    prey_there = [True] * prey if world.prey_alive is None else world.prey_alive[0].tolist()
    there = world.alive[0].tolist() + prey_there + [True] * obstacles
    # Absent bodies are left out of the picture, so links and contacts refer to places in what is left.
    kept = [i for i, is_there in enumerate(there) if is_there]
    place = {entity: i for i, entity in enumerate(kept)}
    positions = world.position[0].tolist()
    discs = tuple((*positions[i], radii[i], kinds[i]) for i in kept)
    # links and sights are told by the side that learns, which comes first in its own world
    talking, order = world, list(range(len(there)))
    if side == "prey":
        talking, order = (
            world.mirrored,
            order[predators : predators + prey] + order[:predators] + order[predators + prey :],
        )
    heard = [] if graph is None else graph(talking)[0].nonzero().tolist()
    offset = world.predator_position[0, :, None] - world.prey_position[0]
    overlapping = offset.square().sum(-1).sqrt() < PREDATOR_RADIUS + PREY_RADIUS
    touching = (overlapping & torch.tensor(prey_there, device=overlapping.device)).any(-1)
    seen = [] if views is None else views.sighted(talking)[0].nonzero().tolist()
    return Scene(
        discs=discs,
        links=tuple((place[order[i]], place[order[j]]) for i, j in heard),
        contacts=tuple(place[i] for i in touching.nonzero().flatten().tolist() if i in place),
        range=None if graph is None else graph.range,
        extent=world.extent,
        sights=tuple((place[order[i]], place[order[j]]) for i, j in seen if order[j] in place),
    )
