"""simple_tag by name: its settings, and how they become an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, field_validator, model_validator

from envs.learnt_opponents import is_saved_policy, load_opponents
from envs.simple_tag import SimpleTag
from envs.simple_tag_scene import Side
from marl.config import Config
from marl.environment import Environment
from marl.roster import parse_team
from wrappers.class_views import ClassViews, Frame, check_classes
from wrappers.message_graph import MessageGraph
from wrappers.predators import PREDATORS
from wrappers.prey import PREY, Opponents, PreyNoise, PreyPolicy
from wrappers.sights import read_sight

__all__ = ["CommunicationConfig", "SimpleTagConfig", "SimpleTagTask", "task"]


class CommunicationConfig(Config):
    """Who hears whom."""

    range: float | None = Field(1.5, ge=0)
    """Largest distance of two predators that hear each other; None for unlimited."""
    nearest: int | None = Field(None, ge=1)
    """Hear at most so many, the nearest within the range; None for all."""
    link_loss: float = Field(0.0, ge=0, lt=1)
    """Probability that a pair cannot hear each other at a step of training."""
    training_range: tuple[float, float] | None = None
    """Bounds of the range that is drawn for each training episode; None for the range above."""

    @model_validator(mode="after")
    def _graph_can_be_made(self) -> CommunicationConfig:
        graph_of(self)
        return self


class SimpleTagConfig(Config):
    """Predators that chase prey among obstacles; one side learns."""

    name: Literal["simple_tag"] = "simple_tag"
    """The task."""
    backend: Literal["batched", "pettingzoo"] = "batched"
    """The simulator on tensors, or mpe2 through PettingZoo wrappers and SuperSuit."""
    side: Side = "predators"
    """Which side learns; team, classes and communication are its."""
    team: dict[str, int] = {"A": 2, "B": 2}
    """Number of agents of each class."""
    classes: dict[str, tuple[str, ...]] = {"A": ("landmarks",), "B": ("prey",)}
    """What each class sees beside itself: landmarks, prey (or predators), teammates, any mix; teammates:2
    for the nearest two, so that the class plays among any number."""
    frame: Frame = "relative"
    """What is seen is relative to the agent, or absolute."""
    communication: CommunicationConfig | None = Field(default_factory=CommunicationConfig)
    """Who hears whom; None for no messages."""
    prey: str = "random"
    """How the prey moves: random, still, flee, or the folder of a run that trained prey."""
    prey_noise: tuple[float, float] = (0.0, 0.0)
    """Bounds of the probability, drawn for each training episode, that a prey moves at random at a step."""
    num_prey: int = Field(1, ge=1)
    """Number of prey, where predators learn."""
    predators: str = "chase"
    """How predators move where prey learn: chase, random, still, or the folder of a run that trained predators."""
    num_predators: int = Field(4, ge=1)
    """Number of predators, where prey learn."""
    num_obstacles: int = Field(2, ge=0)
    """Number of obstacles."""
    max_cycles: int = Field(100, ge=1)
    """Steps of an episode."""
    continuous_actions: bool = False
    """Actions are five numbers in [0, 1] instead of one of five."""

    @field_validator("team", mode="before")
    @classmethod
    def _read_team(cls, value: Any) -> Any:
        return parse_team(value) if isinstance(value, str) else value

    @field_validator("prey")
    @classmethod
    def _known_prey(cls, value: str) -> str:
        return _known("prey", value, PREY)

    @field_validator("predators")
    @classmethod
    def _known_predators(cls, value: str) -> str:
        return _known("predators", value, PREDATORS)

    @model_validator(mode="after")
    def _classes_play(self) -> SimpleTagConfig:
        check_classes(self.classes, self.team)
        own = "prey" if self.side == "predators" else "predators"
        for name, sights in self.classes.items():
            wrong = {"prey", "predators"} - {own}
            if wrong & {read_sight(sight).name for sight in sights}:
                raise ValueError(
                    f"class {name!r} sees {wrong.pop()!r}, but {self.side} learn; their opponents are {own!r}"
                )
        if self.side == "prey" and self.backend == "pettingzoo":
            raise ValueError("side is 'prey' and backend 'pettingzoo'; prey learn in the batched simulator only")
        PreyNoise(*self.prey_noise)
        return self


class SimpleTagTask:
    """simple_tag as a task of the package; see `marl.environment.Task`."""

    config_type = SimpleTagConfig
    changeable = frozenset(
        {
            "backend",
            "team",
            "communication",
            "prey",
            "prey_noise",
            "predators",
            "num_prey",
            "num_predators",
            "max_cycles",
        }
    )

    def describe(self, config: Config) -> dict[str, Any]:
        """Team, opponents, episode and simulator; see `marl.environment.Task`."""
        assert isinstance(config, SimpleTagConfig)
        opponents = "prey" if config.side == "predators" else "predators"
        named = ("team", opponents, "max_cycles", "backend")
        return {name: getattr(config, name) for name in named}

    def make(
        self, config: Config, num_copies: int, training: bool = False, device: torch.device | str = "cpu"
    ) -> Environment:
        """The environment that a configuration describes; see `marl.environment.Task`."""
        assert isinstance(config, SimpleTagConfig)
        if config.backend == "pettingzoo":
            from envs.simple_tag_pettingzoo import make_pettingzoo

            return make_pettingzoo(config, num_copies, training, device)
        return SimpleTag(
            num_copies,
            views_of(config),
            graph_of(config.communication),
            opponents_of(config),
            config.side,
            PreyNoise(*config.prey_noise),
            max_cycles=config.max_cycles,
            continuous_actions=config.continuous_actions,
            training=training,
            device=device,
        )


def views_of(config: SimpleTagConfig) -> ClassViews:
    """What each class sees."""
    others = config.num_prey if config.side == "predators" else config.num_predators
    return ClassViews(config.classes, config.team, others, config.num_obstacles, config.frame)


def opponents_of(config: SimpleTagConfig) -> Opponents | PreyPolicy:
    """How the side that does not learn moves.

    Raises:
        ValueError: if a saved policy does not fit this world.
        FileError: if it cannot be loaded.
    """
    size = sum(config.team.values())
    if config.side == "predators":
        if config.prey in PREY:
            return PREY[config.prey]
        return load_opponents(Path(config.prey), "prey", config.num_prey, size, config.num_obstacles)
    if config.predators in PREDATORS:
        return PREDATORS[config.predators]
    return load_opponents(Path(config.predators), "predators", config.num_predators, size, config.num_obstacles)


def graph_of(links: CommunicationConfig | None) -> MessageGraph | None:
    """Who hears whom; None for no messages."""
    if links is None:
        return None
    return MessageGraph(links.range, links.nearest, links.link_loss, links.training_range)


def _known(field: str, value: str, rules: Mapping[str, PreyPolicy]) -> str:
    if value in rules:
        return value
    if not is_saved_policy(Path(value)):
        raise ValueError(
            f"{field} is {value!r}; what there is: {', '.join(rules)}, or the folder of a run that trained it"
        )
    return str(Path(value).resolve())  # a run is read from other folders too


task = SimpleTagTask()
