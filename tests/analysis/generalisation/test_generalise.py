from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import marl
from marl.analysis.generalisation import cell_evaluations
from marl.analysis.generalisation.arms import TrainedRun
from marl.core.errors import ConfigError

Variant = Callable[..., TrainedRun]

OPTIONS: dict[str, Any] = {"teams": "1+1,3+1", "episodes": 30, "seed": 7, "jobs": 1}


@pytest.fixture
def runs(variant: Variant) -> list[Path]:
    """Two seeds that act differently, and two natives of 3+1."""
    variant("natives/a", env={"team": {"A": 3, "B": 1}}, scale=0.0)
    variant("natives/b", seed=2, env={"team": {"A": 3, "B": 1}}, scale=-3.0)
    return [variant("x-1", seed=1).folder, variant("x-2", seed=2, scale=9.0).folder]


def found(rows: list[dict[str, Any]], **wished: Any) -> dict[str, Any]:
    (row,) = [row for row in rows if all(row[name] == value for name, value in wished.items())]
    return row


def test_scores_are_those_of_evaluate(runs: list[Path], tmp_path: Path) -> None:
    report = marl.generalise(runs, out=tmp_path / "out", prey="still", **OPTIONS)
    for cell, team in (("1+1", "A=1,B=1"), ("3+1", "A=3,B=1")):
        row = found(report["results"], policy="x", cell=cell)
        alone = [marl.evaluate(run, team=team, prey="still", episodes=30, seed=7) for run in runs]
        for measure in ("contacts_per_episode", "share_with_contact", "first_contact_step"):
            expected = [one[measure]["mean"] for one in alone]
            assert row["measures"][measure]["per_seed"] == pytest.approx(expected)
            assert row["measures"][measure]["mean"] == pytest.approx(np.mean(expected))
            assert row["measures"][measure]["value"] == pytest.approx(np.mean(expected))  # of two: their mean
            assert row["measures"][measure]["ci95_over_seeds"] == pytest.approx(sorted(expected))
        each = row["measures"]["contacts_per_predator"]
        total = row["measures"]["contacts_per_episode"]
        assert each["value"] * row["agents"] == pytest.approx(total["value"])
        silent = found(report["results"], policy="x, messages off", cell=cell)["measures"]["contacts_per_episode"]
        deaf = [marl.evaluate(run, team=team, prey="still", episodes=30, seed=7, messages=False) for run in runs]
        assert silent["per_seed"] == pytest.approx([one["contacts_per_episode"]["mean"] for one in deaf])
    chase = found(report["results"], policy="chase", cell="3+1")["measures"]["contacts_per_episode"]
    alone = marl.evaluate(runs[0], policy="chase", team="A=3,B=1", prey="still", episodes=30, seed=7)
    assert chase["value"] == pytest.approx(alone["contacts_per_episode"]["mean"])
    assert chase["ci95_over_episodes"] == pytest.approx(alone["contacts_per_episode"]["ci95"])
    assert "seeds" not in chase


def test_ratios_are_to_the_natives_of_the_cell(runs: list[Path], tmp_path: Path) -> None:
    report = marl.generalise(
        runs, out=tmp_path / "out", prey="still", natives=tmp_path / "natives", **{**OPTIONS, "episodes": 120}
    )
    score = lambda policy: found(report["results"], policy=policy, cell="3+1")["measures"]["contacts_per_episode"]  # noqa: E731
    frozen, native = score("x"), score("native 3+1")
    assert native["value"] > 0
    row = found(report["comparisons"], policy="x", cell="3+1")
    assert row["ratio"]["value"] == pytest.approx(frozen["value"] / native["value"])
    assert (row["ratio"]["seeds"], row["ratio"]["native_seeds"], row["native"]) == (2, 2, "native 3+1")
    pairs = [(x > y) + (x == y) / 2 for x in frozen["per_seed"] for y in native["per_seed"]]
    assert row["probability_of_improvement"]["value"] == np.mean(pairs)
    assert not [r for r in report["comparisons"] if r["cell"] == "1+1" or r["policy"] == "native 3+1"]
    together = found(report["aggregates"], policy="x", over="those not trained at")
    assert together["cells"] == ["3+1"]
    quotients = np.array(frozen["per_seed"]) / native["value"]
    assert together["normalised_score"]["value"] == pytest.approx(quotients.mean())


def test_what_was_played_is_not_played_again(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = marl.generalise(runs[:1], out=tmp_path / "out", **OPTIONS)
    monkeypatch.setattr(cell_evaluations, "evaluate_cell", lambda play: pytest.fail("played again"))
    assert marl.generalise(runs[:1], out=tmp_path / "out", **OPTIONS) == first
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == first
    with pytest.raises(BaseException, match="played again"):
        marl.generalise(runs[:1], out=tmp_path / "out", **{**OPTIONS, "seed": 8})


def test_one_seed_has_no_interval_over_seeds(runs: list[Path], tmp_path: Path) -> None:
    report = marl.generalise(runs[:1], out=tmp_path / "out", natives=tmp_path / "natives", prey="still", **OPTIONS)
    mine = [row for row in report["results"] if row["policy"] == "x-1"]
    assert not [m for row in mine for m in row["measures"].values() if "ci95_over_seeds" in m]
    row = found(report["comparisons"], policy="x-1", cell="3+1")
    assert "ci95_over_episodes" in row["ratio"]
    assert row["probability_of_improvement"]["ci95_over_seeds"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"episodes": 0}, "episodes is 0; give at least 1"),
        ({"seed": -1}, "seed is -1; give at least 0"),
        ({"jobs": 0}, "jobs is 0; give at least 1"),
        ({"runs": []}, "nobody plays"),
        ({"teams": "4"}, "teams '4': '4' has 1 counts"),
    ],
)
def test_what_cannot_be_played_is_refused_before_anything_is(
    run: Path, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.generalise(**{"runs": [run], "out": tmp_path / "out", **OPTIONS, **changed})
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(run: Path) -> None:
    with pytest.raises(ConfigError, match="holds something else than a report"):
        marl.generalise([run], out=run, **OPTIONS)
