from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.trust import UntrustedError, trusting
from marl.policies.configs import PartConfig, PlayerConfig, RandomPolicyConfig, RulePolicyConfig, SidesConfig
from marl.policies.kinds import make_policy
from marl.policies.rule import RulePolicy, rule_of

ROSTER = Roster(tuple(AgentClass(name, 1, ActionSpec("discrete", 5)) for name in "AB"), (1, 2))
SEEN = Observation({"A": torch.zeros(3, 1, 1), "B": torch.zeros(3, 2, 1)}, torch.ones(3, 3, dtype=torch.bool))


def third(observation: Observation, generator: torch.Generator) -> dict[str, Tensor]:
    return {name: torch.full(x.shape[:-1], 3) for name, x in observation.features.items()}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    made: Any = ModuleType("own_rules")
    made.third, made.number = third, 3
    monkeypatch.setitem(sys.modules, "own_rules", made)
    return made


def test_a_rule_has_a_name_in_the_environment_or_in_a_module(module: ModuleType) -> None:
    assert rule_of("third", {"third": third}) is third
    assert rule_of("own_rules:third", {}) is third
    assert rule_of("runs/x", {"third": third}) is None


def test_what_is_no_rule_is_refused(module: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match="'own_rules:number' names no function of the module 'own_rules'; name one that"
    ):
        rule_of("own_rules:number", {})
    with trusting(imported=False), pytest.raises(UntrustedError, match="'own_rules', which is not trusted"):
        rule_of("own_rules:third", {})


def test_a_side_plays_by_the_rules_of_the_environment_that_it_meets() -> None:
    """The other side of the pool draws its actions, or it is drawn that the rule plays."""
    ruled = PlayerConfig(policy=RulePolicyConfig(rule="third"))
    drawn = PlayerConfig(policy=RandomPolicyConfig())
    sides = (
        PartConfig(name="one", classes=("A",), players=(ruled,), fixed=True),
        PartConfig(name="two", classes=("B",), players=(drawn, ruled), fixed=True),
    )
    policy = make_policy(ROSTER, SidesConfig(sides=sides)).eval()
    with pytest.raises(ConfigError, match=r"rule 'third' of the environment, which is not there; .* marl evaluate"):
        policy.act(SEEN, policy.initial_memory(3, 3), None)
    with pytest.raises(ConfigError, match="a side is played by 'third'; this environment has fourth"):
        policy.meet({"fourth": third})
    policy.meet({"third": third})
    act = policy.act(SEEN, policy.initial_memory(3, 3), torch.Generator())
    assert {name: action.unique().tolist() for name, action in act.action.items()} == {"A": [3], "B": [3]}
    assert not list(policy.parameters())


def test_its_settings_are_read_as_they_were_written() -> None:
    player = PlayerConfig(policy=RulePolicyConfig(rule="third"))
    assert PlayerConfig.model_validate(player.model_dump()) == player
    assert isinstance(make_policy(ROSTER, player.policy), RulePolicy)
