from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from marl.core.scene import Scene
from marl.pictures.recording import MOST, Recording, SparseRecording, Spool, spread


def picture(i: int, height: int = 6, width: int = 8) -> NDArray[np.uint8]:
    """All pixels say ``i``, in two bytes."""
    return np.full((height, width, 3), (i // 256, i % 256, 0), dtype=np.uint8)


def number(kept: object) -> int:
    """What `picture` was given."""
    assert isinstance(kept, np.ndarray)
    high, low, _ = kept[0, 0]
    return 256 * int(high) + int(low)


def sparse(length: int) -> SparseRecording:
    recording = SparseRecording(width=240)
    for i in range(length):
        recording.append(picture(i))
    return recording


def test_a_spool_gives_back_each_picture_and_takes_more(tmp_path: Path) -> None:
    spool, given = (
        Spool(tmp_path),
        [np.random.default_rng(i).integers(0, 256, (4, 5, 3), dtype=np.uint8) for i in range(3)],
    )
    for each in given[:2]:
        spool.append(each)
    np.testing.assert_array_equal(list(spool), given[:2])
    spool.append(given[2])
    np.testing.assert_array_equal(spool[0], given[0])
    np.testing.assert_array_equal(spool[2], given[2])
    assert not list(tmp_path.iterdir())  # nothing is left where a process dies


def test_a_recording_has_every_scene_and_knows_what_is_common_to_them(tmp_path: Path) -> None:
    quiet = Scene(((0.5, -2.0, 0.1, "A"),), (), (), None, 1.0)
    linked = Scene(((0.0, 0.0, 0.1, "B"), (0.0, 0.0, 0.1, "A")), ((0, 1),), (), 0.4, 3.0)
    recording = Recording(tmp_path)
    for scene in (quiet, linked):
        recording.append(scene)
    outline = recording.outline
    assert (recording[0], recording[1], outline.length) == (quiet, linked, 2)
    assert outline.reaches == pytest.approx([1.06 * 2 + 0.15, 3.6])
    assert (outline.extent, list(outline.kinds)) == (3.0, ["A", "B"])
    assert (outline.has_links, outline.has_ranges) == (True, True)


def test_an_episode_is_plain_if_each_picture_has_one_colour(tmp_path: Path) -> None:
    dotted = picture(2)
    dotted[3, 4] = 9
    seen = []
    for shown in ([picture(1), picture(2)], [picture(1), dotted, picture(2)], [Scene((), (), (), None, 1.0)]):
        recording = Recording(tmp_path)
        for each in shown:
            recording.append(each)
        seen.append(recording.outline.plain)
    assert seen == [True, False, False]


def test_pictures_of_a_recording_are_as_they_were(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    for i in range(300):
        recording.append(picture(i))
    assert [number(recording[i]) for i in (0, 150, 299)] == [0, 150, 299]
    assert (recording.outline.length, recording.outline.reaches) == (300, [])


@pytest.mark.parametrize("length", [1, 2, 3, 4, 100, MOST])
def test_up_to_128_scenes_those_of_an_even_spread_are_there(length: int) -> None:
    recording = sparse(length)
    moments = recording.spread()
    assert moments == spread(length)
    assert [number(recording[i]) for i in moments] == moments


@pytest.mark.parametrize("length", [MOST + 1, 500, 1001, 5000])
def test_of_more_the_nearest_that_are_kept_are_shown_and_few_are_held(length: int) -> None:
    recording = sparse(length)
    moments = recording.spread()
    assert (moments[0], moments[-1], len(moments)) == (0, length - 1, 4)
    assert np.abs(np.subtract(moments, spread(length))).max() <= length / MOST
    assert [number(recording[i]) for i in moments] == moments
    assert len(recording._kept) <= MOST


@pytest.mark.parametrize("length", [MOST, MOST + 1, 5000])
def test_only_pictures_that_are_kept_are_drawn_and_the_last(length: int) -> None:
    """128 at first, then 64 for each time that the distance between them doubles."""
    recording, moments, drawn = SparseRecording(width=240), sparse(length).spread(), 0
    for i in range(length):
        wanted = i in (0, length - 1) or recording.wants(i)
        drawn += wanted
        recording.append(picture(i) if wanted else None)
    doublings = max(0, int(np.ceil(np.log2(length / MOST))))
    assert drawn <= MOST + doublings * MOST / 2 + 2
    assert recording.outline.length == length
    assert recording.spread() == moments
    assert [number(recording[i]) for i in moments] == moments


def test_all_scenes_of_a_plane_are_wanted_as_the_view_widens_for_each() -> None:
    recording = SparseRecording(width=240)
    for step in range(MOST + 10):
        assert step == 0 or recording.wants(step)
        recording.append(Scene((), (), (), None, 1.0))


def test_kept_pictures_are_scaled_down() -> None:
    recording = SparseRecording(width=240)
    for i in range(2):
        recording.append(picture(i, 400, 600))
    kept = recording[0]
    assert isinstance(kept, np.ndarray)
    assert kept.shape == (160, 240, 3)


def test_an_even_spread_has_the_first_and_the_last() -> None:
    assert spread(9, 3) == [0, 4, 8]
    assert spread(2, 5) == [0, 1]
    assert spread(1) == [0]
