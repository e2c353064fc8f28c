"""Policy that a run begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from marl.core.environment import Environment
from marl.core.errors import ConfigError
from marl.policies.description import check_size
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy
from marl.policies.saved import load_policy, load_weights
from marl.tasks.compatibility import check_settings
from marl.tasks.registry import find_policy
from marl.training.run_config import RunConfig

__all__ = ["build_policy", "take_weights"]


def build_policy(config: RunConfig[Any], environment: Environment, device: torch.device) -> Policy:
    """Make the policy that a configuration describes, its weights drawn from the run's seed.

    Args:
        config: of the run.
        environment: gives the roster; it is not reset.
        device: device of the parameters.

    Raises:
        ConfigError: if the networks cannot be made as described, or are too large.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        try:
            check_size(environment.roster, config.policy)
            return make_policy(environment.roster, config.policy).to(device)
        except ValueError as error:
            raise ConfigError(f"policy: {error}") from error


def take_weights(policy: Policy, config: RunConfig[Any], source: Path) -> None:
    """Put the weights and the normaliser of values of a trained policy into a new one.

    Args:
        policy: the new one.
        config: configuration of the new policy.
        source: folder of a run, its ``policy/``, or the name of a policy that comes with the package.

    Raises:
        ConfigError: if features had another meaning in its training.
        FileError: if it cannot be loaded, or has another architecture.
    """
    saved = load_policy(find_policy(source))
    check_settings(saved.environment, config.task, config.env)
    load_weights(policy, saved.policy.state_dict(), source)
