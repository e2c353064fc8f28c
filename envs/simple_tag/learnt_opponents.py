"""Saved policies as opponents: they play the side that does not learn."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from marl.core.records import Memory, Observation
from marl.core.serialisation import record_of, state_of
from marl.envs.simple_tag.sides import OPPONENTS, Side
from marl.policies.saved import SavedPolicy, load_policy
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.sights import read_sight
from marl.wrappers.rules.world import World

__all__ = ["LearntOpponents", "load_opponents"]


class LearntOpponents:
    """Saved policy that plays one side of simple_tag; see `marl.wrappers.rules.prey.Opponents`.

    Args:
        saved: the policy; its actions are sampled, not the likeliest.
        side: the side that it plays.
        views: features of each of its classes, from that side.
        graph: message links on that side, which never fail; None for no messages.
    """

    def __init__(self, saved: SavedPolicy, side: Side, views: ClassViews, graph: MessageGraph | None) -> None:
        self.policy, self.side, self.views, self.graph = saved.policy, side, views, graph
        self.memory: Memory | None = None

    def __call__(self, world: World, generator: torch.Generator) -> Tensor:
        """Discrete actions of the policy's side, ``[B, N]``."""
        device = world.position.device
        if self.policy.device != device:
            self.policy.to(device)
        # Policies are trained in float32, while the PettingZoo backend describes its world in float64.
        seen = (world if self.side == "predators" else world.mirrored).map(_single)
        if self.memory is None:
            self.memory = self.policy.initial_memory(*seen.alive.shape)
        memory = None if self.memory is None else self.memory.to(device)
        observation = Observation(
            features=self.views(seen),
            alive=seen.alive,
            adjacency=None if self.graph is None else self.graph(seen),
            kinematics=self.views.sensed(seen).kinematics,
        )
        act = self.policy.act(observation, memory, generator)
        self.memory = act.memory
        return torch.cat(list(act.action.values()), 1)

    def begin(self, where: Tensor, generator: torch.Generator) -> None:
        """See `marl.wrappers.rules.prey.Opponents`."""
        # A memory of another number of copies belongs to another environment and is dropped.
        if self.memory is not None and self.memory.valid.shape[0] == where.shape[0]:
            self.memory = self.memory.reset(where)
        else:
            self.memory = None

    def state(self) -> dict[str, Any]:
        """See `marl.wrappers.rules.prey.Opponents`."""
        return {"memory": None if self.memory is None else state_of(self.memory)}

    def load_state(self, state: dict[str, Any]) -> None:
        """See `marl.wrappers.rules.prey.Opponents`."""
        self.memory = None if state["memory"] is None else record_of(Memory, state["memory"])


def load_opponents(
    path: Path, side: Side, size: int, others: int, num_obstacles: int, drawn: bool = False
) -> LearntOpponents:
    """Load a trained side as opponents in a world.

    Args:
        path: folder of a run that trained this side.
        side: the side that it plays.
        size: number of agents on that side.
        others: number of agents on the other side.
        num_obstacles: ``L``.
        drawn: True if episodes draw the number of agents of either side.

    Raises:
        FileError: if the policy cannot be loaded.
        ValueError: if it was trained in another task or as the other side, acts continuously, has
            several classes and another size, or sees all things of a kind of which this world has another number.
    """
    saved = load_policy(path)
    if saved.environment.get("name") != "simple_tag":
        raise ValueError(f"{path} was trained in {saved.environment.get('name')!r}, not in simple_tag")
    settings = _of_side(saved.environment, side)
    if settings.get("side", "predators") != side:
        raise ValueError(f"{path} was trained as {settings.get('side', 'predators')} and cannot play the {side}")
    team = _team(settings["team"], size, path)
    views = ClassViews(
        settings["classes"], team, others, num_obstacles, settings["frame"], settings.get("velocities", True)
    )
    _check_numbers(settings, side, size, others, num_obstacles, path)
    everyone = [
        sight for sights in settings["classes"].values() for sight in map(read_sight, sights) if not sight.count
    ]
    if drawn and any(sight.name != "landmarks" for sight in everyone):
        raise ValueError(
            f"{path} sees every one of the {everyone[-1].name}, and episodes draw how many play; opponents in such "
            f"worlds must be trained to see the nearest few, e.g. {everyone[-1].name}:4"
        )
    if any(agent_class.action.kind != "discrete" for agent_class in saved.policy.roster.classes):
        raise ValueError(f"{path} acts continuously; opponents must act discretely")
    links = settings["communication"]
    graph = None if links is None else MessageGraph(links["range"], links["nearest"])
    return LearntOpponents(saved, side, views, graph)


def _of_side(settings: Mapping[str, Any], side: Side) -> Mapping[str, Any]:
    """Settings of a run in which both sides were agents as those of one of them; of others as they are."""
    prey = (settings.get("sides") or {}).get("prey", ())
    if settings.get("side", "predators") == "prey" or set(prey) in (set(), set(settings["classes"])):
        return settings
    own = {name: sights for name, sights in settings["classes"].items() if (name in prey) == (side == "prey")}
    team = {name: settings["team"].get(name, 0) for name in own}
    others = sum(settings["team"].values()) - sum(team.values())
    return {**settings, "side": side, "classes": own, "team": team, f"num_{OPPONENTS[side]}": others}


def _team(team: Mapping[str, int], size: int, path: Path) -> dict[str, int]:
    if sum(team.values()) == size:
        return dict(team)
    if len(team) == 1:
        return dict.fromkeys(team, size)
    raise ValueError(f"{path} was trained as a team of {dict(team)}; here {size} play, and it has several classes")


def _check_numbers(
    settings: Mapping[str, Any], side: Side, size: int, others: int, num_obstacles: int, path: Path
) -> None:
    """Refuse other numbers of the things that a class sees: the width alone may agree by chance."""
    opponents = OPPONENTS[side]
    numbers = {
        "landmarks": (settings["num_obstacles"], num_obstacles),
        opponents: (settings[f"num_{opponents}"], others),
        "teammates": (sum(settings["team"].values()) - 1, size - 1),
    }
    for name, sights in settings["classes"].items():
        for sight in map(read_sight, sights):
            trained, here = numbers[sight.name]
            if sight.count is None and trained != here:
                raise ValueError(
                    f"{path}: class {name!r} was trained to see {trained} {sight.name} and would see {here} here, with "
                    f"{size} {side}, {others} {opponents} and {num_obstacles} obstacles; the numbers of what it sees "
                    f"must be as in its training, unless it is trained to see the nearest few, e.g. {sight.name}:4"
                )


def _single(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
