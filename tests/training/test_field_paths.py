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


def test_a_mapping_is_laid_over_the_part_that_it_is_given_for() -> None:
    """Where its kind is another, and where entries may have any name, it is taken whole."""
    search = {"kind": "puct", "simulations": 64, "c_puct": 1.5}
    values = {
        "algorithm": {"name": "alpha_zero", "search": search, "window": 30},
        "sides": {"first": {"classes": ["A"]}},
    }
    changed = with_override(values, ["algorithm"], {"search": {"simulations": 8}, "reuse": 2})
    assert changed["algorithm"] == {
        "name": "alpha_zero",
        "search": {"kind": "puct", "simulations": 8, "c_puct": 1.5},
        "window": 30,
        "reuse": 2,
    }
    gumbel = {"kind": "gumbel", "simulations": 8}
    assert with_override(values, ["algorithm", "search"], gumbel)["algorithm"] == {
        **values["algorithm"],
        "search": gumbel,
    }
    assert with_override(values, ["algorithm"], {"name": "dqn"})["algorithm"] == {"name": "dqn"}
    sides = {"second": {"classes": ["A"]}}
    assert with_override(values, ["sides"], sides)["sides"] == sides


def test_another_kind_of_a_part_keeps_what_both_have() -> None:
    search = {"kind": "puct", "simulations": 64, "c_puct": 1.5}
    changed = with_override(
        {"algorithm": {"name": "alpha_zero", "search": search}}, ["algorithm", "search", "kind"], "gumbel"
    )
    assert changed["algorithm"]["search"] == {"kind": "gumbel", "simulations": 64}
