"""Message links between the predators of simple_tag, as a part of their observation."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

from marl.wrappers.draws import Draws
from marl.wrappers.mpe2_world import predators_of
from marl.wrappers.predator_observation import PredatorObservation, as_float32, unbounded
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World

__all__ = ["CommunicationGraph"]


class CommunicationGraph(PredatorObservation):
    """Wrapper that turns the observation of each predator into a dictionary with its message links.

    ``"observation"`` is the observation of the wrapped environment. ``"adjacency"`` ``[N]`` is 1 for each predator
    that it hears, in mpe2's order. ``"kinematics"`` ``[4]`` is its own position and velocity, which a message
    carries.

    Args:
        env: mpe2's ``simple_tag_v3.parallel_env``, wrapped or not.
        range: largest distance of a link; None for unlimited.
        nearest: largest number of predators that one hears; None for all within range.
        link_loss: probability that a pair cannot hear each other at a step, or its bounds.
        training: True to lose links and to draw ranges; False for all links within ``range``.
        training_range: bounds of the range that is drawn for each training episode; None for ``range``.
        velocities: False to send 0 in place of the velocity.
        outage: share of the time that a pair cannot hear each other, in training or not.
        outage_steps: mean number of steps until it can again.

    Attributes:
        graph: the rule of the links; see `MessageGraph`.

    Raises:
        ValueError: for what `MessageGraph` refuses.
        TypeError: if the environment is not mpe2's simple_tag.

    Examples:
        Without a largest distance each of two predators hears the other.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import CommunicationGraph
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> env = CommunicationGraph(env, range=None)
        >>> observations, infos = env.reset(seed=0)
        >>> list(observations["adversary_0"])
        ['observation', 'adjacency', 'kinematics']
        >>> [observations[agent]["adjacency"].tolist() for agent in ("adversary_0", "adversary_1")]
        [[0, 1], [1, 0]]
    """

    def __init__(
        self,
        env: ParallelEnv[str, Any, Any],
        range: float | None = None,
        nearest: int | None = None,
        link_loss: float | tuple[float, float] = 0.0,
        training: bool = True,
        training_range: tuple[float, float] | None = None,
        velocities: bool = True,
        outage: float = 0.0,
        outage_steps: float = 10.0,
    ) -> None:
        self.velocities = velocities
        self.graph = MessageGraph(range, nearest, link_loss, training_range, outage, outage_steps)
        self.training = training
        self._names = predators_of(env)
        self._link_draws = Draws(stream=1)
        super().__init__(env, {agent: self._space(env.observation_space(agent)) for agent in self._names})

    def _space(self, inner: spaces.Space[Any]) -> spaces.Dict:
        heard = spaces.MultiBinary(len(self._names))
        return spaces.Dict({"observation": inner, "adjacency": heard, "kinematics": unbounded(4)})

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        """Begin an episode; a seed also restarts the stream of lost links."""
        if seed is not None:
            self._link_draws.seed(seed)
        # Range and loss hold for a whole episode, so they are drawn before the first observation needs them.
        drawn = self.graph.draw(1, self._link_draws.generator) if self.training else None
        self._link_draws.kept = torch.zeros(0) if drawn is None else drawn
        self._link_draws.latest = torch.zeros(0)
        return super().reset(seed, options)

    @property
    def down(self) -> torch.Tensor | None:
        """Pairs that an outage keeps from hearing each other now, ``[1, N, N]`` of bool; None without outages."""
        latest = self._link_draws.latest
        return latest if latest.numel() else None

    def _observe(self, world: World, observations: dict[str, Any]) -> dict[str, Any]:
        generator = self._link_draws.generator if self.training else None
        if (outages := self.graph.outages) is not None:
            down = outages.draw(1, len(self._names), self._link_draws.generator, self.down)
            self._link_draws.latest = down
        drawn = self._link_draws.kept
        episode = drawn if drawn.numel() else None
        adjacency = self.graph(world, generator, episode, self.down)[0].numpy().astype(np.int8)
        kinematics = as_float32((world if self.velocities else world.at_rest).kinematics[0])
        return {
            agent: {"observation": observations[agent], "adjacency": heard, "kinematics": own}
            for agent, heard, own in zip(self._names, adjacency, kinematics, strict=True)
        }
