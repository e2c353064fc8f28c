"""Prey of simple_tag that follow a rule, so that only the predators are agents."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pettingzoo.utils.env import ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper

from marl.wrappers.draws import Draws
from marl.wrappers.mpe2_world import predators_of, prey_of, read_world, simple_tag_of
from marl.wrappers.rules.prey import PREY, Opponents, PreyNoise, PreyPolicy, opponents_of

__all__ = ["ScriptedPrey"]


class ScriptedPrey(BaseParallelWrapper[str, Any, Any]):
    """Wrapper that leaves only the predators as agents and moves the prey by a rule.

    The info of each predator has ``"contacts"``, the number of prey that it overlaps after the step.

    Args:
        env: mpe2's ``simple_tag_v3.parallel_env``, wrapped or not.
        prey: ``"random"``, ``"still"``, ``"flee"``, a function of world and generator, or
            `Opponents` with a memory.
        noise: probability of a random action in place of the rule's; None for 0.

    Raises:
        ValueError: for an unknown name; at a step, if the rule returns something else than actions.
        TypeError: if the environment is not mpe2's simple_tag, or ``prey`` is neither a name nor
            a function.

    Examples:
        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import ScriptedPrey
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> env = ScriptedPrey(env, prey="flee")
        >>> observations, infos = env.reset(seed=0)
        >>> env.agents
        ['adversary_0', 'adversary_1']
        >>> *_, infos = env.step({agent: 0 for agent in env.agents})
        >>> infos["adversary_0"]
        {'contacts': 0.0}
    """

    def __init__(
        self,
        env: ParallelEnv[str, Any, Any],
        prey: str | Opponents | PreyPolicy = "random",
        noise: PreyNoise | None = None,
    ) -> None:
        self.opponents = _policy_of(prey)
        self._predators, self._prey = predators_of(env), prey_of(env)
        self._noise = noise or PreyNoise()
        self._prey_draws = Draws(stream=2)
        super().__init__(env)

    @property
    def possible_agents(self) -> list[str]:
        """The predators."""
        return list(self._predators)

    @property
    def agents(self) -> list[str]:
        """The predators during an episode; empty after its end."""
        return self._kept_list(self.env.agents)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict[str, Any], Any]:
        """Begin an episode; a seed also restarts the random stream of the prey."""
        if seed is not None:
            self._prey_draws.seed(seed)
        observations, infos = self.env.reset(seed=seed, options=options)
        self.opponents.begin(torch.ones(1, dtype=torch.bool), self._prey_draws.generator)
        self._prey_draws.kept = self._noise.draw(1, self._prey_draws.generator)
        return self._kept(observations), self._kept(infos)

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], Any, Any, Any, Any]:
        """Advance by one step; ``actions`` holds the actions of the predators."""
        observations, rewards, terminations, truncations, infos = self.env.step({**actions, **self._play()})
        measured = {agent: {**infos[agent], "contacts": self._contacts(agent)} for agent in self._kept(infos)}
        kept = self._kept
        return kept(observations), kept(rewards), kept(terminations), kept(truncations), measured

    def _play(self) -> dict[str, Any]:
        world, draws = read_world(self.env), self._prey_draws
        chosen = self.opponents(world, draws.generator)
        if chosen.shape != (1, len(self._prey)) or bool(((chosen < 0) | (chosen > 4)).any()):
            raise ValueError(
                f"the prey's rule gave {chosen.tolist()} of shape {tuple(chosen.shape)}; "
                f"give integers from 0 to 4 of shape {(1, len(self._prey))}"
            )
        chosen = self._noise.apply(world, chosen, draws.kept, draws.generator)
        # mpe2's continuous action has one number for each discrete one, so full thrust is the one-hot.
        if simple_tag_of(self.env).continuous_actions:
            vectors = torch.nn.functional.one_hot(chosen[0].long(), 5).numpy().astype(np.float32)
            return dict(zip(self._prey, vectors, strict=True))
        return dict(zip(self._prey, chosen[0].tolist(), strict=True))

    def _contacts(self, agent: str) -> float:
        simulator = simple_tag_of(self.env)
        predator = simulator.world.agents[self._predators.index(agent)]
        return float(simulator.scenario.benchmark_data(predator, simulator.world))

    def _kept_list(self, agents: list[str]) -> list[str]:
        return [agent for agent in agents if agent in self._predators]

    def _kept(self, items: dict[str, Any]) -> dict[str, Any]:
        return {agent: item for agent, item in items.items() if agent in self._predators}


def _policy_of(prey: str | Opponents | PreyPolicy) -> Opponents:
    if isinstance(prey, str):
        if prey not in PREY:
            raise ValueError(f"prey is {prey!r}; write one of {', '.join(PREY)}, or give a function")
        return opponents_of(PREY[prey])
    if not callable(prey):
        raise TypeError(f"prey is {prey!r}; write one of {', '.join(PREY)}, or give a function")
    return opponents_of(prey)
