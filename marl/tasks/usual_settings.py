"""Settings of a run that suit environments of Gymnasium and PettingZoo, for each algorithm."""

from __future__ import annotations

from typing import Any

__all__ = ["usual_settings"]

ENCODER = {"hidden": [64, 64], "activation": "tanh", "squash": False, "temporal": "none"}
ACTOR_CRITIC: dict[str, Any] = {
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
GAMES: dict[str, Any] = {
    "policy": {"kind": "game"},
    "algorithm": {"name": "alpha_zero"},
    "total_env_steps": 100_000,
    "num_copies": 128,
    "rollout_length": 16,
    "log_interval": 5_000,
    "evaluation_interval": 50_000,
    "checkpoint_interval": 50_000,
    "threads": 1,
}
"""Settings of a run that learns a game by self-play."""
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
PICTURES: dict[str, dict[str, Any]] = {
    "ppo": {"learning_rate": [0.001, 0.0], "epochs": 3, "minibatches": 8},
    "dqn": {"batch_size": 32, "replay_capacity": 10_000, "updates_per_iteration": 4},
}
"""Settings that differ where agents see pictures, or as much, as these fill memory, and a pass over them takes long."""


def usual_settings(algorithm: str, pictures: bool = False, team: bool = False) -> dict[str, Any]:
    """Settings of a run, for those that a preset leaves out.

    Args:
        algorithm: name of the algorithm.
        pictures: True if agents see pictures, or many agents together as much.
        team: True if several agents play. Their critics are centralised, and batches larger: what others do makes
            returns vary more.
    """
    if algorithm == "alpha_zero":
        return dict(GAMES)
    policy, learning = LEARNING.get(algorithm, ({}, {}))
    from_replay = algorithm in ("dqn", "q_learning", "sarsa")
    copies = 4 if pictures else 32 if team and not from_replay else 8
    if team and policy is ACTOR_CRITIC:
        policy = {**policy, "critic": {**ACTOR_CRITIC["critic"], "sharing": "class"}}
    if pictures:
        learning = learning | PICTURES.get(algorithm, {})
    return {
        "policy": policy,
        "algorithm": {"name": algorithm, **learning},
        "total_env_steps": 100_000,
        "num_copies": copies,
        "rollout_length": 8 if from_replay else 64,
        "log_interval": 2_000,
        "threads": 1,
    }
