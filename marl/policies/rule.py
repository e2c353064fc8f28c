"""The policy that follows a hand-written rule."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from marl.core.environment import Rule
from marl.core.errors import ConfigError
from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.core.trust import import_named
from marl.policies.configs import RulePolicyConfig
from marl.policies.policy import Act, Policy
from marl.policies.scripted import Scripted

__all__ = ["RulePolicy", "rule_of"]


def rule_of(name: str, rules: Mapping[str, Rule]) -> Rule | None:
    """Rule by its name.

    Args:
        name: of a rule of the environment, or ``MODULE:FUNCTION`` for a function that is one.
        rules: those of the environment.

    Returns:
        None if the name is of neither kind, as that of a run.

    Raises:
        ConfigError: for a module that cannot be imported, or has no such function.
        UntrustedError: for a module that is not trusted.
    """
    module, _, function = name.rpartition(":")
    if name in rules or not module:
        return rules.get(name)
    found = getattr(import_named(name), function, None)
    if not callable(found):
        raise ConfigError(
            f"{name!r} names no function of the module {module!r}; name one that takes an observation and a "
            "generator, and returns the actions of each class"
        )
    rule: Rule = found
    return rule


class RulePolicy(Policy):
    """Hand-written rule of an environment, which it has to `meet` first.

    Args:
        roster: the agents that it plays.
        config: name of the rule.
    """

    config: RulePolicyConfig

    def __init__(self, roster: Roster, config: RulePolicyConfig) -> None:
        super().__init__(roster, config)
        self.register_buffer("nothing", torch.zeros(()))  # says where the policy lives
        self.scripted: Scripted | None = None

    def meet(self, rules: Mapping[str, Rule]) -> None:
        """Find the rule; see `Policy.meet`.

        Raises:
            ConfigError: if there is none of that name.
        """
        rule = rule_of(self.config.rule, rules)
        if rule is None:
            raise ConfigError(
                f"a side is played by {self.config.rule!r}; this environment has {', '.join(rules) or 'no rule'}"
            )
        self.scripted = Scripted(rule)

    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Choose an action for every agent; see `Policy.act`.

        Raises:
            ConfigError: if no environment was met.
        """
        if self.scripted is None:
            raise ConfigError(
                f"a side is played by the rule {self.config.rule!r} of the environment, which is not there; such a "
                "policy plays in marl evaluate and marl render"
            )
        return self.scripted.act(observation, memory, generator)
