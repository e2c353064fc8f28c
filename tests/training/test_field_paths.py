from __future__ import annotations

import pytest

from marl.core.errors import ConfigError
from marl.training.field_paths import switch_algorithm, with_override


def test_another_algorithm_keeps_what_both_have() -> None:
    ppo = {"name": "ppo", "gamma": 0.9, "gae_lambda": 0.8, "epochs": 7}
    assert switch_algorithm(ppo, "ppo") == ppo
    assert switch_algorithm(ppo, "a2c") == {"name": "a2c", "gamma": 0.9, "gae_lambda": 0.8}
    assert switch_algorithm(ppo, "reinforce") == {"name": "reinforce", "gamma": 0.9}
    assert switch_algorithm({**ppo, "learning_rate": 0.001}, "sarsa") == {"name": "sarsa", "gamma": 0.9}  # it decays
    sarsa = {"name": "sarsa", "learning_rate": {"kind": "logarithmic"}}
    assert switch_algorithm(sarsa, "q_learning") == {**sarsa, "name": "q_learning"}
    constant = {"name": "sarsa", "learning_rate": 0.5}
    assert switch_algorithm(constant, "q_learning") == {**constant, "name": "q_learning"}
    assert switch_algorithm(constant, "dqn") == {"name": "dqn"}
    back = switch_algorithm({"name": "reinforce", "gamma": 0.9, "gae_lambda": 1.0, "baseline": False}, "ppo")
    assert back == {"name": "ppo", "gamma": 0.9}
    with pytest.raises(ConfigError, match=r"algorithm\.name is 'muzero'; there is ppo, a2c, reinforce"):
        switch_algorithm(ppo, "muzero")


@pytest.mark.parametrize("broken", [3, [1], {"name": ["ppo"]}, None])
def test_another_algorithm_takes_the_place_of_settings_that_are_none(broken: object) -> None:
    changed = with_override({"algorithm": broken, "policy": broken}, ["algorithm", "name"], "dqn")
    assert changed["algorithm"] == {"name": "dqn"}
    assert changed["policy"] == {"kind": "q_network"}
