from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from marl.analysis import learning_curves_picture
from marl.analysis.learning_curves import LearningCurve, LearningCurves
from marl.analysis.learning_curves_picture import save_curves
from marl.maths.intervals import Estimate

ENDS = Estimate(1.0, None)


def curve(name: str, seeds: int = 1, x: tuple[float, ...] = (0.0, 1e6, 2e6)) -> LearningCurve:
    """A curve from 1 up in steps of one; with several seeds its band is half a unit wide on both sides."""
    value = tuple(float(i + 1) for i in range(len(x)))
    low, high = (tuple(y + shift for y in value) if seeds > 1 else None for shift in (-0.5, 0.5))
    numbers = tuple(range(1, seeds + 1))
    return LearningCurve(name, ("run",) * seeds, numbers, x, value, low, high, ENDS, ENDS)


def drawn(monkeypatch: pytest.MonkeyPatch, *curves: LearningCurve, **fields: Any) -> Figure:
    """The figure in place of its file."""
    kept: list[Figure] = []
    monkeypatch.setattr(learning_curves_picture, "save_png", lambda figure, path: kept.append(figure))
    named: dict[str, Any] = {"metric": "return/agent", "x": "env_steps", "threshold": None}
    save_curves(LearningCurves(**(named | fields), curves=curves), Path("x.png"))
    return kept[0]


def test_a_curve_of_several_seeds_has_a_band_and_the_legend_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(monkeypatch, curve("gamma 0.9", seeds=3), curve("gamma 0.8"), threshold=2.5, title="Walk-v0, ppo")
    (axes,), (legend,) = figure.axes, figure.legends
    assert [text.get_text() for text in legend.texts] == [
        *("gamma 0.9 (3 seeds)", "gamma 0.8 (1 seed, no interval)", "threshold 2.5")
    ]
    assert "percentile interval over seeds" in legend.get_title().get_text()
    first, second, threshold = axes.lines
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in (first, second)] == [
        ([0.0, 1e6, 2e6], [1.0, 2.0, 3.0])
    ] * 2
    assert list(threshold.get_ydata()) == [2.5, 2.5]
    (band,) = axes.collections
    box = band.get_paths()[0].get_extents()
    assert (box.y0, box.y1) == (0.5, 3.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("env steps", "return per episode of each agent")
    assert axes.get_title() == "Walk-v0, ppo"


def test_single_seeds_have_no_bands_and_a_single_place_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(monkeypatch, curve("a"), curve("b", x=(5.0,)), metric="score", x="episodes")
    (axes,) = figure.axes
    assert not axes.collections
    assert [line.get_marker() for line in axes.lines] == ["None", "o"]
    assert figure.legends[0].get_title().get_text() == ""
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("episodes", "running mean of the score")


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("evaluation/return/all", "return per episode, mean over agents\nin evaluation"),
        ("evaluation/return/wolf", "return per episode of each wolf\nin evaluation"),
        ("policy/clip_fraction", "policy/clip fraction"),
    ],
)
def test_the_axis_says_in_words_what_is_measured(metric: str, label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (axes,) = drawn(monkeypatch, curve("a"), metric=metric).axes
    assert axes.get_ylabel() == label


def test_no_two_of_many_curves_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(monkeypatch, *(curve(str(i)) for i in range(28))).axes[0].lines
    assert len({(to_hex(line.get_color()), line.get_linestyle()) for line in lines}) == 28
    assert [line.get_linestyle() for line in lines[:8]] == ["-"] * 7 + ["--"]  # colours first


def test_the_picture_is_written_and_longer_for_long_names(tmp_path: Path) -> None:
    heights = []
    for name in ("short", "of a name that leaves no room for another beside it"):
        curves = LearningCurves("return/agent", "env_steps", None, (curve(name), curve(f"{name} 2")))
        save_curves(curves, tmp_path / "x.png")
        with Image.open(tmp_path / "x.png") as picture:
            heights.append(picture.height)
    assert heights == [585, 615]  # 150 dots of 3.7 inches and 0.2 for each row of the legend
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]
