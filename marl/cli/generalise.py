"""``marl generalise``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import Deterministic, Jobs, TrustedModules, shown
from marl.cli.progress_bars import Counting
from marl.cli.tables import estimate_text, plain_table
from marl.core.errors import ConfigError
from marl.core.reading import parse_yaml
from marl.core.trust import trusting
from marl.system.console import plain_console
from marl.system.interrupts import end_on_signal, exit_status

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from marl.analysis.generalisation.transfer_report import GeneralisationReport, ReportedPolicy
    from marl.maths.intervals import Estimate

    Cells = Mapping[tuple[str, str], Estimate]

__all__ = ["generalise"]


@dataclass
class Arguments:
    """Play trained teams, frozen, in other sizes and mixes, and tell how well they carry over.

    Runs that differ in nothing but the training seed are one row, with an interval over seeds
    (Agarwal et al. 2021). Beside them play the same without messages, natives (teams trained at
    one composition each), and the reference policies. All policies of a cell begin in the same
    worlds. The ratio is the score over that of the natives of the cell.

    What was played is kept in --out: the same command again goes on where it was stopped, and
    draws the report at once when everything is there.

    Examples: marl generalise runs/x-1 runs/x-2 runs/x-3 --teams 1+1,2+2,3+1,8+8 --prey random,flee
    --natives runs/natives --out report; marl generalise runs/x --teams A=1+B=1,B=4 --out report;
    marl generalise runs/pistons --env.arguments.n-pistons 5,20,40 --out report
    """

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, shown("RUN [RUN...]")]
    """Folders of trained runs, or their policy/."""
    out: Annotated[Path, shown("FOLDER")]
    """Folder of the report; made if it is not there."""
    teams: Annotated[str | None, shown("N+N,N+N,...")] = None
    """Compositions: counts in the order of the classes (3+1), or by name (A=3+B=1); at most 4,096 agents."""
    env: Annotated[tuple[str, ...], tyro.conf.arg(name="env.arguments.NAME", metavar="VALUE,VALUE,...")] = ()
    """In place of --teams: values of an argument of the environment that makes the size of its team."""
    prey: Annotated[str | None, shown("NAME,NAME,...", "(default: as the first run was trained)")] = None
    """Prey: random, still, flee, or the folder of a run that trained prey; with commas."""
    natives: Annotated[Path | None, shown("FOLDER", "(default: none, and no ratios)")] = None
    """Searched for runs; those trained at exactly a cell's composition are its natives."""
    episodes: int = 500
    """Episodes of each policy in each cell, at most 10,000,000."""
    arena: Literal["fixed", "density", "both"] = "fixed"
    """Size of the arena: as trained, as large as keeps the density of the first run, or both."""
    seed: int = 0
    """Seed of worlds and actions, below 2^32."""
    deterministic: Deterministic = False
    """Take the likeliest actions instead of drawing them."""
    jobs: Jobs = None
    """Processes that play side by side, at most 1,024."""
    trust: TrustedModules = ()
    """Import this module where a run names it; may be given several times."""


@end_on_signal()
def generalise(arguments: list[str]) -> int:
    """Play, print a table and write the report.

    Args:
        arguments: as typed after ``marl generalise``.

    Returns:
        Exit status.
    """
    from marl.cli.overrides import split_environment

    fields, others = split_environment(arguments)
    options = parse_options(Arguments, others, "marl generalise")
    from marl.analysis.generalisation.generalise import measure_transfer
    from marl.analysis.generalisation.records import Protocol
    from marl.system.launcher import command_line

    console = plain_console()
    protocol = Protocol(options.episodes, options.seed, options.deterministic)
    try:
        with trusting(options.trust), Counting(console, "plays") as watch:
            report = measure_transfer(
                options.runs,
                options.teams,
                options.out,
                protocol,
                options.prey,
                options.natives,
                options.arena,
                options.jobs,
                watch,
                partial(_tell, console),
                _values(fields),
            )
    except KeyboardInterrupt as stop:
        again = command_line("marl", "generalise", *arguments)
        console.print(f"stopped; what was played is kept. Go on with: {again}", soft_wrap=True)
        return exit_status(*stop.args)  # see `end_on_signal`
    _show(report, console)
    console.print("Interquartile mean and 95 % interval over training seeds; * over episodes.", soft_wrap=True)
    _tell(console, report.notes)
    console.print(f"wrote report.json, report.csv, report.md and pictures to {options.out}:", soft_wrap=True)
    for picture in sorted(options.out.glob("*.png")):
        console.print(f"  {picture}", soft_wrap=True)
    board = command_line("tensorboard", "--logdir", options.out / "tensorboard")
    console.print(f"TensorBoard: {board}", soft_wrap=True)
    return 0


