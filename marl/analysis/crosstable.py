"""Each version of one side against each of the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.evaluation.evaluate import evaluate
from marl.launch.alternation import Alternation
from marl.tasks.registry import shipped_policies

__all__ = ["Crosstable", "crosstable", "heat_map"]

EPISODES = 200


SEED = 30_000


@dataclass(frozen=True)
class Crosstable:
    """What each of one side gets against each of the other.

    Args:
        measure: what is told, e.g. ``contacts_per_episode``.
        sides: of the rows, which learnt it as reward, and of the columns.
        rows: names.
        columns: names.
        mean: ``[rows, columns]``, over the episodes.
        ci95: for each the interval over the episodes, or None.
    """

    measure: str
    sides: tuple[str, str]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    mean: NDArray[np.float64]
    ci95: list[list[list[float] | None]]


def crosstable(alternation: Alternation, episodes: int) -> Crosstable:
    """Plays each version of the side that was trained first against all of the other side.

    The opponents that the presets name are among both.

    Args:
        alternation: all trained.
        episodes: of each pair.
    """
    first, second = alternation.sides
    rows, columns = (
        (*alternation.names(side), *alternation.trained(side, alternation.rounds)) for side in (first, second)
    )
    settings = alternation.presets[first].env.model_dump(mode="json")
    results = [[_play(row, settings, {second: column}, episodes) for column in columns] for row in rows]
    measure = next(name for name, value in results[0][0].items() if isinstance(value, dict) and "ci95" in value)
    return Crosstable(
        measure,
        (first, second),
        tuple(Path(row).name for row in rows),
        tuple(Path(column).name for column in columns),
        np.array([[result[measure]["mean"] for result in row] for row in results]),
        [[result[measure]["ci95"] for result in row] for row in results],
    )


def _play(player: str, settings: dict[str, Any], opponents: dict[str, Any], episodes: int) -> dict[str, Any]:
    saved = shipped_policies().get(player, Path(player))
    if saved.is_absolute():  # as all saved ones are; a relative name is a way to move, whatever folders there are
        return evaluate(saved, episodes, SEED, **opponents)
    return evaluate(None, episodes, SEED, policy=player, settings=settings, **opponents)


def heat_map(table: Crosstable) -> NDArray[np.uint8]:
    """The table as a picture ``[H, W, 3]``."""
    height, width = table.mean.shape
    figure = Figure(figsize=(2.2 + 0.9 * width, 1.6 + 0.5 * height), dpi=120, layout="constrained", facecolor="white")
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    axes.imshow(table.mean, cmap="viridis", vmin=0, aspect="auto")
    axes.set_xticks(range(width), table.columns, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(height), table.rows)
    axes.set_title(table.measure.replace("_", " "), loc="left", fontsize=10)
    middle = table.mean.max() / 2
    for (row, column), mean in np.ndenumerate(table.mean):
        colour = "white" if mean < middle else "black"
        axes.text(column, row, f"{mean:.1f}", ha="center", va="center", color=colour, fontsize=9)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
