from __future__ import annotations

from made_up_report import made_up

from marl.analysis.generalisation.over_cells import ALL_CELLS, Aggregate
from marl.maths.intervals import Estimate


def test_the_json_of_a_report_has_the_names_that_files_have_had_from_the_start() -> None:
    """One row of each kind by hand."""
    told = made_up(("flee",)).as_json()
    kept = ["protocol", "policies", "results", "comparisons", "aggregates", "notes"]
    assert [name for name in told if name in kept] == kept
    assert [told["protocol"][name] for name in ("episodes", "max_cycles", "score")] == [
        500,
        100,
        "contacts_per_episode",
    ]
    assert told["policies"][0] == {
        "name": "team",
        "kind": "arm",
        "trained_team": {"A": 1, "B": 1},
        "training_teams": None,
        "cells_seen_in_training": ["1+1"],
        "runs": [{}, {}, {}],
    }
    assert told["policies"][3] == {"name": "chase", "kind": "reference"}
    where = {"policy": "team", "kind": "arm", "prey": "flee", "arena": "fixed", "arena_size": 1.0, "cell": "4+4"}
    measures = told["results"][0].pop("measures")
    assert told["results"][0] == {**where, "agents": 8, "team": "4+4"}
    score = {"value": 0.0, "ci95_over_seeds": [-1.0, 1.0], "seeds": 3, "mean": 0.0, "per_seed": [0.0]}
    assert measures["contacts_per_episode"] == score
    ratio, better = told["comparisons"][0].pop("ratio"), told["comparisons"][0].pop("probability_of_improvement")
    assert told["comparisons"][0] == {**where, "agents": 8, "native": "native 4+4", "seen_in_training": False}
    assert ratio == {"value": 0.5, "ci95_over_seeds": [0.4, 0.6], "seeds": 3}
    assert better == {"value": 0.25, "ci95_over_seeds": [0.1, 0.6]}
    assert "probability_of_improvement" not in told["comparisons"][2]
    aggregate = Aggregate("team", "flee", "fixed", ALL_CELLS, ("4+4",), Estimate(0.5, None, "episodes"))
    assert aggregate.as_json() == {
        "policy": "team",
        "prey": "flee",
        "arena": "fixed",
        "over": "all cells with natives",
        "cells": ["4+4"],
        "normalised_score": {"value": 0.5, "ci95_over_episodes": None},
    }
    (better,) = told["improvements"]
    over = {"policy": "team", "other": "natives", "prey": "flee", "arena": "fixed", "cells": ["4+4"]}
    assert better == {**over, "probability_of_improvement": {"value": 0.25, "ci95_over_seeds": [0.1, 0.6]}}
    (profiles,) = told["performance_profiles"]
    assert [profiles[name] for name in ("prey", "arena", "cells", "thresholds")] == [
        "flee",
        "fixed",
        ["4+4"],
        [0.0, 0.5, 1.0],
    ]
    assert profiles["policies"]["chase"] == {"share": [1.0, 0.5, 0.0], "low": None, "high": None}
    assert profiles["policies"]["team"]["low"] == [1.0, 0.5, 0.0]
