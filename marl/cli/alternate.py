"""``marl alternate``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.table import Table

from marl.cli.help_text import parse_options
from marl.cli.options import shown
from marl.cli.tables import number_text
from marl.core.errors import TrainingError
from marl.system.console import plain_console
from marl.system.interrupts import end_on_signal, exit_status

if TYPE_CHECKING:
    from rich.console import Console

    from marl.analysis.crosstable import Crosstable
    from marl.launch.alternation import Alternation, Version

__all__ = ["alternate"]

Preset = Annotated[str, tyro.conf.Positional, shown("PRESET")]


@dataclass
class Arguments:
    """Train both sides in turn, each against all versions of the other so far.

    In each round the first side goes on from its last version against a pool, one of it drawn for
    each episode: the opponents that its preset names, and all versions of the other side. Then
    the second side does the same. Each version is a run of its own, RUN/predators-1, RUN/prey-1
    and so on; at the end each of one side plays each of the other.

    Ctrl-C saves; the same command goes on. With more rounds it goes on too; all else stays as it was.

    Example: marl alternate predator_teams_flee prey --out runs/duel --rounds 4
    """

    first: Preset
    """Name or file of the preset of the side that is trained first."""
    second: Preset
    """Preset of the other side of the same task."""
    out: Annotated[Path, shown("RUN", "(required)")]
    """Folder of all runs."""
    rounds: int = 4
    """Number of rounds, at most 10,000; each trains one version of both sides."""
    env_steps: Annotated[int | None, shown("N", "(default: as the preset)")] = None
    """Env steps of each version's training."""
    seed: Annotated[int | None, shown("N", "(default: as the preset)")] = None
    """Seed of the first round; each further round takes the next."""


@end_on_signal()
def alternate(arguments: list[str]) -> int:
    """Train both sides in turn, and play each version against each of the other side.

    Args:
        arguments: as typed after ``marl alternate``.

    Returns:
        Exit status.
    """
    options = parse_options(Arguments, arguments, "marl alternate")
    from marl.analysis.alternate import side_preset
    from marl.launch.alternation import Alternation
    from marl.system.launcher import command_line
    from marl.system.lock import sole_user
    from marl.training.opening import clear_leftovers

    console = plain_console()
    presets = [side_preset(name, options.env_steps, options.seed) for name in (options.first, options.second)]
    alternation = Alternation((presets[0], presets[1]), options.out, options.rounds)
    with sole_user(alternation.out):
        clear_leftovers(alternation.out)
        status = _train_all(alternation, console)
        if status == 0:
            _close(alternation, console)
            return 0
    again = command_line("marl", "alternate", *arguments)
    console.print(f"go on with the same command: {again}", soft_wrap=True)
    return status


def _train_all(alternation: Alternation, console: Console) -> int:
    """Train the versions that are not trained yet, and return the exit status; 0 if all are."""
    for version in alternation.versions():
        opponents = ", ".join(Path(name).name for name in version.against)
        if version.finished:
            console.print(f"{version.name} is trained", soft_wrap=True)
            continue
        console.print(f"training {version.name} against {opponents}", soft_wrap=True)
        status = _train(version, console)
        if status != 0:
            return status
    return 0


def _train(version: Version, console: Console) -> int:
    from marl.training.console_progress import TrainingBar

    result = version.train([TrainingBar(console)])
    if result.finished:
        return 0
    console.print(f"stopped and saved {version.name} at {result.env_steps:,} env steps", soft_wrap=True)
    return exit_status(result.stopped_by)


def _close(alternation: Alternation, console: Console) -> None:
    """Play each version against each of the other side, and write and print the crosstable."""
    from marl.analysis.crosstable import EPISODES, play_crosstable, write_crosstable

    console.print(f"each version against each over {EPISODES} episodes", soft_wrap=True)
    table, out = play_crosstable(alternation, EPISODES), alternation.out
    try:
        write_crosstable(table, out, alternation.rounds)
    except OSError as error:
        told = f"the folder {out} cannot be written ({error}); all versions are trained, the same command goes on"
        raise TrainingError(told) from error
    console.print(_table(table))
    console.print(f"table as JSON   {out / 'crosstable.json'}", soft_wrap=True)
    console.print(f"heat map        {out / 'crosstable.png'}", soft_wrap=True)


def _table(table: Crosstable) -> Table:
    title = f"{table.measure.replace('_', ' ')}, mean over {table.episodes} episodes"
    printed = Table(title=title, title_justify="left")
    printed.add_column(" against ".join(table.sides))
    for column in table.columns:
        printed.add_column(column, justify="right")
    for row, estimates in zip(table.rows, table.estimates, strict=True):
        printed.add_row(row, *(number_text(estimate.value, ".2f") for estimate in estimates))
    return printed
