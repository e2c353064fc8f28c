from __future__ import annotations

from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.figure import Figure

from marl.pictures.style import BLUE, bare_frame, new_figure, pixels, plain_label, save_png


def test_a_figure_is_as_large_as_asked_for_white_and_drawn_without_a_display(tmp_path: Path) -> None:
    figure = new_figure(3, 2, 50)
    picture = pixels(figure)
    assert (picture.shape, picture.dtype) == ((100, 150, 3), np.uint8)
    assert (picture == 255).all()
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=BLUE, linewidth=20)
    bare_frame(axes)
    assert [side for side, spine in axes.spines.items() if spine.get_visible()] == ["left", "bottom"]
    picture = pixels(figure)
    assert (picture == (0x00, 0x72, 0xB2)).all(-1).sum() > 500
    save_png(figure, tmp_path / "x.png")
    assert np.array_equal(iio.imread(tmp_path / "x.png")[..., :3], picture)


def test_pixels_are_written_as_they_are(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    save_png(picture, tmp_path / "x.png")
    assert np.array_equal(iio.imread(tmp_path / "x.png"), picture)


def test_a_picture_that_cannot_be_finished_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Figure, path: Path, **options: Any) -> None:
        path.write_bytes(b"half of")
        raise OSError("no space left")

    (tmp_path / "x.png").write_bytes(b"before")
    monkeypatch.setattr(Figure, "savefig", full)
    with pytest.raises(OSError, match="no space left"):
        save_png(new_figure(1, 1), tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize("text", ["$x$", r"a$\bad$", "10 $", "\udcff\udcfe", "[/0.1]"])
def test_a_label_is_drawn_as_it_is_and_never_as_a_formula(text: str) -> None:
    """A formula that cannot be read, or a byte that is no text, ends matplotlib with an error."""
    figure = new_figure(2, 2)
    figure.subplots().set_title(plain_label(text))
    assert (pixels(figure) < 255).any()
    assert plain_label("prey $1") == r"prey \$1"
    assert plain_label("\udcff") == "?"
