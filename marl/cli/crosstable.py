"""The table that closes ``marl alternate``: each version of one side against each of the other."""

from __future__ import annotations

import json

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from marl.analysis.crosstable import EPISODES, SEED, Crosstable, crosstable, heat_map
from marl.core.serialisation import atomic_path
from marl.launch.alternation import Alternation
from marl.training.logger import Logger

__all__ = ["report"]


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


def _printed(table: Crosstable) -> Table:
    printed = Table(title=f"{table.measure.replace('_', ' ')}, mean over {EPISODES} episodes", title_justify="left")
    printed.add_column(" against ".join(table.sides))
    for column in table.columns:
        printed.add_column(column, justify="right")
    for row, means in zip(table.rows, table.mean, strict=True):
        printed.add_row(row, *(f"{mean:.2f}" for mean in means))
    return printed
