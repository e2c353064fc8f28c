from __future__ import annotations

from pathlib import Path

import numpy as np

from marl.core.scene import Scene
from marl.pictures import sheet as sheets
from marl.pictures.recording import Recording


def test_a_contact_sheet_has_two_columns_in_the_order_of_reading() -> None:
    """Frames of 4 by 6 pixels, each with a white rim of 8; the last place of three is empty."""
    sheet = sheets.contact_sheet(np.full((4, 6, 3), i, dtype=np.uint8) for i in (0, 4, 8))
    assert sheet.shape == (40, 44, 3)
    assert sheet[[10, 10, 30, 30], [10, 32, 10, 32], 0].tolist() == [0, 4, 8, 255]
    assert sheets.contact_sheet([np.zeros((4, 6, 3), np.uint8)]).shape == (20, 22, 3)


def test_a_sheet_of_scenes_has_one_legend_under_frames_without(tmp_path: Path) -> None:
    """Frames of 120 by 120 and captions; the legend's ink lies below all four of them."""
    scene = Scene(discs=((0.0, 0.0, 0.1, "A"), (0.5, 0.5, 0.05, "prey")), links=(), contacts=(), range=None, extent=1.0)
    recording = Recording(tmp_path)
    for _ in range(4):
        recording.append(scene)
    sheet = sheets.episode_sheet(recording, [0.0] * 4, "contacts", ["A"], 120, [0, 1, 2, 3])
    frames = sheets.contact_sheet(
        sheets.draw(recording, [0.0] * 4, "contacts", ["A"], 120, None, sheets.LETTERS, legend=False)
    )
    assert sheet.shape[1] == 2 * (120 + 2 * sheets.GAP)
    assert np.array_equal(sheet[: len(frames)], frames)
    legend = sheet[len(frames) :]
    assert (legend != 255).any()
    ink = (frames[:, : 120 + 2 * sheets.GAP] != 255).any((1, 2))[: len(frames) // 2]
    assert not ink[-sheets.GAP :].any()  # nothing but the rim under a frame


def test_pictures_have_no_legend(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    for shade in range(4):
        recording.append(np.full((60, 120, 3), 60 * shade + 9, dtype=np.uint8))
    sheet = sheets.episode_sheet(recording, [0.0] * 4, "return", ["A"], 120, [0, 1, 2, 3])
    assert sheet.shape[1] == 2 * (120 + 2 * sheets.GAP)
    assert (sheet[-sheets.GAP :] == 255).all()
    assert (sheet[-sheets.GAP - 2] != 255).any()
