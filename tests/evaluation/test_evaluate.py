from __future__ import annotations

import json
import math

import numpy as np

from marl.evaluation.episodes import EpisodeTable
from marl.evaluation.evaluate import class_returns, summarise, summary_as_json
from marl.maths.intervals import Estimate


def test_a_summary_by_hand() -> None:
    nan = math.nan
    table = EpisodeTable(
        np.array([10.0, 20.0]), np.array([3.0, 5.0]), {"hits": np.array([0.0, 4.0])}, {"hits": np.array([nan, 6.0])}
    )
    summary = summarise(table, {"hits": "hit"}, "hunter")
    means = {name: estimate.value for name, estimate in summary.items()}
    assert means == {
        "hits_per_episode": 2.0,
        "share_with_hit": 0.5,
        "first_hit_step": 6.0,
        "return_per_hunter": 4.0,
        "episode_length": 15.0,
    }
    assert summary["first_hit_step"].ci95 is None
    assert summary["return_per_hunter"].extremes == (3.0, 5.0)
    assert summary["hits_per_episode"].extremes is None


def test_several_classes_have_their_own_returns_over_episodes_in_which_they_played() -> None:
    nothing = np.zeros(2)
    alone = EpisodeTable(nothing, nothing, class_returns={"agent": nothing})
    both = EpisodeTable(
        nothing, nothing, class_returns={"agent": np.array([1.0, 2.0]), "wolf": np.array([math.nan, 4.0])}
    )
    assert class_returns(alone) == {}
    assert {name: estimate.value for name, estimate in class_returns(both).items()} == {"agent": 1.5, "wolf": 4.0}


def test_what_cannot_be_given_is_null_in_json() -> None:
    text = json.dumps(summary_as_json({"x": Estimate(None, None), "y": Estimate(1.0, (0.5, 1.5))}))
    assert text == '{"x": {"mean": null, "ci95": null}, "y": {"mean": 1.0, "ci95": [0.5, 1.5]}}'
