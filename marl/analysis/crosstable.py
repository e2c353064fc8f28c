"""Crosstable of an alternation: each version of one side against each of the other.

Axes: ``R`` rows, ``C`` columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.core.files import save_json
from marl.evaluation.evaluate import Evaluation, evaluate_episodes
from marl.launch.alternation import Alternation
from marl.maths.intervals import Estimate
from marl.pictures.style import new_figure, pixels, plain_label, save_png
from marl.tasks.registry import shipped_policies
from marl.training.logger import Logger

__all__ = ["EPISODES", "Crosstable", "crosstable_heat_map", "play_crosstable", "write_crosstable"]

EPISODES = 200
"""Number of episodes of each pair."""
SEED = 30_000
DOTS_PER_INCH = 120


@dataclass(frozen=True)
class Crosstable:
    """Scores of each policy of one side against each of the other.

    Args:
        measure: name of the score, e.g. ``contacts_per_episode``.
        sides: side of the rows, whose reward the score is, and side of the columns.
        rows: names of the rows' policies, ``[R]``.
        columns: names of the columns' policies, ``[C]``.
        estimates: score of each pair, with its interval over the episodes, ``[R][C]``.
        episodes: number of episodes of each pair.
        seed: of worlds and actions.
    """

    measure: str
    sides: tuple[str, str]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    estimates: tuple[tuple[Estimate, ...], ...]
    episodes: int
    seed: int = SEED

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean score of each pair, ``[R, C]``."""
        return np.array([[estimate.value for estimate in row] for row in self.estimates], dtype=np.float64)

    def as_json(self) -> dict[str, Any]:
        """Names, then ``mean`` and ``ci95`` of each pair, episodes and seed."""
        return {
            "measure": self.measure,
            "sides": list(self.sides),
            "rows": list(self.rows),
            "columns": list(self.columns),
            "mean": [[estimate.value for estimate in row] for row in self.estimates],
            "ci95": [[estimate.ci95 and list(estimate.ci95) for estimate in row] for row in self.estimates],
            "episodes": self.episodes,
            "seed": self.seed,
        }


def play_crosstable(alternation: Alternation, episodes: int) -> Crosstable:
    """Play each version of the side that was trained first against all of the other side.

    Both sides include the opponents that the presets name.

    Args:
        alternation: with all versions trained.
        episodes: number of episodes of each pair.
    """
    first, second = alternation.sides
    rows, columns = (
        (*alternation.names(side), *alternation.trained(side, alternation.rounds)) for side in (first, second)
    )
    preset = alternation.presets[first]
    settings, sides = preset.env.model_dump(mode="json"), {name: side.classes for name, side in preset.sides.items()}
    results = [[_play(row, settings, {second: column}, sides, episodes) for column in columns] for row in rows]
    measures = results[0][0].measures
    own = [f"return_per_{first}", f"return_per_class_{first}"]  # of agents with sides; a task's own score comes first
    measure = next((name for name in own if name in measures), next(iter(measures)))
    return Crosstable(
        measure,
        (first, second),
        tuple(Path(row).name for row in rows),
        tuple(Path(column).name for column in columns),
        tuple(tuple(result.measures[measure] for result in row) for row in results),
        episodes,
    )


def _play(
    player: str, settings: dict[str, Any], opponents: dict[str, str], sides: Mapping[str, Sequence[str]], episodes: int
) -> Evaluation:
    saved = shipped_policies().get(player, Path(player))
    if saved.is_absolute():  # as all saved policies are; a relative name is a rule, even if a folder has it
        return evaluate_episodes(saved, episodes, SEED, play=opponents, sides=sides)
    return evaluate_episodes(None, episodes, SEED, policy=player, settings=settings, play=opponents, sides=sides)


def crosstable_heat_map(table: Crosstable) -> Figure:
    """Draw the table as a heat map, dark where the rows score low."""
    means = table.mean
    height, width = means.shape
    figure = new_figure(2.2 + 0.9 * width, 1.6 + 0.5 * height, DOTS_PER_INCH)
    axes = figure.add_subplot()
    low = min(0.0, means.min())
    axes.imshow(means, cmap="viridis", vmin=low, aspect="auto")
    axes.set_xticks(
        range(width), [plain_label(name) for name in table.columns], rotation=30, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(height), [plain_label(name) for name in table.rows])
    axes.set_title(table.measure.replace("_", " "), loc="left", fontsize=10)
    middle = (low + means.max()) / 2
    for (row, column), mean in np.ndenumerate(means):
        colour = "white" if mean < middle else "black"
        axes.text(column, row, f"{mean:.1f}", ha="center", va="center", color=colour, fontsize=9)
    return figure


def write_crosstable(table: Crosstable, folder: Path, rounds: int) -> None:
    """Write ``crosstable.json`` and ``crosstable.png``, and log the table to TensorBoard.

    The log has the picture, and at each round the score of its two versions against each other.

    Args:
        table: with the versions of all rounds in its last rows and columns.
        folder: of the alternation.
        rounds: number of them.

    Raises:
        OSError: if something cannot be written.
    """
    save_json(folder / "crosstable.json", table.as_json())
    picture = pixels(crosstable_heat_map(table))
    save_png(picture, folder / "crosstable.png")
    logger = Logger(folder, resume_at=0)
    for number, mean in enumerate(table.mean[-rounds:, -rounds:].diagonal(), 1):
        logger.scalars(number, {f"crosstable/{table.measure}": mean})
    logger.picture(rounds, "crosstable", picture)
    logger.close()
