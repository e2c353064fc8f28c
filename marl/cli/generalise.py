"""``marl generalise``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from marl.cli.counting import Counting
from marl.maths.seed_statistics import interval_of

__all__ = ["generalise"]

ALL_CELLS = "all cells with natives"

Cells = Mapping[tuple[str, str], Mapping[str, Any]]


def _shown(metavar: str, default: str = "") -> Any:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=default)


@dataclass
class Arguments:
    """Plays trained teams, frozen, in other sizes and mixes, and says how well they carry over.

    Runs that differ in nothing but the training seed are one row, with an interval over seeds
    (Agarwal et al. 2021). Beside them play the same without messages, natives (teams trained at
    one composition each), and the reference policies. All policies of a cell begin in the same
    worlds. The ratio is the score over that of the natives of the cell.

    What was played is kept in --out: the same command again goes on where it was stopped, and
    draws the report at once when everything is there.

    Examples: marl generalise runs/x-1 runs/x-2 runs/x-3 --teams 1+1,2+2,3+1,8+8 --prey random,flee
    --natives runs/natives --out report; marl generalise runs/x --teams A=1+B=1,B=4 --out report
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, _shown("RUN [RUN...]")]
    """Folders of trained runs, or their policy/."""
    teams: Annotated[str, _shown("N+N,N+N,...")]
    """Compositions: counts in the order of the classes (3+1), or by name (A=3+B=1)."""
    out: Annotated[Path, _shown("FOLDER")]
    """Folder of the report; made if it is not there."""
    prey: Annotated[str | None, _shown("NAME,NAME,...", "(default: as the first run was trained)")] = None
    """How the prey move: random, still, flee, or the folder of a run that trained prey; with commas."""
    natives: Annotated[Path | None, _shown("FOLDER", "(default: none, and no ratios)")] = None
    """Searched for runs; those trained at exactly a cell's composition are its natives."""
    episodes: int = 500
    """Of each policy in each cell."""
    arena: Literal["fixed", "density", "both"] = "fixed"
    """Size of the arena: as trained, as large as keeps the density of the first run, or both."""
    seed: int = 0
    """Of worlds and actions."""
    deterministic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take the likeliest actions instead of drawing them."""
    jobs: Annotated[int | None, _shown("N", "(default: as many as there are processors)")] = None
    """Processes that play side by side."""


def generalise(arguments: list[str]) -> int:
    """Plays, prints a table, writes the report.

    Args:
        arguments: as typed after ``marl generalise``.

    Returns:
        Exit status.
    """
    options = tyro.cli(Arguments, args=arguments, prog="marl generalise")
    from marl.analysis.generalisation.report import generalise as run_generalise
    from marl.system.launcher import program

    console = Console(highlight=False)
    try:
        with Counting(console, "plays") as watch:
            report = run_generalise(**vars(options), watch=watch, tell=partial(_tell, console))
    except KeyboardInterrupt:
        again = shlex.join(["generalise", *arguments])
        console.print(f"stopped; what was played is kept. Go on with: {program('marl')} {again}", soft_wrap=True)
        return 130
    _show(report, console)
    console.print("Interquartile mean and 95 % interval over training seeds; * over episodes.", soft_wrap=True)
    _tell(console, report["notes"])
    console.print(f"wrote report.json, report.csv and pictures to {options.out}:", soft_wrap=True)
    for picture in sorted(options.out.glob("*.png")):
        console.print(f"  {picture}", soft_wrap=True)
    console.print(f"TensorBoard: {program('tensorboard')} --logdir {options.out / 'tensorboard'}", soft_wrap=True)
    return 0


def _tell(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(f"- {note}", markup=False, soft_wrap=True)


def _show(report: Mapping[str, Any], console: Console) -> None:
    protocol = report["protocol"]
    over = f"{protocol['episodes']} episodes, seed {protocol['seed']}"
    for prey, arena in dict.fromkeys((row["prey"], row["arena"]) for row in report["results"]):
        mine = lambda rows: [r for r in rows if (r["prey"], r["arena"]) == (prey, arena)]  # noqa: B023, E731
        title = f"{protocol['score'].replace('_', ' ')}, prey {prey}, arena {arena}, {over}"
        scores = {(r["policy"], r["cell"]): r["measures"][protocol["score"]] for r in mine(report["results"])}
        ratios = {(r["policy"], r["cell"]): r["ratio"] for r in mine(report["comparisons"])}
        for row in mine(report["aggregates"]):
            if row["over"] == ALL_CELLS:
                ratios[row["policy"], ALL_CELLS] = row["normalised_score"]
        console.print(title, soft_wrap=True)
        console.print(_table(report, scores, ratios))


def _table(report: Mapping[str, Any], scores: Cells, ratios: Cells) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0))
    table.add_column("policy", overflow="fold")
    cells = list(report["protocol"]["cells"])
    for cell in cells:
        table.add_column(cell, justify="right")
    if ratios:
        table.add_column("all", justify="right")
    for policy in report["policies"]:
        table.add_row(_named(policy), *(_cell(scores.get((policy["name"], cell)), "{:.1f}") for cell in cells))
    if ratios:
        table.add_section()
        for policy in (p for p in report["policies"] if p["kind"] != "native"):
            values = [_cell(ratios.get((policy["name"], cell)), "{:.2f}") for cell in (*cells, ALL_CELLS)]
            table.add_row(f"{escape(policy['name'])}\n/ natives", *values)
    return table


def _named(policy: Mapping[str, Any]) -> str:
    seeds = len(policy.get("runs", []))
    name = escape(policy["name"])
    return f"{name}\n({seeds} seed{'s' * (seeds > 1)})" if seeds else name


def _cell(estimate: Mapping[str, Any] | None, form: str) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    interval, over = interval_of(estimate)
    text = form.format(estimate["value"])
    if interval is None:
        return text
    star = "*" if over == "episodes" else ""
    return f"{text}\n[{form.format(interval[0])}, {form.format(interval[1])}]{star}"
