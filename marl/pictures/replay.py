"""Replay of episodes as one page that needs nothing else: play, pause, scrub, step, speed."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from marl.core.files import atomic_path
from marl.core.scene import Picture, Scene
from marl.pictures.captions import scaled
from marl.pictures.episode import half_widths
from marl.pictures.page import whole_page
from marl.pictures.recording import Recording
from marl.pictures.scene_numbers import SceneNumbers
from marl.pictures.shapes import Drawing

__all__ = ["drawings_panel", "recording_panel", "save_replay"]

WIDTH = 480
"""Of the pictures that an environment draws itself, in pixels."""


def recording_panel(
    recording: Recording, scores: Sequence[float], score_name: str, classes: Sequence[str], name: str = ""
) -> dict[str, Any]:
    """Panel of an episode: its scenes as numbers that the page draws, or its pictures.

    Args:
        recording: the moments, the start first.
        scores: number beside each.
        score_name: name of the scores.
        classes: names of the classes, in the order of their colours.
        name: of the panel, where there are several.

    Raises:
        PictureError: for a disc at no finite place.
    """
    moments = [recording[i] for i in range(recording.outline.length)]
    words = [f"{score_name} {round(score, 1):.6g}" for score in scores]
    scenes = [moment for moment in moments if isinstance(moment, Scene)]
    if scenes:
        return {"name": name, "words": words, **_scenes(scenes, recording.outline.reaches, classes)}
    pictures = [_as_png(moment) for moment in moments if not isinstance(moment, Scene)]
    return {"name": name, "words": words, "kind": "pictures", "moments": pictures}


def drawings_panel(drawings: Iterable[Drawing], words: Sequence[str], name: str = "") -> dict[str, Any]:
    """Panel of drawings, such as positions of a game.

    Args:
        drawings: one for each moment.
        words: beside each.
        name: of the panel, where there are several.
    """
    return {"name": name, "words": list(words), "kind": "drawings", "moments": [each.svg() for each in drawings]}


def save_replay(panels: Sequence[Mapping[str, Any]], title: str, frames_per_second: float, path: str | Path) -> Path:
    """Write the page, whole or not at all.

    Args:
        panels: of episodes that run on one clock, side by side.
        title: of the page.
        frames_per_second: at speed 1.
        path: of the file.
    """
    data = {"title": title, "frames_per_second": frames_per_second, "panels": list(panels)}
    page = whole_page("replay.html", data)
    with atomic_path(Path(path)) as partial:
        partial.write_text(page, encoding="utf-8")
    return Path(path)


def _scenes(scenes: Sequence[Scene], reaches: Sequence[float], classes: Sequence[str]) -> dict[str, Any]:
    numbers = SceneNumbers((kind for scene in scenes for *_, kind in scene.discs), classes)
    moments = [numbers.moment(scene, view) for scene, view in zip(scenes, half_widths(reaches), strict=True)]
    ranges = [scene.range for scene in scenes if scene.range is not None]
    head = numbers.head(max(scene.extent for scene in scenes), ranges[0] if ranges else None)
    return {**head, "moments": moments}


def _as_png(picture: Picture) -> str:
    file = io.BytesIO()
    small = scaled(picture, WIDTH) if picture.shape[1] > WIDTH else picture
    Image.fromarray(small).quantize(64).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
