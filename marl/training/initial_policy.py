"""The policy that a run begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from marl.core.environment import Environment
from marl.core.errors import ConfigError
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
        environment: its roster counts; it is not reset.
        device: where the parameters go.

    Raises:
        ConfigError: if the networks cannot be made as described.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        try:
            return make_policy(environment.roster, config.policy).to(device)
        except ValueError as error:
            raise ConfigError(f"policy: {error}") from error


def take_weights(policy: Policy, config: RunConfig[Any], source: Path) -> None:
    """Put the weights of a trained policy into a new one, and its normaliser of values.

    Args:
        policy: the new one.
        config: that it was built from.
        source: folder of a run, its ``policy/``, or the name of a policy that comes with the package.

    Raises:
        ConfigError: if features meant something else in its training.
        FileError: if it cannot be loaded, or has another architecture.
    """
    saved = load_policy(find_policy(source))
    check_settings(saved.environment, config.task, config.env)
    load_weights(policy, saved.policy.state_dict(), source)
