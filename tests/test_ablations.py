"""``experiments/ablations.py``: each arm is a training that `marl train` accepts, and no two are the same one."""

from __future__ import annotations

import ablations as script
import pytest

from marl.cli.train import read_options
from marl.training.run_config import config_text


@pytest.mark.parametrize("name", script.ABLATIONS)
def test_the_arms_of_an_ablation_are_different_trainings(name: str) -> None:
    ablation = script.ABLATIONS[name]
    arms: dict[str, str] = {}
    for arm, options in ablation.arms.items():
        config = config_text(read_options(ablation.preset, [ablation.preset, *options]).config)
        assert config not in arms, f"{arm} is {arms[config]} once more"
        arms[config] = arm
    assert len(ablation.seeds) == len(set(ablation.seeds)) >= 3
