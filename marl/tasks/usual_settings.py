"""Settings of a run that suit environments of Gymnasium and PettingZoo, for each algorithm."""

from __future__ import annotations

from typing import Any

__all__ = ["usual_settings"]

ENCODER = {"hidden": [64, 64], "activation": "tanh", "squash": False, "temporal": "none"}
ACTOR_CRITIC = {
    "kind": "actor_critic",
    "encoder": ENCODER,
    "graph": {"kind": "none"},
    "actor": {"bounded": True},
    "critic": {"sharing": "independent", "hidden": [64, 64], "activation": "tanh", "squash": False},
    "normalise_features": True,
}
Q_NETWORK = {
    "kind": "q_network",
    "encoder": {**ENCODER, "activation": "relu"},
    "graph": {"kind": "none"},
    "normalise_features": True,
}
TABLE: tuple[dict[str, Any], dict[str, Any]] = (
    {"kind": "table"},
    {
        "gamma": 0.99,  # with 1 it costs nothing to stay for ever where nothing happens
        "learning_rate": {"kind": "linear", "start": 0.5, "end": 0.01, "share": 1.0},
        "exploration": {"kind": "linear", "start": 1.0, "end": 0.1, "share": 0.5},
    },
)
ROLLOUTS = {"gamma": 0.99, "entropy_coef": 0.0}
LEARNING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ppo": (
        ACTOR_CRITIC,
        {**ROLLOUTS, "learning_rate": [0.003, 0.0], "gae_lambda": 0.95, "epochs": 10, "minibatches": 4},
    ),
    "a2c": (ACTOR_CRITIC, {**ROLLOUTS, "learning_rate": [0.002, 0.0], "gae_lambda": 0.95}),
    "reinforce": (ACTOR_CRITIC, {**ROLLOUTS, "learning_rate": [0.005, 0.0]}),
    "dqn": (
        Q_NETWORK,
        {
            "learning_rate": [0.001, 0.0],
            "batch_size": 128,
            "replay_capacity": 50_000,
            "updates_per_iteration": 16,
            "target": {"kind": "hard", "every": 250},
            "n_step": 3,
            "exploration": {"kind": "linear", "start": 1.0, "end": 0.05, "share": 0.2},
        },
    ),
    "q_learning": TABLE,
    "sarsa": TABLE,
}
"""Settings of the policy and of the algorithm; the rest are their own defaults."""


def usual_settings(algorithm: str) -> dict[str, Any]:
    """Settings of a run, for those that a preset leaves out.

    Args:
        algorithm: name of the algorithm.
    """
    policy, learning = LEARNING.get(algorithm, ({}, {}))
    return {
        "policy": policy,
        "algorithm": {"name": algorithm, **learning},
        "total_env_steps": 100_000,
        "num_copies": 8,
        "rollout_length": 8 if algorithm in ("dqn", "q_learning", "sarsa") else 64,
        "log_interval": 2_000,
        "threads": 1,
    }
