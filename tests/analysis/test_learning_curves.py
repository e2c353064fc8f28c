from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import marl
from marl.analysis.learning_curves import draw_learning_curves
from marl.core.errors import ConfigError

MakeRun = Callable[..., Path]


def test_seeds_are_one_curve_where_all_have_values(make_run: MakeRun, tmp_path: Path) -> None:
    """Seed 1 is 0, 10, 20 at 0, 10, 20; seed 2 is 10, 30 at 5, 15: between them the mean by hand."""
    make_run("x/seed-1", [(0, 0), (10, 10), (20, 20)])
    make_run("x/seed-2", [(5, 10), (15, 30)], seed=2)
    (curve,) = marl.compare([tmp_path / "x"])["curves"]
    assert (curve["name"], curve["seeds"]) == ("x", [1, 2])
    assert curve["x"] == [5, 10, 15]
    assert curve["value"] == [7.5, 15.0, 22.5]
    assert curve["low"] == [5, 10, 15]
    assert curve["high"] == [10, 20, 30]
    assert curve["final"] == {"value": 25.0, "ci95_over_seeds": [20.0, 30.0], "seeds": 2}


def test_the_mean_cuts_a_quarter_at_each_end(make_run: MakeRun, tmp_path: Path) -> None:
    for seed, value in enumerate((-1000, 2, 4, 1000), 1):
        make_run(f"x/seed-{seed}", [(10, value)], seed=seed)
    (curve,) = marl.compare([tmp_path / "x"])["curves"]
    assert curve["value"] == [3.0]
    assert curve["low"][0] < -200 < 200 < curve["high"][0]


def test_one_seed_has_no_interval(make_run: MakeRun) -> None:
    (curve,) = marl.compare([make_run("x", [(1, 1), (2, 3)])])["curves"]
    assert (curve["value"], curve["low"], curve["high"]) == ([1, 3], None, None)
    assert curve["final"] == {"value": 3.0, "ci95_over_episodes": None, "seeds": 1}


def test_the_last_tenth_and_the_threshold(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("x/seed-1", [(50, 9), (89, 100), (90, 1), (95, 2), (100, 6)])
    make_run("x/seed-2", [(50, 1), (100, 3)], seed=2)
    (curve,) = marl.compare([tmp_path / "x"], threshold=9)["curves"]
    assert curve["last_tenth"]["value"] == 3.0
    assert curve["reached"] == [50, None]


def test_each_curve_is_set_beside_the_first(make_run: MakeRun) -> None:
    """Last tenths are 3 and 5, beside them 4 and 5: of the four pairs two are above, and one is equal."""
    runs = [make_run(f"x-{seed}", [(50, 9), (100, value)], seed=seed) for seed, value in ((1, 3), (2, 5))]
    others = [
        make_run(f"y-{seed}", [(50, 0), (100, value)], seed=seed, algorithm__gamma=0.5)
        for seed, value in ((1, 4), (2, 5))
    ]
    first, second = marl.compare([*runs, *others])["curves"]
    assert "above_first" not in first
    assert (second["above_first"]["value"], second["above_first"]["seeds"]) == (0.625, 2)
    assert marl.compare([runs[0], *others])["curves"][1]["above_first"]["ci95_over_seeds"] is None


def test_curves_are_called_by_what_differs(make_run: MakeRun, tmp_path: Path) -> None:
    a = make_run("a", [(1, 1)], algorithm__gamma=0.9, total_env_steps=5)
    b = make_run("b", [(1, 1)], algorithm__gamma=0.8, total_env_steps=6)
    c = make_run("c", [(1, 1)], algorithm__gamma=0.8, total_env_steps=7)
    names = lambda *runs: [curve["name"] for curve in marl.compare(runs)["curves"]]  # noqa: E731
    assert names(a, b) == ["algorithm.gamma 0.9", "algorithm.gamma 0.8"]
    assert names(b, c) == ["total_env_steps 6", "total_env_steps 7"]
    assert names(a) == ["a"]
    other = make_run("other", [(1, 1)], algorithm={"name": "a2c"}, policy={"encoder": {"temporal": "none"}})
    assert names(a, other) == ["a", "other"]


def test_the_title_names_the_environment_and_an_algorithm_that_all_have(make_run: MakeRun) -> None:
    one, two = make_run("one", [(1, 1)]), make_run("two", [(1, 1)], algorithm={"name": "a2c"})
    assert draw_learning_curves([one]).title == "CartPole-v1, ppo"
    assert draw_learning_curves([one, two]).title == "CartPole-v1"


def test_curves_over_cpu_time(make_run: MakeRun) -> None:
    """100 env steps took 5 seconds, the next 100 took 20; the metric was logged at 50 too, before any time was."""
    run = make_run("x", [(50, 0), (100, 1), (150, 2), (200, 3)])
    with (run / "metrics.jsonl").open("a") as file:
        file.writelines(json.dumps({"env_steps": x, "time/cpu_seconds": y}) + "\n" for x, y in ((100, 5), (200, 25)))
    found = marl.compare([run], metric="return/agent", x="cpu_seconds")
    (curve,) = found["curves"]
    assert (found["x"], curve["x"], curve["value"]) == ("cpu_seconds", [5.0, 15.0, 25.0], [1.0, 2.0, 3.0])
    assert marl.compare([run], metric="return/agent")["curves"][0]["x"] == [50, 100, 150, 200]


def test_runs_without_cpu_time_are_named(make_run: MakeRun) -> None:
    with pytest.raises(ConfigError, match="x has logged no time/cpu_seconds, as runs of earlier versions"):
        marl.compare([make_run("x", [(1, 1), (2, 3)])], x="cpu_seconds")


def test_long_curves_are_thinned(make_run: MakeRun) -> None:
    (curve,) = marl.compare([make_run("x", [(i, i) for i in range(1000)])])["curves"]
    assert len(curve["x"]) == 300
    assert (curve["x"][0], curve["x"][-1]) == (0, 999)
    assert curve["value"] == pytest.approx(curve["x"])


@pytest.mark.parametrize(("out", "message"), [("x.pdf", "ends in '.pdf'"), ("no/x.png", "in a folder that exists")])
def test_a_picture_that_cannot_be_written_is_refused(out: str, message: str, make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.compare([make_run("x", [(1, 1)])], tmp_path / out)


def test_seeds_that_share_no_place_are_refused(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("x/seed-1", [(1, 1), (2, 1)])
    make_run("x/seed-2", [(3, 1), (4, 1)], seed=2)
    with pytest.raises(ConfigError, match="no place of return/agent in common yet"):
        marl.compare([tmp_path / "x"])


def test_what_qualifies_the_intervals_is_told(make_run: MakeRun) -> None:
    runs = [make_run(f"x/seed-{seed}", [(1, 1), (2, 3)], seed=seed) for seed in (1, 2, 3)]
    assert marl.compare(runs[:1])["notes"] == []
    (few,) = marl.compare(runs)["notes"]
    assert "a range that holds the median of all seeds in 75 % with 3" in few  # 1 - 2 / 2^3


def test_a_threshold_that_is_no_number_is_refused(make_run: MakeRun) -> None:
    with pytest.raises(ConfigError, match="threshold is nan; give a number"):
        marl.compare([make_run("x", [(1, 1)])], threshold=float("nan"))
