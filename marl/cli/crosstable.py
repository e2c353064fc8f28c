"""The table that closes ``marl alternate``: each version of one side against each of the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from marl.api import evaluate
from marl.core.serialisation import atomic_path
from marl.launch.alternation import Alternation
from marl.tasks.registry import shipped_policies
from marl.training.logger import Logger

__all__ = ["Crosstable", "crosstable", "heat_map", "report"]

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


def report(alternation: Alternation, console: Console) -> None:
    """Plays each version against each, prints the table and writes ``crosstable.json`` and ``.png``.

    Args:
        alternation: all trained.
        console: prints.
    """
    console.print(f"each version against each over {EPISODES} episodes", soft_wrap=True)
    table, out = crosstable(alternation, EPISODES), alternation.out
    with atomic_path(out / "crosstable.json") as path:
        told = {**vars(table), "mean": table.mean.tolist(), "episodes": EPISODES, "seed": SEED}
        path.write_text(json.dumps(told, indent=1) + "\n")
    picture = heat_map(table)
    with atomic_path(out / "crosstable.png") as path:
        iio.imwrite(path, picture)
    _log(table, picture, alternation)
    console.print(_printed(table))
    console.print(f"table as JSON   {out / 'crosstable.json'}", soft_wrap=True)
    console.print(f"heat map        {out / 'crosstable.png'}", soft_wrap=True)


def _log(table: Crosstable, picture: NDArray[np.uint8], alternation: Alternation) -> None:
    """Into TensorBoard: the picture, and for each round what its two versions get against each other."""
    logger = Logger(alternation.out, resume_at=0)
    of_round = table.mean[-alternation.rounds :, -alternation.rounds :].diagonal()
    for number, mean in enumerate(of_round, 1):
        logger.scalars(number, {f"crosstable/{table.measure}": mean})
    logger.picture(alternation.rounds, "crosstable", picture)
    logger.close()


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


def _printed(table: Crosstable) -> Table:
    printed = Table(title=f"{table.measure.replace('_', ' ')}, mean over {EPISODES} episodes", title_justify="left")
    printed.add_column(" against ".join(table.sides))
    for column in table.columns:
        printed.add_column(column, justify="right")
    for row, means in zip(table.rows, table.mean, strict=True):
        printed.add_row(row, *(f"{mean:.2f}" for mean in means))
    return printed


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
