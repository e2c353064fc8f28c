"""Settings of runs that learn from images in seconds."""

from __future__ import annotations

from typing import Any

__all__ = ["ACTOR_CRITIC", "CODE", "DQN", "PPO", "preset"]

PPO = {"name": "ppo", "learning_rate": 0.002, "gamma": 0.0, "epochs": 4, "minibatches": 4, "entropy_coef": 0.01}
DQN = {
    "name": "dqn",
    "learning_rate": 0.004,
    "gamma": 0.0,
    "batch_size": 32,
    "updates_per_iteration": 8,
    "replay_capacity": 1024,
    "learning_starts": 64,
    "exploration": {"kind": "linear", "start": 1.0, "end": 0.1, "share": 0.5},
}
CODE = {"hidden": [16], "squash": False, "temporal": "none"}
ACTOR_CRITIC = {"encoder": CODE, "graph": {"kind": "none"}, "critic": {"sharing": "independent", "hidden": [16]}}


def preset(algorithm: dict[str, Any], name: str = "habits:Colour-v0", **settings: Any) -> dict[str, Any]:
    policy = ACTOR_CRITIC if algorithm["name"] == "ppo" else {"kind": "q_network", "encoder": CODE}
    return {
        "env": {"name": name, **settings.pop("env", {})},
        "policy": policy,
        "algorithm": algorithm,
        "num_copies": 8,
        "rollout_length": 8,
        "evaluation_episodes": 20,
        "threads": 1,
        **settings,
    }
