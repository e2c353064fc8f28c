from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import pytest
from mp4 import read_mp4

Cli = Callable[..., tuple[int, str, str]]


def test_steps_and_frames_are_counted_as_they_come(
    cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.cli.progress_bars.ProgressBar.tell", lambda self, line: self.console.print(line))
    out = cli("render", run, "--out", tmp_path / "x.gif", "--max-cycles", 2)[1]
    assert out.splitlines()[:-1] == ["1 steps", "1 of 3 frames", "2 of 3 frames", "3 of 3 frames"]


def test_a_file_that_is_replaced_is_told(cli: Cli, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    told = [cli("render", run, "--out", path, "--max-cycles", 1)[1] for _ in range(2)]
    assert told[0].startswith(f"wrote {path}: 1 steps")
    assert told[1].startswith(f"replaced {path}: 1 steps")


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_rendering_writes_a_frame_of_each_moment(suffix: str, cli: Cli, run: Path, tmp_path: Path) -> None:
    path = tmp_path / f"episode.{suffix}"
    status, out, err = cli("render", run, "--out", path, "--max-cycles", 5, "--team", "A=1,B=2")
    assert (status, err) == (0, "")
    assert f"wrote {path}: 5 steps, contacts" in out
    assert len(read_mp4(path) if suffix == "mp4" else iio.imread(path, index=None)) == 5 + 1


def test_a_run_is_followed_until_its_end(cli: Cli, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gif"
    status, out, err = cli("render", run, "--out", path, "--max-cycles", 2, "--follow")
    assert (status, err) == (0, "")
    assert out.startswith(f"env step 1,280\nwrote {path}: 2 steps, contacts ")
    assert out.count("env step") == 1
    status, _, err = cli("render", "--policy", "chase", "--out", path, "--follow")
    assert (status, err) == (2, "error: --follow is for a run; name its folder\n")


def test_a_page_replays_an_episode_and_several_stand_side_by_side(cli: Cli, run: Path, tmp_path: Path) -> None:
    for runs, told in (([run], "3 steps, contacts"), ([run, run], "2 runs")):
        path = tmp_path / f"{len(runs)}.html"
        status, out, err = cli("render", *runs, "--out", path, "--max-cycles", 3, "--team", "A=1,B=2")
        assert (status, err) == (0, "") and out.startswith(f"wrote {path}: {told}")
        found = re.search(r'application/json">(.*?)</script>', path.read_text(), re.DOTALL)
        assert found is not None
        panels = json.loads(found[1])["panels"]
        assert [len(panel["moments"]) for panel in panels] == [4] * len(runs)
        names = [panel["name"] for panel in panels]
        assert names == ([""] if len(runs) == 1 else [f"{run} (1 A, 2 B), seed 0"] * 2)


@pytest.mark.parametrize("more", [["--out", "x.gif"], ["--out", "x.html", "--policy", "chase"]])
def test_several_runs_need_a_page(more: list[str], cli: Cli, run: Path) -> None:
    status, _, err = cli("render", run, run, *more)
    assert status == 2 and "2 runs are shown side by side on a page that ends in .html" in err


def test_what_cannot_be_drawn_is_a_table_on_a_page_and_refused_as_a_picture(cli: Cli, tmp_path: Path) -> None:
    given = ("--policy", "random", "--task", "habits:Walk-v0", "--max-steps", 3)
    status, out, err = cli("render", *given, "--out", tmp_path / "x.html")
    assert status == 0 and "steps, return" in out, err
    found = re.search(r'application/json">(.*?)</script>', (tmp_path / "x.html").read_text(), re.DOTALL)
    assert found is not None
    (panel,) = json.loads(found[1])["panels"]
    assert panel["kind"] == "deeds" and len(panel["agents"]) == 1
    rewards = [moment[0][1] for moment in panel["moments"]]
    assert len(rewards) == len(panel["words"]) and panel["moments"][-1][0][2] == pytest.approx(sum(rewards))
    status, _, err = cli("render", *given, "--out", tmp_path / "x.gif")
    assert status == 2 and "cannot be drawn" in err
