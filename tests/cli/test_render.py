from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio.v3 as iio
import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_rendering_writes_a_frame_of_each_moment(suffix: str, cli: Cli, run: Path, tmp_path: Path) -> None:
    path = tmp_path / f"episode.{suffix}"
    status, out, err = cli("render", run, "--out", path, "--max-cycles", 5, "--team", "A=1,B=2")
    assert (status, err) == (0, "")
    assert f"wrote {path}: 5 steps, contacts" in out
    assert len(iio.imread(path, index=None if suffix == "gif" else ...)) == 5 + 1
