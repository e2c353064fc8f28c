from __future__ import annotations

import base64
from pathlib import Path

import imageio.v3 as iio
import pytest

import marl
from marl.analysis.animation import Animation
from marl.core.errors import ConfigError


def test_an_episode_is_drawn_from_python_and_shows_itself(run: Path, tmp_path: Path) -> None:
    drawn = marl.render(run, tmp_path / "x.gif", seed=3, max_cycles=4, team="A=1,B=2")
    assert (drawn.path, drawn.told.partition(" contacts ")[0]) == (tmp_path / "x.gif", "4 steps,")
    assert len(iio.imread(drawn.path, index=None)) == 5
    data = base64.b64encode(drawn.path.read_bytes()).decode()
    assert drawn._repr_html_().startswith(f'<img src="data:image/gif;base64,{data}" alt="')
    assert marl.render(run, tmp_path / "y.mp4", max_cycles=4)._repr_html_().startswith('<video src="data:video/mp4')


def test_a_page_shows_itself_in_a_frame_of_its_own(run: Path, tmp_path: Path) -> None:
    shown = marl.render(run, tmp_path / "x.html", max_cycles=2)._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;') and shown.count("<") == 2


def test_a_reference_is_drawn_without_a_run(run: Path, tmp_path: Path) -> None:
    settings = {"name": "simple_tag", "max_cycles": 3}
    told = marl.render(policy="chase", settings=settings, out=tmp_path / "x.gif")
    assert told.told.startswith("3 steps")
    assert marl.render(run, tmp_path / "y.gif", policy="random", max_cycles=2).told.startswith("2 steps")


def test_what_is_too_large_for_a_page_or_gone_is_told_in_words(tmp_path: Path) -> None:
    gone = Animation(tmp_path / "x.gif", "4 steps, contacts 7.5")
    assert gone._repr_html_() == f"{tmp_path / 'x.gif'}: 4 steps, contacts 7.5"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"out": "x.png"}, "out is 'x.png' ends in '.png'; an animation ends in .gif or .mp4"),
        ({"out": "x.gif"}, "nobody plays; give a run, or settings of the environment and the name of a reference"),
        ({"seed": -1}, "seed is -1; give at least 0"),
        ({"policy": "chase"}, "nobody plays"),
        ({"policy": "fly", "settings": {"name": "simple_tag"}}, "policy is 'fly'; this environment has random"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    arguments: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=message):
        marl.render(**arguments)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
