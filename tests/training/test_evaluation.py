from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from marl.training.evaluation import EpisodeEvaluation
from marl.training.side_config import SideConfig

MEASURES = {"return_per_agent": 1.0, "return/hunters": 5.0, "return/a": 3.0, "share_drawn": 0.5}


@pytest.mark.parametrize(
    ("sides", "measures", "score"),
    [
        ({}, {"return_per_predator": 2.0, "episode_length": 9.0}, 2.0),
        ({}, MEASURES, None),  # one wins what the other loses
        ({"hunters": ("a", "b"), "prey": "random"}, MEASURES, 5.0),
        ({"first": ("a",), "prey": "random"}, MEASURES, 3.0),
        ({"only": ("b",)}, MEASURES, 1.0),
        ({"hunters": ("a",), "prey": ("b",)}, MEASURES, None),
    ],
)
def test_policies_compare_by_the_return_of_those_that_learn(
    sides: dict[str, Any], measures: dict[str, float], score: float | None
) -> None:
    made = {
        name: SideConfig(classes=(name,), fixed=side) if isinstance(side, str) else SideConfig(classes=side)
        for name, side in sides.items()
    }
    config: Any = SimpleNamespace(sides=made)
    task: Any = None
    assert EpisodeEvaluation(config, task, torch.device("cpu")).score(measures) == score
