"""Policies in loops of a user's own have the returns that evaluations of the same episodes have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from mpe2 import simple_tag_v3

import marl
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Roster
from marl.core.task import AgentSpaces
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.turn_based import to_aec
from marl.networks.configs import CriticConfig, GraphConfig
from marl.policies.configs import ActorCriticConfig
from marl.policies.interface import Interface
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy
from marl.wrappers import AdversaryClass, CommunicationGraph, ScriptedPrey

REMEMBERS: dict[str, Any] = {
    "env": {"name": "CartPole-v1"},
    "policy": {
        "encoder": {"hidden": [32, 32], "transformer": {"heads": 2, "window": 4, "feedforward": 32}},
        "graph": {"kind": "none"},
        "critic": {"sharing": "independent"},
        "normalise_features": True,
    },
    "algorithm": {"name": "ppo", "learning_rate": 0.003},
    "total_env_steps": 1024,
    "num_copies": 16,
    "rollout_length": 32,
    "evaluation_episodes": 2,
    "threads": 1,
}


def same(measured: dict[str, Any], returns: Sequence[float]) -> None:
    """An evaluation measured these returns: their mean, and the lowest and highest of them."""
    assert min(returns) < max(returns)
    assert measured["mean"] == pytest.approx(np.mean(returns))
    assert (measured["minimum"], measured["maximum"]) == (min(returns), max(returns))


def test_cartpole(tmp_path: Path) -> None:
    """One at a time, and all together in a vector environment."""
    fresh = marl.train(REMEMBERS, tmp_path / "run").policy
    policy = marl.load(tmp_path / "run")
    evaluation = marl.evaluate(tmp_path / "run", episodes=10, seed=3, deterministic=True)
    env, returns = gymnasium.make("CartPole-v1"), []
    for seed in evaluation["episode_seeds"]:
        (observation, _), state, done, total = env.reset(seed=seed), None, False, 0.0
        while not done:
            action, state = policy.predict(observation, state, deterministic=True)
            observation, reward, terminated, truncated, _ = env.step(action)
            total, done = total + float(reward), terminated or truncated
        returns.append(total)
    same(evaluation["return_per_agent"], returns)
    assert together(fresh, evaluation["episode_seeds"]) == returns


def together(policy: Policy, reset: list[int]) -> list[float]:
    """Return of an episode from each seed, after others that the policy is to forget."""
    envs = gymnasium.make_vec("CartPole-v1", len(reset), "sync")
    _, state = policy.predict(envs.reset(seed=0)[0], deterministic=True)
    observations, _ = envs.reset(seed=reset)
    returns, running = np.zeros(len(reset)), np.ones(len(reset), np.bool_)
    begins = running
    while running.any():
        actions, state = policy.predict(observations, state, begins, deterministic=True)
        observations, reward, terminated, truncated, _ = envs.step(actions)
        returns += reward * running
        running, begins = running & ~(terminated | truncated), np.zeros_like(running)
    return returns.tolist()


def test_simple_tag_with_the_wrappers() -> None:
    team = {"A": 1, "B": 2}
    policy = marl.load("predator_team", team=team)
    changed = {"team": team, "max_cycles": 25, "backend": "pettingzoo"}
    evaluation = marl.evaluate("predator_team", episodes=4, seed=5, deterministic=True, **changed)
    env: Any = simple_tag_v3.parallel_env(num_adversaries=3, num_good=1, num_obstacles=2, max_cycles=25)
    env = CommunicationGraph(AdversaryClass(ScriptedPrey(env), team), range=1.5)
    returns = []
    for seed in evaluation["episode_seeds"]:
        (observations, _), state, total = env.reset(seed=seed), None, 0.0
        while env.agents:
            actions, state = policy.predict(observations, state, deterministic=True)
            observations, rewards, *_ = env.step(actions)
            total += sum(rewards.values()) / 3
        returns.append(total)
    same(evaluation["return_per_predator"], returns)


def test_a_game_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    env = to_aec(TicTacToe())
    seat = env.observation_space("player_1")["observation"], env.action_space("player_1")
    monkeypatch.setattr("marl.policies.interface.find_spaces", lambda settings: AgentSpaces("player", *seat))
    player = AgentClass("player", 0, ActionSpec("discrete", 9), images=(ImageSpec((2, 3, 3), "int8"),))  # two planes
    roster = Roster((player,), (1,))
    config = ActorCriticConfig(graph=GraphConfig(kind="none"), critic=CriticConfig(sharing="independent"))
    policy = make_policy(roster, config)
    policy.interface = Interface({"name": "tic_tac_toe"})
    env.reset(seed=0)
    state, moves = None, 0
    for agent in env.agent_iter():
        observation, _, terminated, truncated, _ = env.last()
        if terminated or truncated:
            env.step(None)
            continue
        mask = observation["action_mask"]
        action, state = policy.predict(observation["observation"], state, agent=agent, action_mask=mask)
        assert mask[action]
        moves += 1
        assert len(state) == min(moves, 2)
        assert sum(int(memory.valid.sum()) for memory in state.values()) == moves
        env.step(action)
    assert moves >= 5
