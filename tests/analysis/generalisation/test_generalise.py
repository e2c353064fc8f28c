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


def test_an_argument_of_the_environment_makes_the_size(walkers: Path, tmp_path: Path) -> None:
    """Four steps to the right are worth 8 to each walker, to the left 4; random ones get what is between."""
    runs, out = [walkers / "x-1", walkers / "x-2"], tmp_path / "out"
    options: dict[str, Any] = {"arguments": {"walkers": [1, 3, 5]}, "natives": walkers / "natives", "episodes": 3}
    report = marl.generalise(runs, None, out, jobs=1, **options)
    setting = report["protocol"]
    assert (setting["argument"], setting["arguments"], setting["score"]) == (
        "walkers",
        {"steps": 4},
        "return_per_agent",
    )
    assert setting["cells"] == {f"walkers={number}": {"walker": number} for number in (1, 3, 5)}
    assert not {"prey", "arena_size", "reference_size_of_density"} & set(setting)
    assert [(p["name"], p["kind"]) for p in report["policies"]] == [
        ("x", "arm"),
        ("native walkers=5", "native"),
        ("random", "reference"),
    ]
    assert report["policies"][0]["cells_seen_in_training"] == ["walkers=3"]
    assert report["policies"][0]["trained_team"] == {"walker": 3}
    for number in (1, 3, 5):
        score = {
            policy: found(report["results"], policy=policy, cell=f"walkers={number}")["measures"]["return_per_agent"]
            for policy in ("x", "native walkers=5", "random")
        }
        assert score["x"]["per_seed"] == [8.0, 8.0]
        assert score["native walkers=5"]["value"] == 4.0
        assert 4 < score["random"]["value"] < 8
    assert [(row["policy"], row["cell"]) for row in report["comparisons"]] == [
        ("x", "walkers=5"),
        ("random", "walkers=5"),
    ]
    row = report["comparisons"][0]
    assert (row["ratio"]["value"], row["probability_of_improvement"]["value"], row["agents"]) == (2.0, 1.0, 5)
    assert not {"prey", "arena", "arena_size"} & set(row)
    assert {path.stem for path in out.glob("*.png")} == {"heat_map", "curves", "profiles"}
    command = "marl train PRESET --env.arguments.walkers 1 --seeds 2 --out FOLDER/1 (and so on, each into a folder of"
    assert any(command in note for note in report["notes"])
    unnamed = (
        f"1 of 2 runs in {walkers / 'natives'} are no natives: trained in something else than line_pettingzoo:Line"
    )
    assert any(unnamed in note for note in report["notes"])
    assert not any("not trained alike" in note for note in report["notes"])
    assert len(list((out / "plays").iterdir())) == 12


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"walker": [5]}, r"walker=5: .*'walker'; did you mean walkers\? .*x-1 was trained with walkers, steps"),
        ({"walkers": []}, "argument walkers has no values; give some, e.g. 5,20,40"),
        ({"walkers": "5,6"}, r"argument walkers is '5,6'; give a list of values, e.g. \[5, 20, 40\]"),
        ({"walkers": 5}, "argument walkers is 5; give a list of values"),
        ({"walkers": [5, 5]}, "argument walkers has 5 twice"),
        ({"walkers": [[5]]}, r"argument walkers: \[5\] is no number"),
        ({"walkers": [5], "steps": [2]}, "give one with its values"),
        ({}, "arguments are {}; give one"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(
    walkers: Path, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.generalise([walkers / "x-1"], None, tmp_path / "out", arguments=changed, jobs=1)
    assert not (tmp_path / "out").exists()


def test_where_what_is_seen_depends_on_the_size_the_class_and_both_widths_are_named(
    walkers: Path, tmp_path: Path
) -> None:
    message = "walkers=5, .*crowded: class 'walker' was trained with 3 features .* and here has 5"
    with pytest.raises(ConfigError, match=message):
        marl.generalise([walkers / "crowded"], None, tmp_path / "out", arguments={"walkers": [3, 5]}, jobs=1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"teams": "1"}, "plays line_pettingzoo:Line, which has no team to change; if its number of agents is one of"),
        ({}, "no size is given; give compositions .teams=1.1,2.2., or values of an argument"),
        ({"teams": "1", "arguments": {"walkers": [5]}}, "teams '1' and arguments {'walkers': .5.} are given"),
        (
            {"arguments": {"walkers": [5]}, "prey": "flee"},
            "prey is 'flee', but .*Line has none to choose",
        ),
        ({"arguments": {"walkers": [5]}, "arena": "both"}, "arena is 'both', but line_pettingzoo:Line has none"),
    ],
)
def test_sizes_of_the_other_kind_are_refused(
    walkers: Path, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.generalise(**{"runs": [walkers / "x-1"], "out": tmp_path / "out", "teams": None, **changed})


def test_simple_tag_takes_no_arguments(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"arguments are {'n': \[5\]}, but simple_tag takes none; .* teams=1\+1,2\+2"):
        marl.generalise([run], None, tmp_path / "out", arguments={"n": [5]})
