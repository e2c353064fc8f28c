"""simple_tag through mpe2 and the PettingZoo wrappers: the same task, some hundred times slower."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from marl.core.scene import Scene
from marl.envs.simple_tag.opponents import make_opponents
from marl.envs.simple_tag.references import roster_of, scripted_actors
from marl.envs.simple_tag.rewards import CONTACT_REWARD
from marl.envs.simple_tag.scene import tag_scene
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.wrappers.mpe2_world import get_state, read_world, set_state
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.prey import PreyNoise

if TYPE_CHECKING:
    from marl.envs.simple_tag.config import SimpleTagConfig

__all__ = ["make_pettingzoo", "wrapped_simple_tag"]


def wrapped_simple_tag(config: SimpleTagConfig, training: bool = False) -> Any:
    """Make one PettingZoo ``ParallelEnv`` of the predators that a configuration describes.

    Args:
        config: settings of the task.
        training: True to lose links and to add noise to the prey.
    """
    from mpe2 import simple_tag_v3

    from marl.wrappers import AdversaryClass, CommunicationGraph, ScriptedPrey, TeamState

    env: Any = simple_tag_v3.parallel_env(
        num_good=config.num_prey,
        num_adversaries=sum(config.team.values()),
        num_obstacles=config.num_obstacles,
        max_cycles=config.max_cycles,
        continuous_actions=config.continuous_actions,
    )
    size = sum(config.team.values())
    # The prey become scripted first: the wrappers above then see predators alone.
    prey = make_opponents(config.prey, "prey", config.num_prey, size, config.num_obstacles)
    env = ScriptedPrey(env, prey, PreyNoise(*config.prey_noise) if training else None)
    env = AdversaryClass(env, config.team, config.classes, config.frame, config.velocities)
    if config.communication is not None:
        links = config.communication
        env = CommunicationGraph(env, **links.model_dump(), training=training, velocities=config.velocities)
    return TeamState(env)


def make_pettingzoo(
    config: SimpleTagConfig, num_copies: int, training: bool, device: torch.device | str
) -> PettingZooEnvironment:
    """Make ``B`` copies of `wrapped_simple_tag` as an `Environment`.

    Args:
        config: settings of the task.
        num_copies: ``B``.
        training: True to lose links and to add noise to the prey.
        device: device of the returned tensors; the simulator itself runs on the CPU.

    Raises:
        ValueError: if ``training`` and the settings draw prey or teams, or have a curriculum.
    """
    drawn = [name for name in ("training_prey", "training_teams", "curriculum") if getattr(config, name)]
    if training and drawn:
        raise ValueError(
            f"{drawn[0]} is {getattr(config, drawn[0])} and backend 'pettingzoo', which draws none in training; "
            f"leave {drawn[0]} out, or train with backend 'batched'"
        )
    sensed = config.frame, config.velocities
    views = ClassViews(config.classes, config.team, config.num_prey, config.num_obstacles, *sensed)
    roster = roster_of([views], config.continuous_actions)
    links = config.communication
    graph = None if links is None else MessageGraph(links.range, links.nearest)

    def scene(env: Any) -> Scene:
        return tag_scene(read_world(env), roster, graph, views=[views], down=None if graph is None else env.down)

    return PettingZooEnvironment(
        partial(wrapped_simple_tag, config, training),
        num_copies,
        class_of=wrapped_simple_tag(config).class_of,
        classes=list(config.classes),
        feature_sizes={name: views.feature_size(name) for name in config.classes},
        events={"contacts": "contact"},
        scripted=scripted_actors(roster, {"predators": list(config.classes)}, config.continuous_actions),
        scene=scene,
        get_state=get_state,
        set_state=set_state,
        device=device,
        agent_noun="predator",
        earned=lambda info: info["contacts"] * CONTACT_REWARD,
    )
