from __future__ import annotations

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.axes import Axes

from marl.training.score_log import ScoreLog, ScoreLogConfig
from marl.training.score_picture import MOST_POINTS, draw_scores


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Every curve that is plotted."""
    curves: list[tuple[Any, ...]] = []
    plot = Axes.plot
    monkeypatch.setattr(Axes, "plot", lambda axes, *data, **style: curves.append(data) or plot(axes, *data, **style))
    return curves


def make_log(scores: list[float]) -> ScoreLog:
    log = ScoreLog(ScoreLogConfig(window=2, threshold=3.0), "Task-v0", None)
    for score in scores:
        log._take(score, 0)
    return log


def test_scores_and_means_are_drawn_over_episodes(drawn: list[tuple[Any, ...]], tmp_path: Path) -> None:
    picture = draw_scores(make_log([1.0, 3.0, 5.0]), tmp_path / "scores.png")
    (episodes, scores, _), (_, means) = drawn
    assert (episodes.tolist(), scores.tolist(), means.tolist()) == ([1, 2, 3], [1, 3, 5], [1, 2, 4])
    assert np.array_equal(iio.imread(tmp_path / "scores.png")[..., :3], picture)


def test_of_many_episodes_an_even_choice_is_drawn(drawn: list[tuple[Any, ...]], tmp_path: Path) -> None:
    draw_scores(make_log([float(i) for i in range(10_000)]), tmp_path / "scores.png")
    episodes, scores, _ = drawn[0]
    assert (len(episodes), episodes[0], episodes[-1]) == (MOST_POINTS, 1, 10_000)
    assert np.array_equal(scores, episodes - 1)
    assert set(np.diff(episodes)) == {5, 6}
