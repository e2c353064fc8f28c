from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.launch.sweep.space import Choices, Range, changed_config, read_space
from marl.training.run_config import read_config

State = dict[str, Any]


def test_ranges_and_choices_of_any_kind(preset: State, tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text(
        "algorithm.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}\n"
        "algorithm.gamma: {low: 0, high: 1}\n"
        "policy.encoder.hidden: [[64], [64, 64]]\n"
        "policy.encoder.activation: [tanh, relu]\n"
        "num_copies: {low: 8, high: 64, step: 8}\n"
    )
    config = read_config(preset)
    space = read_space(tmp_path / "space.yaml", config)
    assert space["algorithm.learning_rate"] == Range(low=1e-4, high=1e-2, log=True)
    assert space["policy.encoder.hidden"] == Choices({"[64]": [64], "[64, 64]": [64, 64]})
    wholes = {name: part.whole for name, part in space.items() if isinstance(part, Range)}
    assert wholes == {"algorithm.learning_rate": False, "algorithm.gamma": False, "num_copies": True}
    changed = changed_config(config, {"policy.encoder.hidden": [64, 64], "num_copies": 16}, "trial-0")
    assert (changed.policy.encoder.hidden, changed.num_copies) == ((64, 64), 16)
    assert changed.algorithm == config.algorithm


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("algorithm.learning_rat: [0.1, 0.2]", "did you mean algorithm.learning_rate"),
        ("num_copies: {low: 1.5, high: 9.5}", "num_copies is 1.5"),
        ("algorithm.gamma: {low: 0.5, high: 1.5}", "algorithm.gamma is 1.5"),
        ("algorithm.gamma: [0.9, high]", "algorithm.gamma is 'high'"),
        ("algorithm.gamma: 0.9", "algorithm.gamma is 0.9; give a range or a list of choices"),
        ("algorithm.gamma: {low: 0.9}", "algorithm.gamma: high"),
        ("algorithm.gamma: {low: 0.9, high: 0.8}", "give a low below the high"),
        ("algorithm.gamma: {low: 0.1, high: 0.8, stepp: 0.1}", "did you mean step"),
        ("algorithm.gamma: {low: 0.0, high: 0.8, log: true}", "begins above 0"),
        ("algorithm.gamma: {low: 0.1, high: 0.8, step: 0.9}", "step is 0.9; give one above 0, and at most 0.7"),
        ("algorithm.gamma: [0.9, 0.9]", "has a choice twice"),
        ("seed: [1, 2]", "seed is the same in all trials: each trial has seeds of its own"),
        ("[1, 2]", "does not hold a space"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_what_is_no_space_of_the_preset_is_refused_by_name(
    preset: State, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "space.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        read_space(tmp_path / "space.yaml", read_config(preset))
    assert message in str(error.value)
    assert "space.yaml" in str(error.value)
