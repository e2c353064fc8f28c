from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest
from mp4 import read_mp4
from numpy.typing import NDArray

from marl.pictures import animation
from marl.pictures.style import CONTACT_EDGE

Frame = NDArray[np.uint8]
BLUE = (10, 40, 200)


def frames(number: int = 7) -> Iterator[Frame]:
    """A blue square that moves over eight grey stripes by 4 of 64 pixels a frame."""
    for i in range(number):
        frame = np.repeat(np.arange(100, 180, 10, dtype=np.uint8), 8 * 3).reshape(1, 64, 3).repeat(48, 0)
        frame[20:30, 4 * i : 4 * i + 10] = BLUE
        yield frame


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".GIF"])
def test_files_read_back(tmp_path: Path, suffix: str) -> None:
    path = animation.save(frames(), tmp_path / f"episode{suffix}", 12.5)
    back = (read_mp4 if suffix == ".mp4" else iio.imread)(path)
    assert back.shape == (7, 48, 64, 3)
    tolerance = 25 if suffix == ".mp4" else 0
    for shown, frame in zip(back, frames(), strict=True):
        assert np.abs(shown.astype(int) - frame)[22:28].max() <= tolerance
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("rate", "milliseconds"), [(12.5, 80), (50.0, 20), (30.0, 30), (1000.0, 10)])
def test_a_gif_loops_for_ever_at_its_rate(tmp_path: Path, rate: float, milliseconds: int) -> None:
    path = animation.save(frames(2), tmp_path / "episode.gif", rate)
    metadata = iio.immeta(path, plugin="pillow")
    assert metadata["loop"] == 0
    assert metadata["duration"] == milliseconds


def test_an_mp4_has_its_rate(tmp_path: Path) -> None:
    frames = np.full((10, 64, 64, 3), 200, dtype=np.uint8)
    path = animation.save(frames, tmp_path / "x.mp4", 50.0)
    assert imageio_ffmpeg.count_frames_and_secs(path) == (10, 10 / 50)


def test_an_mp4_of_odd_size_loses_nothing(tmp_path: Path) -> None:
    frames = np.full((3, 65, 67, 3), 200, dtype=np.uint8)
    assert read_mp4(animation.save(frames, tmp_path / "odd.mp4", 12.5)).shape == (3, 66, 68, 3)


@pytest.mark.parametrize("name", ["episode.avi", "episode", "missing/episode.gif"])
def test_a_place_that_will_not_do_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"episode.*(\.gif or \.mp4|make it first)"):
        animation.save(frames(1), tmp_path / name, 12.5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "message"), [(0, "0 frames"), (1, r"shape \(8, 8\)")])
def test_no_frames_and_frames_without_colours_are_refused(number: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        animation.save(np.zeros((number, 8, 8), dtype=np.uint8), tmp_path / "episode.gif", 12.5)


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_frames_are_taken_one_by_one_and_not_held(suffix: str, tmp_path: Path) -> None:
    taken: list[weakref.ref[Frame]] = []

    def watched() -> Iterator[Frame]:
        for frame in frames(12):
            taken.append(weakref.ref(frame))
            assert sum(reference() is not None for reference in taken) <= 4
            yield frame

    animation.save(watched(), tmp_path / f"episode{suffix}", 12.5)
    assert len(taken) == 12


def test_a_gif_has_a_frame_for_each_even_where_nothing_changes(tmp_path: Path) -> None:
    same = next(frames())
    back = iio.imread(animation.save([same, same, same], tmp_path / "still.gif", 12.5))
    assert back.shape == (3, 48, 64, 3)
    assert (back == same).all()


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"episode{suffix}"
    path.write_bytes(b"old")

    def fail(frames: Iterator[Frame], partial: Path, frames_per_second: float) -> None:
        partial.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(animation, f"_write_{suffix[1:]}", fail)
    with pytest.raises(OSError, match="disk full"):
        animation.save(frames(1), path, 12.5)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_rare_colours_of_the_style_stay_exact_among_thousands_of_shades(tmp_path: Path) -> None:
    """4,096 shades of two colours over each other, and three pixels of a contact; frequent shades once took it all."""
    red, green = np.meshgrid(np.linspace(60, 180, 64), np.linspace(60, 180, 64))
    shades = np.stack([red, green, np.full_like(red, 90)], -1).astype(np.uint8)
    contact = bytes.fromhex(CONTACT_EDGE[1:])
    frames = [shades, shades.copy(), np.flip(shades, 1).copy()]
    for i, frame in enumerate(frames):
        frame[10 * i, 5:8] = list(contact)
    back = iio.imread(animation.save(frames, tmp_path / "x.gif", 12.5))
    for i, (shown, frame) in enumerate(zip(back, frames, strict=True)):
        assert np.abs(shown.astype(int) - frame).max() <= 8
        assert shown[10 * i, 6].tolist() == list(contact)
