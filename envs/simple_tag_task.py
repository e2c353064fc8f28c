"""simple_tag by name: its settings, and how they become an environment."""

from __future__ import annotations

from typing import Any, Literal

import torch
from pydantic import Field, field_validator, model_validator

from envs.simple_tag import SimpleTag
from marl.config import Config
from marl.environment import Environment
from marl.roster import parse_team
from wrappers.class_views import ClassViews, Frame, Sight, check_classes
from wrappers.message_graph import MessageGraph
from wrappers.prey import PREY, PreyNoise

__all__ = ["CommunicationConfig", "SimpleTagConfig", "SimpleTagTask", "task"]


class CommunicationConfig(Config):
    """Who hears whom."""

    range: float | None = Field(1.5, ge=0)
    """Largest distance of two predators that hear each other; None for unlimited."""
    nearest: int | None = Field(None, ge=1)
    """Hear at most so many, the nearest within the range; None for all."""
    link_loss: float = Field(0.0, ge=0, lt=1)
    """Probability that a pair cannot hear each other at a step of training."""


class SimpleTagConfig(Config):
    """A team of predators that chases prey among obstacles."""

    name: Literal["simple_tag"] = "simple_tag"
    """The task."""
    backend: Literal["batched", "pettingzoo"] = "batched"
    """The simulator on tensors, or mpe2 through PettingZoo wrappers and SuperSuit."""
    team: dict[str, int] = {"A": 2, "B": 2}
    """Number of predators of each class."""
    classes: dict[str, tuple[Sight, ...]] = {"A": ("landmarks",), "B": ("prey",)}
    """What each class sees beside itself: landmarks, prey, teammates, any mix."""
    frame: Frame = "relative"
    """What is seen is relative to the agent, or absolute."""
    communication: CommunicationConfig | None = Field(default_factory=CommunicationConfig)
    """Who hears whom; None for no messages."""
    prey: str = "random"
    """How the prey moves: random, still or flee."""
    prey_noise: tuple[float, float] = (0.0, 0.0)
    """Bounds of the probability, drawn for each training episode, that a prey moves at random at a step."""
    num_prey: int = Field(1, ge=1)
    """Number of prey."""
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
        if value not in PREY:
            raise ValueError(f"prey is {value!r}; what there is: {', '.join(PREY)}")
        return value

    @model_validator(mode="after")
    def _classes_play(self) -> SimpleTagConfig:
        check_classes(self.classes, self.team)
        PreyNoise(*self.prey_noise)
        return self


class SimpleTagTask:
    """simple_tag as a task of the package; see `marl.environment.Task`."""

    config_type = SimpleTagConfig
    agent_noun = "predator"

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
            graph_of(config),
            PREY[config.prey],
            PreyNoise(*config.prey_noise),
            max_cycles=config.max_cycles,
            continuous_actions=config.continuous_actions,
            training=training,
            device=device,
        )


def views_of(config: SimpleTagConfig) -> ClassViews:
    """What each class sees."""
    return ClassViews(config.classes, config.team, config.num_prey, config.num_obstacles, config.frame)


def graph_of(config: SimpleTagConfig) -> MessageGraph | None:
    """Who hears whom; None for no messages."""
    if config.communication is None:
        return None
    return MessageGraph(config.communication.range, config.communication.nearest, config.communication.link_loss)


task = SimpleTagTask()
