"""Rollouts of a policy in an environment."""

from __future__ import annotations

import time
import warnings

import torch
from torch import Tensor

from marl.algorithms.learner import check_finite
from marl.core.environment import Resumable, State
from marl.core.errors import Note
from marl.core.record_fields import stack
from marl.core.records import Memory, Observation, Rollout
from marl.core.seeding import ACTIONS, stream
from marl.core.serialisation import record_of, state_of
from marl.policies.policy import Policy
from marl.tasks.checking import constant_classes
from marl.training.rollout_images import RolloutImages
from marl.training.source import Collected, Episodes

__all__ = ["Collector"]

LOOKED_AT = 256
"""Observations of a class from which on it is told that all are the same."""


class Collector:
    """Step all copies of an environment with a policy, ``T`` steps at a time. A `Source`.

    Episodes go on from one rollout to the next; so does the policy's memory.

    Args:
        environment: already made; it is reset here.
        length: ``T``.
        seed: of the environment and of the actions drawn.
    """

    def __init__(self, environment: Resumable, length: int, seed: int) -> None:
        self.environment, self.length = environment, length
        self.generator = stream(seed, ACTIONS, environment.device)
        self.observation = environment.reset(seed)
        copies, agents = environment.num_copies, environment.roster.size
        self.started = torch.ones(copies, dtype=torch.bool, device=environment.device)
        self.memory: Memory | None = None
        # float64: in float32 0.9 stays below a threshold of 0.9, and 20,000,039 is 20,000,040
        self._sums = {"reward": torch.zeros(copies, agents, dtype=torch.float64, device=environment.device)}
        self._steps = torch.zeros(copies, device=environment.device)
        self._looked = False
        self._leave = False  # whether any agent has left before its episode ended
        self._opposed: bool | None = None  # whether rivals' returns were opposite so far; None before any was not 0
        self._lived = torch.zeros(copies, agents, device=environment.device)  # steps at which each agent was there

    def collect(self, policy: Policy, share_done: float = 0.0) -> Collected:
        """Play ``T`` steps; the batch is a `Rollout`. Nothing here follows the share of training done.

        Raises:
            NonFiniteError: naming the field that is not finite.
        """
        if self.memory is None:
            self.memory = policy.initial_memory(self.environment.num_copies, self.environment.roster.size)
        # a learner replays the rollout from the memory before its first step
        memory, observations, steps, acts, started = self.memory, [], [], [], []
        images = RolloutImages(self.length)
        episodes, seconds = Episodes(), {"acting": 0.0, "environment": 0.0}
        for number in range(1, self.length + 1):
            begin = time.perf_counter()
            act = policy.act(self.observation, self.memory, self.generator)
            between = time.perf_counter()
            step = self.environment.step(act.action)
            seconds["acting"] += between - begin
            seconds["environment"] += time.perf_counter() - between
            seen, kept = images.keep(number - 1, self.observation, step)
            observations.append(seen)
            started.append(self.started)
            acts.append(act)
            steps.append(kept)
            # alive before the step: an agent that leaves at this step still earns its reward
            self._count(step.reward, step.info, self.observation.alive)
            self.observation, self.started, self.memory = step.observation, step.ended, act.memory
            if bool(self.started.any()):
                self._finish(self.started, episodes, number * self.environment.num_copies)
                self.memory = None if self.memory is None else self.memory.reset(self.started)
        rollout = Rollout(
            observation=images.of(stack(observations)),
            next_observation=stack([step.next_observation for step in steps]),
            action={name: torch.stack([act.action[name] for act in acts]) for name in acts[0].action},
            log_prob=torch.stack([act.log_prob for act in acts]),
            reward=torch.stack([step.reward for step in steps]).to(acts[0].log_prob.dtype),
            terminated=torch.stack([step.terminated for step in steps]),
            truncated=torch.stack([step.truncated for step in steps]),
            started=torch.stack(started),
            memory=memory,
            earned=_joined([step.earned for step in steps]),
            last_images=images.last,
        )
        self._look(rollout.observation)
        check_finite(rollout)
        env_steps = self.length * self.environment.num_copies
        return Collected(rollout, episodes, self.environment.metrics, env_steps, seconds)

    def close(self) -> None:
        """Close the environment."""
        self.environment.close()

    def state(self) -> State:
        """State from which collecting can go on exactly."""
        # sums and steps are cloned, as the next steps change them in place
        return {
            "environment": self.environment.state(),
            "generator": self.generator.get_state(),
            "observation": state_of(self.observation),
            "started": self.started,
            "memory": None if self.memory is None else state_of(self.memory),
            "sums": {name: total.clone() for name, total in self._sums.items()},
            "steps": self._steps.clone(),
            "lived": self._lived.clone(),
            "leave": self._leave,
            "opposed": self._opposed,
        }

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` returned."""
        device = self.environment.device
        self.generator.set_state(state["generator"])
        if state["environment"] is None:
            # nothing is known of its seeds: with the run's own the first episodes of the training would come again
            seed = torch.randint(2**31, (), generator=self.generator, device=self.generator.device)
            self.observation = self.environment.reset(int(seed))
            return
        begun = self.environment.load_state(state["environment"])
        if begun is not None:
            self.observation = begun
            return
        self.observation = record_of(Observation, state["observation"]).to(device)
        self.started = state["started"].to(device)
        self.memory = None if state["memory"] is None else record_of(Memory, state["memory"]).to(device)
        self._sums = {name: total.to(device, torch.float64, copy=True) for name, total in state["sums"].items()}
        self._steps = state["steps"].to(device, copy=True)
        # earlier versions stored who took part, and then for the whole episode
        lived = state["lived"] if "lived" in state else state["took_part"] * state["steps"][:, None]
        self._lived = lived.to(device, copy=True)
        self._leave = state.get("leave", False)
        self._opposed = state.get("opposed")

    def _look(self, observation: Observation) -> None:
        """Warn of a class that saw the same at each step of the first rollout."""
        if self._looked:
            return
        self._looked = True
        rows = (observation.index(number) for number in range(self.length))
        seen = ((row, row.to_move) for row in rows)
        for kind in constant_classes(seen, self.environment.roster, LOOKED_AT):
            warnings.warn(
                f"class {kind} saw the same at each step of the first rollout: there is nothing to learn from what it "
                "observes; marl check shows more",
                Note,
                stacklevel=2,
            )

    def _count(self, reward: Tensor, info: dict[str, Tensor], alive: Tensor) -> None:
        self._steps += 1
        self._lived += alive
        self._sums["reward"] += reward * alive
        for name, amount in info.items():
            if name not in self._sums:
                self._sums[name] = torch.zeros_like(self._sums["reward"])
            self._sums[name] += amount * alive

    def _finish(self, ended: Tensor, episodes: Episodes, env_steps: int) -> None:
        steps, lived = self._steps[ended], self._lived[ended]
        roster, took_part = self.environment.roster, lived > 0
        episodes.metrics["episode/length"] += steps.tolist()
        scores = (self._sums["reward"][ended] * took_part).sum(-1) / took_part.sum(-1)
        episodes.scores += scores.tolist()
        classes = roster.slices if len(roster.slices) > 1 else {}
        returns = {
            name: (self._sums["reward"][ended] * took_part)[:, agents].sum(-1) / took_part[:, agents].sum(-1)
            for name, agents in (classes | roster.rivals).items()
        }
        for name in classes:
            episodes.class_scores[name] += returns[name].tolist()
        for name, wins in self._won({name: returns[name] for name in roster.rivals}).items():
            episodes.metrics[f"won/{name}"] += wins.tolist()
        episodes.ended_at += [env_steps] * len(scores)
        self._leave |= bool((took_part & (lived < steps[:, None])).any())
        if self._leave:
            for metric, shares in _by_class("alive", lived / steps[:, None], took_part, roster.slices).items():
                episodes.metrics[metric] += shares.tolist()
        for name, total in self._sums.items():
            amounts = total[ended]
            if name in self.environment.per_step:
                amounts = amounts / lived.clamp(min=1)
            for metric, values in _by_class(name, amounts, took_part, roster.slices).items():
                episodes.metrics[metric] += values.tolist()
            if name in self.environment.events:
                event = self.environment.events[name]
                episodes.metrics[f"episode/share_with_{event}"] += (amounts.sum(-1) > 0).float().tolist()
            total[ended] = 0
        self._steps = self._steps * ~ended
        self._lived = self._lived * ~ended[:, None]

    def _won(self, returns: dict[str, Tensor]) -> dict[str, Tensor]:
        """Episodes that each of two rivals won; none where their returns are not always opposite."""
        if len(returns) != 2 or self._opposed is False:
            return {}
        first, second = returns.values()
        if bool(first.any() | second.any()):
            self._opposed = torch.allclose(first, -second, atol=1e-6)
        return {name: (each > 0).float() for name, each in returns.items()} if self._opposed else {}


def _by_class(name: str, amounts: Tensor, took_part: Tensor, slices: dict[str, slice]) -> dict[str, Tensor]:
    prefix = "return" if name == "reward" else name
    metrics = {}
    for class_name, agents in slices.items():
        there = took_part[:, agents]
        total, number = (amounts[:, agents] * there).sum(-1), there.sum(-1)
        metrics[f"{prefix}/{class_name}"] = total[number > 0] / number[number > 0]
    return metrics


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    known = [part for part in parts if part is not None]
    return torch.stack(known) if len(known) == len(parts) else None