def _values(words: list[str]) -> dict[str, list[Any]] | None:
    """Values of each ``--env.arguments.NAME 5,20,40``, as YAML; None without any.

    Raises:
        ConfigError: for another field, and for what is no list.
    """
    from marl.cli.overrides import grouped

    values: dict[str, list[Any]] = {}
    for flag, given in grouped(words)[1:]:
        name = flag.removeprefix("env.arguments.").replace("-", "_")
        if not name or name == flag.replace("-", "_"):
            raise ConfigError(f"--{flag} {' '.join(given)}: only an argument is changed: --env.arguments.NAME 5,20,40")
        text = ",".join(given)
        try:
            values[name] = parse_yaml(f"[{text}]")
        except ValueError as error:
            raise ConfigError(f"--{flag} is {text!r}; give values between commas, e.g. 5,20,40 ({error})") from error
    return values or None


def _tell(console: Console, notes: Sequence[str]) -> None:
    for note in notes:
        console.print(f"- {note}", soft_wrap=True)


def _show(report: GeneralisationReport, console: Console) -> None:
    from marl.analysis.generalisation.over_cells import ALL_CELLS

    setting = report.setting
    over = f"{setting.protocol.episodes} episodes, seed {setting.protocol.seed}"
    for prey, arena in dict.fromkeys((result.place.prey, result.place.arena) for result in report.results):
        condition = "" if prey is None else f", prey {prey}, arena {arena}"
        title = f"{setting.score.replace('_', ' ')}{condition}, {over}"
        scores = {
            (result.place.policy, result.place.composition): result.measures[setting.score].estimate
            for result in report.results
            if (result.place.prey, result.place.arena) == (prey, arena)
        }
        ratios = {
            (comparison.place.policy, comparison.place.composition): comparison.ratio
            for comparison in report.comparisons
            if (comparison.place.prey, comparison.place.arena) == (prey, arena)
        }
        together = {
            aggregate.policy: aggregate.normalised_score
            for aggregate in report.aggregates
            if (aggregate.prey, aggregate.arena, aggregate.over) == (prey, arena, ALL_CELLS)
        }
        console.print(title, soft_wrap=True)
        console.print(_table(report, scores, ratios, together))


def _table(report: GeneralisationReport, scores: Cells, ratios: Cells, together: Mapping[str, Estimate]) -> Table:
    cells = list(report.setting.compositions)
    table = plain_table("policy", [*cells, *(["all"] if ratios else [])], no_wrap=False, padding=(0, 0))
    for policy in report.policies:
        values = (scores.get((policy.name, cell)) for cell in cells)
        table.add_row(_named(policy), *(estimate_text(value, report.setting.form, star=True) for value in values))
    if ratios:
        table.add_section()
        for policy in (p for p in report.policies if p.kind != "native"):
            compared = [*(ratios.get((policy.name, cell)) for cell in cells), together.get(policy.name)]
            texts = (estimate_text(value, ".2f", star=True) for value in compared)
            table.add_row(f"{policy.name}\n/ natives", *texts)
    return table


def _named(policy: ReportedPolicy) -> str:
    return f"{policy.name}\n({policy.seeds} seed{'s' * (policy.seeds > 1)})" if policy.seeds else policy.name
