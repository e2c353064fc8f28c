"""Access to mpe2's simple_tag beneath any PettingZoo wrappers: its world, its agents, its state."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mpe2.simple_tag.simple_tag import raw_env as SimpleTagEnv
from pettingzoo.utils.env import ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper

from marl.wrappers.draws import Draws
from marl.wrappers.rules.prey import Opponents
from marl.wrappers.rules.world import World

__all__ = ["get_state", "predators_of", "prey_of", "read_world", "set_state", "simple_tag_of"]


def simple_tag_of(env: ParallelEnv[str, Any, Any]) -> SimpleTagEnv:
    """mpe2's simulator beneath the wrappers.

    Raises:
        TypeError: if ``env`` is not a parallel environment, or not mpe2's simple_tag.
    """
    if not isinstance(env, ParallelEnv):
        raise TypeError(f"{env!r} is a {type(env).__name__}; give mpe2.simple_tag_v3.parallel_env(...)")
    simulator = env.unwrapped
    if not isinstance(simulator, SimpleTagEnv):
        kind = type(simulator)
        raise TypeError(
            f"the environment under the wrappers is a {kind.__module__}.{kind.__qualname__}; "
            "give mpe2.simple_tag_v3.parallel_env(...)"
        )
    return simulator


def predators_of(env: ParallelEnv[str, Any, Any]) -> list[str]:
    """Names of the adversaries, in mpe2's order."""
    return [agent.name for agent in simple_tag_of(env).world.agents if agent.adversary]


def prey_of(env: ParallelEnv[str, Any, Any]) -> list[str]:
    """Names of the good agents, in mpe2's order."""
    return [agent.name for agent in simple_tag_of(env).world.agents if not agent.adversary]


def read_world(env: ParallelEnv[str, Any, Any]) -> World:
    """Read the present world as a record with ``B = 1``, in float64.

    Positions are in mpe2's units of length (episodes begin between -1 and 1), velocities in these a second.

    Raises:
        TypeError: if the environment is not mpe2's simple_tag.

    Examples:
        Two predators, one prey and one obstacle have a position each; the obstacle has no velocity.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import read_world
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> observations, infos = env.reset(seed=0)
        >>> world = read_world(env)
        >>> tuple(world.position.shape), tuple(world.velocity.shape)
        ((1, 4, 2), (1, 3, 2))
    """
    world = simple_tag_of(env).world
    position = np.array([entity.state.p_pos for entity in world.entities], dtype=np.float64)
    velocity = np.array([agent.state.p_vel for agent in world.agents], dtype=np.float64)
    num_predators = sum(agent.adversary for agent in world.agents)
    return World(
        position=torch.from_numpy(position)[None],
        velocity=torch.from_numpy(velocity)[None],
        alive=torch.ones(1, num_predators, dtype=torch.bool),
        num_prey=len(world.agents) - num_predators,
    )


def get_state(env: ParallelEnv[str, Any, Any]) -> dict[str, Any]:
    """Snapshot of an episode: the world, the clock and every random generator.

    Returns:
        Tensors, integers and strings only, so that a checkpoint can hold them; see `set_state`.

    Raises:
        TypeError: if the environment is not mpe2's simple_tag.

    Examples:
        An episode that is continued from a snapshot takes the same course.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import get_state, read_world, set_state
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> observations, infos = env.reset(seed=0)
        >>> state, actions, courses = get_state(env), {agent: 1 for agent in env.agents}, []
        >>> for _ in range(2):
        ...     set_state(env, state)
        ...     _ = env.step(actions)
        ...     courses.append(read_world(env).position)
        >>> courses[0].equal(courses[1])
        True
    """
    simulator, world = simple_tag_of(env), read_world(env)
    generator = simulator.np_random.bit_generator.state
    return {
        "position": world.position[0],
        "velocity": world.velocity[0],
        "clock": simulator.steps,
        # PCG64's numbers have 128 bits, more than most formats keep.
        "numpy": {
            "state": str(generator["state"]["state"]),
            "inc": str(generator["state"]["inc"]),
            "has_uint32": generator["has_uint32"],
            "uinteger": generator["uinteger"],
        },
        "opponents": {name: part.state() for name, part in _parts(env, Opponents).items()},
        "draws": {name: draws.state() for name, draws in _parts(env, Draws).items()},
    }


def set_state(env: ParallelEnv[str, Any, Any], state: dict[str, Any]) -> None:
    """Continue from a state that `get_state` returned. The environment must have been reset before.

    Raises:
        TypeError: if the environment is not mpe2's simple_tag.
        ValueError: if the state has another number of entities or belongs to other wrappers.
    """
    simulator, draws = simple_tag_of(env), _parts(env, Draws)
    entities = simulator.world.entities
    if len(state["position"]) != len(entities) or set(state["draws"]) != set(draws):
        raise ValueError(
            f"the state has {len(state['position'])} entities and draws of {sorted(state['draws'])}; "
            f"this environment has {len(entities)} entities and draws of {sorted(draws)}"
        )
    for entity, position in zip(entities, state["position"].numpy(), strict=True):
        entity.state.p_pos = position.copy()
    for agent, velocity in zip(simulator.world.agents, state["velocity"].numpy(), strict=True):
        agent.state.p_vel = velocity.copy()
    simulator.steps = state["clock"]
    numpy_state = state["numpy"]
    simulator.np_random.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {"state": int(numpy_state["state"]), "inc": int(numpy_state["inc"])},
        "has_uint32": numpy_state["has_uint32"],
        "uinteger": numpy_state["uinteger"],
    }
    for name, part in _parts(env, Opponents).items():
        part.load_state(state["opponents"][name])
    for name, reached in state["draws"].items():
        draws[name].load_state(reached)


def _parts(env: ParallelEnv[str, Any, Any], kind: Any) -> dict[str, Any]:
    """Parts of one kind, such as `Draws`, that the wrappers hold, by the wrapper's name."""
    found = {}
    while isinstance(env, BaseParallelWrapper):
        for part in vars(env).values():
            if isinstance(part, kind):
                found[type(env).__name__] = part
        env = env.env
    return found
