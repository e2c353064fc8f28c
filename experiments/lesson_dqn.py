"""DQN as first lessons write it, on CartPole-v1: every sample of a batch is fitted by itself."""

from __future__ import annotations

import statistics
import time

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["lesson_dqn"]

BATCH = 20


def lesson_dqn(seed: int, env_steps: int, window: int, goal: float) -> tuple[int, float, int | None]:
    """Train until the mean return of the last episodes reaches the goal, or for so many env steps.

    Args:
        seed: seed of the environment, the network and the exploration.
        env_steps: largest number of env steps.
        window: number of last episodes that count.
        goal: mean return at which the lesson is solved.

    Returns:
        Env steps and seconds that were taken; number of episodes before the last ``window``, None if it is not solved.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24), nn.ReLU(), nn.Linear(24, 2))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.001)
    memory: list[tuple[Tensor, int, float, Tensor, bool]] = []
    env, exploration = gymnasium.make("CartPole-v1"), 1.0
    state = torch.tensor(env.reset(seed=seed)[0])
    scores, score, step, solved, began = list[float](), 0.0, 0, False, time.perf_counter()
    while step < env_steps and not solved:
        step += 1
        greedy = int(network(state).argmax())
        action = int(random.integers(2)) if random.random() < exploration else greedy
        row, reward, terminated, truncated, _ = env.step(action)
        successor = torch.tensor(row)
        # The lesson punishes the fall: its last reward is negative, while the score counts it as it is.
        memory.append((state, action, -float(reward) if terminated else float(reward), successor, terminated))
        score += float(reward)
        if len(memory) >= BATCH:
            for i in random.choice(len(memory), BATCH, replace=False):
                _fit(network, optimiser, memory[i])
            exploration = max(0.01, 0.995 * exploration)
        state = successor
        if terminated or truncated:
            scores.append(score)
            score, state = 0.0, torch.tensor(env.reset()[0])
            solved = len(scores) >= window and statistics.fmean(scores[-window:]) >= goal
    return step, time.perf_counter() - began, len(scores) - window if solved else None


def _fit(network: nn.Module, optimiser: torch.optim.Optimizer, sample: tuple[Tensor, int, float, Tensor, bool]) -> None:
    start, action, reward, after, over = sample
    # The value of the other action is its own target, so that it adds no loss.
    target = network(start).detach()
    target[action] = reward if over else reward + 0.95 * float(network(after).detach().max())
    optimiser.zero_grad()
    nn.functional.mse_loss(network(start), target).backward()
    optimiser.step()
