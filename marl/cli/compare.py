"""``marl compare``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import tyro
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marl.core.errors import ConfigError
from marl.maths.seed_statistics import interval_of

__all__ = ["compare"]


def _shown(metavar: str, default: str = "") -> Any:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=default)


@dataclass
class Arguments:
    """Draws the learning curves of runs, and prints where they ended.

    Runs that differ in the training seed alone are one curve: interquartile mean over seeds with a
    bootstrap interval over seeds, as far as all of them have come. Runs may still be training.

    Examples: marl compare runs/x runs/y --out plot.png;
    marl compare runs/several runs/other --metric return/agent --threshold 475 --json plot.json
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, _shown("RUN [RUN...]")]
    """Folders of runs; a folder with runs inside stands for all of them."""
    out: Path = Path("comparison.png")
    """The picture: a .png file."""
    metric: Annotated[str | None, _shown("NAME", "(default: evaluation, or else return, that all runs have)")] = None
    """A curve of TensorBoard, e.g. return/agent, or score: that of scores.csv, over episodes."""
    threshold: Annotated[float | None, _shown("VALUE")] = None
    """Also tell when the curve of each seed first reached this."""
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """Write the curves and the table to this file too."""


def compare(arguments: list[str]) -> int:
    """Draws learning curves and prints a table.

    Args:
        arguments: as typed after ``marl compare``.

    Returns:
        Exit status.
    """
    options = tyro.cli(Arguments, args=arguments, prog="marl compare")
    if options.json is not None and (options.json.is_dir() or not options.json.parent.is_dir()):
        raise ConfigError(f"--json {options.json}: name a file in a folder that exists")
    from marl.analysis.learning_curves import compare as compare_runs
    from marl.core.serialisation import save_json

    comparison = compare_runs(options.runs, options.out, options.metric, options.threshold)
    if options.json is not None:
        save_json(options.json, comparison)
    console = Console(highlight=False)
    console.print(_table(comparison))
    console.print("Interquartile mean over seeds and its 95 % interval over seeds (none for one seed).", soft_wrap=True)
    for written in (options.out, options.json):
        if written is not None:
            console.print(f"wrote {written}", soft_wrap=True)
    return 0


def _table(comparison: Mapping[str, Any]) -> Table:
    over, threshold = comparison["x"].replace("_", " "), comparison["threshold"]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), title=comparison["metric"], title_justify="left")
    table.add_column("curve", overflow="fold")
    columns = ["seeds", over, "final", "last tenth"] + ([] if threshold is None else [f"to {threshold:g}"])
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for curve in comparison["curves"]:
        reached = [] if threshold is None else [_reached(curve["reached"])]
        ends = [_cell(curve["final"]), _cell(curve["last_tenth"])]
        table.add_row(escape(curve["name"]), str(len(curve["seeds"])), f"{curve['x'][-1]:,.0f}", *ends, *reached)
    return table


def _cell(estimate: Mapping[str, Any]) -> str:
    interval, _ = interval_of(estimate)
    return f"{estimate['value']:.4g}" + ("" if interval is None else f"\n[{interval[0]:.4g}, {interval[1]:.4g}]")


def _reached(places: list[float | None]) -> str:
    """The median over seeds, if more than half of them got there, and how many did."""
    known = [float("inf") if place is None else place for place in places]
    middle, got = median(known), sum(place is not None for place in places)
    text = f"{middle:,.0f}" if middle < float("inf") else "-"
    return text if got == len(places) else f"{text}\n({got} of {len(places)})"
