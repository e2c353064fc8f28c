"""Environments from the settings of simple_tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from marl.core.environment import TaskEnvironment
from marl.core.task import AgentSpaces
from marl.envs.simple_tag.config import CommunicationConfig, CurriculumConfig, SimpleTagConfig
from marl.envs.simple_tag.curriculum import Stage
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.known_opponents import check_known
from marl.envs.simple_tag.opponents import make_opponents
from marl.envs.simple_tag.sides import OPPONENTS, Side
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.mixture import Mixture
from marl.wrappers.rules.prey import Opponents, PreyNoise, PreyPolicy

__all__ = ["graph_of", "make_simple_tag", "opponents_of", "spaces_of", "stages_of", "views_of"]


def graph_of(links: CommunicationConfig | None) -> MessageGraph | None:
    """Make the message graph of some settings; None for no messages."""
    if links is None:
        return None
    return MessageGraph(**links.model_dump())


def stages_of(
    curriculum: CurriculumConfig, table: Sequence[tuple[int, ...]], rows: Sequence[Sequence[tuple[int, ...]]]
) -> list[Stage]:
    """Make the stages of a curriculum.

    Args:
        curriculum: settings of the curriculum.
        table: all compositions, numbers of agents by class.
        rows: for each stage the compositions of ``table`` that it draws from.
    """
    drawn = [torch.tensor([row in of_stage for row in table]) for of_stage in rows]
    pairs = zip(curriculum.stages, drawn, strict=True)
    return [Stage(teams, stage.prey_speed, stage.until) for stage, teams in pairs]


def views_of(config: SimpleTagConfig, team: Mapping[str, int]) -> dict[Side, ClassViews]:
    """Features of each class of a team, for each side of agents."""
    classes = {side: config.classes_of(side) for side in OPPONENTS}
    numbers = {side: sum(team.get(name, 0) for name in own) for side, own in classes.items()}
    if not config.both:
        numbers[OPPONENTS[config.side]] = config.num_prey if config.side == "predators" else config.num_predators

    def views(side: Side) -> ClassViews:
        own = {name: team.get(name, 0) for name in classes[side]}
        return ClassViews(
            classes[side], own, numbers[OPPONENTS[side]], config.num_obstacles, config.frame, config.velocities
        )

    return {side: views(side) for side, own in classes.items() if own}


def spaces_of(config: SimpleTagConfig) -> dict[str, AgentSpaces]:
    """Spaces of each agent, in mpe2's order; see `marl.core.task.Task.spaces`."""
    nouns = {"predators": "adversary", "prey": "agent"}
    action: spaces.Space[Any] = spaces.Box(0, 1, (5,)) if config.continuous_actions else spaces.Discrete(5)
    fields = () if config.communication is None else ("adjacency", "kinematics")
    found: dict[str, AgentSpaces] = {}
    for side, views in views_of(config, config.team).items():
        kinds = [name for name, count in zip(views.classes, views.counts, strict=True) for _ in range(count)]
        seen = {name: spaces.Box(-np.inf, np.inf, (views.feature_size(name),)) for name in set(kinds)}
        found |= {f"{nouns[side]}_{i}": AgentSpaces(name, seen[name], action, fields) for i, name in enumerate(kinds)}
    return found


def opponents_of(config: SimpleTagConfig, team: int, training: bool = False) -> Opponents | PreyPolicy:
    """Make the side that does not learn, by a configuration.

    Args:
        config: settings of the task.
        team: number of agents that learn.
        training: True to draw from the opponents that are named for training.

    Raises:
        ValueError: for an unknown name, or a saved policy that does not fit this world.
        FileError: if a saved policy cannot be loaded.
    """
    side: Side
    if config.side == "predators":
        side, size, usual, drawn = "prey", config.num_prey, config.prey, config.training_prey
    else:
        side, size, usual, drawn = "predators", config.num_predators, config.predators, config.training_predators
    numbers = {sum(named.values()) for teams in config.drawn_teams for named in teams}
    varies = training and (len(numbers) > 1 or config.training_num_predators is not None)
    if not (training and drawn):
        return make_opponents(usual, side, size, team, config.num_obstacles, varies)
    for name in drawn:
        check_known(f"training_{side}", name, side)
    return Mixture([make_opponents(name, side, size, team, config.num_obstacles, varies) for name in drawn])


def make_simple_tag(
    config: SimpleTagConfig, num_copies: int, training: bool, device: torch.device | str
) -> TaskEnvironment:
    """Make the environment that settings describe; see `marl.core.task.Task.make`."""
    if config.backend == "pettingzoo":
        from marl.envs.simple_tag.pettingzoo import make_pettingzoo

        return make_pettingzoo(config, num_copies, training, device)
    # With a drawn number of opponents the world has places for the most of them.
    between = config.training_num_predators if training and config.side == "prey" else None
    if between is not None:
        config = config.model_copy(update={"num_predators": between[1]})
    # The roster has places for the largest number of each class; each composition leaves some of them empty.
    drawn = config.drawn_teams if training else [[config.team]]
    names = [name for side in OPPONENTS for name in config.classes_of(side)]
    rows = [[tuple(team.get(name, 0) for name in names) for team in teams] for teams in drawn]
    table = sorted({row for of_stage in rows for row in of_stage})
    largest = dict(zip(names, (max(column) for column in zip(*table, strict=True)), strict=True))
    views, *others = views_of(config, largest).values()
    curriculum = config.curriculum if training else None
    return SimpleTag(
        num_copies,
        views,
        graph_of(config.communication),
        others[0] if others else opponents_of(config, views.num_predators, training),
        config.side,
        PreyNoise(*config.prey_noise),
        compositions=torch.tensor(table),
        opponents_between=between,
        arena=config.arena,
        stages=[] if curriculum is None else stages_of(curriculum, table, rows),
        promotion_episodes=1 if curriculum is None else curriculum.episodes,
        max_cycles=config.max_cycles,
        continuous_actions=config.continuous_actions,
        training=training,
        device=device,
    )
