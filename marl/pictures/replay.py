"""Replay of episodes as one page that needs nothing else: play, pause, scrub, step, speed."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
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

__all__ = ["deeds_panel", "drawings_panel", "recording_panel", "save_replay"]

Attention = Sequence[Sequence[float]]
DIGITS = 3
"""Decimals of rewards and actions."""
WIDTH = 480
"""Of the pictures that an environment draws itself, in pixels."""


def recording_panel(
    recording: Recording,
    scores: Sequence[float],
    score_name: str,
    classes: Sequence[str],
    name: str = "",
    attention: Sequence[Attention | None] = (),
) -> dict[str, Any]:
    """Panel of an episode: its scenes as numbers that the page draws, or its pictures.

    Args:
        recording: the moments, the start first.
        scores: number beside each.
        score_name: name of the scores.
        classes: names of the classes, in the order of their colours.
        name: of the panel, where there are several.
        attention: of the agents of each scene to each other, of row for column; None, or left out, if it is not known.

    Raises:
        PictureError: for a disc at no finite place.
    """
    moments = [recording[i] for i in range(recording.outline.length)]
    words = [f"{score_name} {round(score, 1):.6g}" for score in scores]
    scenes = [moment for moment in moments if isinstance(moment, Scene)]
    if scenes:
        return {"name": name, "words": words, **_scenes(scenes, recording.outline.reaches, classes, attention)}
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


def deeds_panel(
    agents: Sequence[str],
    deeds: Sequence[Sequence[tuple[Any, float, bool]] | None],
    words: Sequence[str],
    name: str = "",
) -> dict[str, Any]:
    """Panel of tables, for an episode that cannot be drawn.

    Args:
        agents: their names.
        deeds: action, reward and presence of each agent before each moment; None before the first.
        words: beside each moment.
        name: of the panel, where there are several.
    """
    total, moments = [0.0] * len(agents), []
    for step in deeds:
        rows = step or [(None, 0.0, True)] * len(agents)
        total = [before + reward * there for before, (_, reward, there) in zip(total, rows, strict=True)]
        numbers = zip(rows, total, strict=True)
        moments.append(
            [[_short(action), _short(reward), _short(gained), there] for (action, reward, there), gained in numbers]
        )
    return {"name": name, "words": list(words), "kind": "deeds", "agents": list(agents), "moments": moments}


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


def _scenes(
    scenes: Sequence[Scene],
    reaches: Sequence[float],
    classes: Sequence[str],
    attention: Sequence[Attention | None],
) -> dict[str, Any]:
    numbers = SceneNumbers((kind for scene in scenes for *_, kind in scene.discs), classes)
    told = zip_longest(scenes, half_widths(reaches), attention)
    moments = [numbers.moment(*each) for each in told]
    ranges = [scene.range for scene in scenes if scene.range is not None]
    head = numbers.head(max(scene.extent for scene in scenes), ranges[0] if ranges else None)
    return {**head, "moments": moments}


def _short(value: Any) -> Any:
    """A number, or those of a list, with few digits; what is not finite as text."""
    if isinstance(value, list):
        return [_short(each) for each in value]
    if not isinstance(value, float):
        return value
    return round(value, DIGITS) if math.isfinite(value) else str(value)


def _as_png(picture: Picture) -> str:
    file = io.BytesIO()
    small = scaled(picture, WIDTH) if picture.shape[1] > WIDTH else picture
    Image.fromarray(small).quantize(64).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
