from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import pytest

from marl.cli.compare import _reached
from marl.cli.main import main

MakeRun = Callable[..., Path]


def test_the_command_draws_prints_and_writes(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (1, 2):
        make_run(f"x/seed-{seed}", [(100, 5 * seed), (200, 10 * seed)], seed=seed)
    make_run("y", [(100, 1.0), (200, 400.0)], algorithm__gamma=0.5)
    line = ["compare", str(tmp_path / "x"), str(tmp_path / "y"), "--threshold", "20"]
    out = ["--out", str(tmp_path / "plot.png"), "--json", str(tmp_path / "plot.json")]
    assert main([*line, *out]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "holds the median of all seeds in 50 % with 2; so these intervals are narrower than 95 % needs." in text
    for words in ("algorithm.gamma", "[10, 20]", "(1 of 2)", "400", f"wrote {tmp_path / 'plot.png'}"):
        assert words in text
    picture = iio.imread(tmp_path / "plot.png")
    assert picture.shape[0] > 400
    first, second = json.loads((tmp_path / "plot.json").read_text())["curves"]
    assert "above_first" not in first and second["above_first"]["value"] == 1.0
    told = "a seed's last tenth is above one of algorithm.gamma"
    assert f"- algorithm.gamma 0.5: {told} " in text and "with probability 1.00." in text
    assert sorted(path.name for path in tmp_path.glob("*plot*")) == ["plot.json", "plot.png"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{run} --metric nope", "metric is 'nope', which"),
        ("nowhere", "nowhere does not exist"),
        ("{run} --out nowhere/x.png", "name a file in a folder that exists"),
        ("{run} --json nowhere/x.json", "name a file in a folder that exists"),
    ],
)
def test_bad_input_has_status_2(line: str, message: str, make_run: MakeRun, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run("x", [(1, 1)])
    assert main(["compare", *line.format(run=run).split()]) == 2
    assert message in capsys.readouterr().err


def test_runs_of_several_environments_are_refused_and_named(
    make_run: MakeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run("a", [(1, 1)])
    make_run("b", [(1, 1)], seed=2)
    make_run("c", [(1, 1)], env__name="Acrobot-v1")
    assert main(["compare", str(tmp_path), "--out", str(tmp_path / "x.png")]) == 2
    told = f"CartPole-v1 ({tmp_path / 'a'}), Acrobot-v1 ({tmp_path / 'c'}); compare those of each apart"
    assert f"the runs are of different environments: {told}" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("places", "text"),
    [
        ((1000.0, 3000.0), "2,000"),
        ((1000.0, None, 5000.0), "5,000\n(2 of 3)"),
        ((1000.0, None), "-\n(1 of 2)"),
        ((None,), "-\n(0 of 1)"),
    ],
)
def test_the_median_place_is_given_where_most_seeds_reached_the_threshold(
    places: tuple[float | None, ...], text: str
) -> None:
    """A seed that did not is later than all others."""
    assert _reached(places) == text
