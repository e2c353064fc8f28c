"""``marl compare``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from rich.table import Table

from marl.cli.help_text import parse_options
from marl.cli.options import JsonFile, check_file, shown
from marl.cli.tables import estimate_text, plain_table
from marl.system.console import plain_console

if TYPE_CHECKING:
    from marl.analysis.learning_curves import LearningCurves

__all__ = ["compare"]


@dataclass
class Arguments:
    """Draw the learning curves of runs, and print where they ended.

    Runs that differ in the training seed alone are one curve: interquartile mean over seeds with a
    bootstrap interval over seeds, as far as all of them have come. Runs may still be training.

    Examples: marl compare runs/x runs/y --out plot.png;
    marl compare runs/several runs/other --metric return/agent --threshold 475 --json plot.json
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, shown("RUN [RUN...]")]
    """Folders of runs of one environment; a folder with runs inside stands for all of them."""
    out: Path = Path("comparison.png")
    """The picture: a .png file."""
    metric: Annotated[str | None, shown("NAME", "(default: evaluation, or else return, that all runs have)")] = None
    """A curve of TensorBoard, e.g. return/agent, or score: that of scores.csv, over episodes."""
    threshold: Annotated[float | None, shown("VALUE")] = None
    """Also tell when the curve of each seed first reached this."""
    x: Literal["env_steps", "cpu_seconds"] = "env_steps"
    """What the curves are drawn over."""
    json: JsonFile = None
    """Write the curves and the table to this file too."""


def compare(arguments: list[str]) -> int:
    """Draw learning curves and print a table.

    Args:
        arguments: as typed after ``marl compare``.

    Returns:
        Exit status.
    """
    options = parse_options(Arguments, arguments, "marl compare")
    check_file("json", options.json)
    from marl.analysis.learning_curves import draw_learning_curves
    from marl.core.files import save_json

    comparison = draw_learning_curves(options.runs, options.out, options.metric, options.threshold, options.x)
    if options.json is not None:
        save_json(options.json, comparison.as_json())
    console = plain_console()
    console.print(_table(comparison))
    console.print("Interquartile mean and percentile interval over seeds (no interval for one seed).", soft_wrap=True)
    for curve in comparison.curves[1:]:
        above = estimate_text(curve.above_first, ".2f").replace("\n", " ")
        told = f"a seed's last tenth is above one of {comparison.curves[0].name} with probability {above}"
        console.print(f"- {curve.name}: {told}.", soft_wrap=True)
    for note in comparison.notes:
        console.print(f"- {note}", soft_wrap=True)
    for written in (options.out, options.json):
        if written is not None:
            console.print(f"wrote {written}", soft_wrap=True)
    return 0


def _table(comparison: LearningCurves) -> Table:
    threshold = comparison.threshold
    columns = ["seeds", comparison.x.replace("_", " "), "final", "last tenth"]
    columns += [] if threshold is None else [f"to {threshold:g}"]
    table = plain_table("curve", columns, title=comparison.metric)
    for curve in comparison.curves:
        reached = [] if curve.reached is None else [_reached(curve.reached)]
        ends = [estimate_text(estimate, ".4g") for estimate in (curve.final, curve.last_tenth)]
        table.add_row(curve.name, str(len(curve.seeds)), f"{curve.x[-1]:,.0f}", *ends, *reached)
    return table


def _reached(places: Sequence[float | None]) -> str:
    """Median over seeds, if more than half reached the threshold, and the number of seeds that did."""
    known = [float("inf") if place is None else place for place in places]
    middle, got = median(known), sum(place is not None for place in places)
    text = f"{middle:,.0f}" if middle < float("inf") else "-"
    return text if got == len(places) else f"{text}\n({got} of {len(places)})"
