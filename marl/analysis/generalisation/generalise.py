"""Measurement of transfer: trained teams play, frozen, in other sizes and mixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from marl.analysis.generalisation.arms import read_trained_run
from marl.analysis.generalisation.cell_evaluations import EvaluationStore, evaluate_cells
from marl.analysis.generalisation.files import write_files
from marl.analysis.generalisation.measures import transfer_report
from marl.analysis.generalisation.natives import natives_of
from marl.analysis.generalisation.plan import make_plan
from marl.analysis.generalisation.records import ArenaChoice, Protocol, Sizes
from marl.analysis.generalisation.sizes import argument_values, compositions
from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.core.errors import ConfigError
from marl.core.limits import MOST_GAMES, MOST_JOBS, SEED_BELOW, check_between, check_switches
from marl.core.result import Result
from marl.core.settings import shown_value
from marl.core.trust import trusting
from marl.core.wording import argument
from marl.system.process_pool import usable_cores
from marl.tasks.registry import find_policy

__all__ = ["generalise", "measure_transfer"]


def generalise(
    runs: Sequence[str | Path],
    teams: str | None,
    out: str | Path,
    prey: str | None = None,
    episodes: int = 500,
    natives: str | Path | None = None,
    arena: ArenaChoice = "fixed",
    seed: int = 0,
    jobs: int | None = None,
    deterministic: bool = False,
    watch: Callable[[int, int], None] | None = None,
    tell: Callable[[Sequence[str]], None] | None = None,
    trust: str | Iterable[str] = (),
    arguments: Mapping[str, Sequence[Any]] | None = None,
) -> Result:
    """Play trained teams, frozen, in other sizes and mixes, and compare them with teams trained there.

    Runs that differ in the training seed only are one arm. Beside them play the same without
    messages, natives (trained at one composition each), and the task's references. All policies
    of a cell begin in the same worlds. Finished evaluations are kept in ``out/plays`` and not
    played again. With more than one job a script needs ``if __name__ == "__main__":`` round the call.

    Args:
        runs: folders of trained runs, or names of policies that come with the package.
        teams: compositions, e.g. ``"1+1,2+2,8+8"`` or ``"A=1+B=1,A=3"``; None where an argument makes the size.
        out: folder of the report.
        prey: names with commas; by default that of the first run's training.
        episodes: of each policy in each cell.
        natives: folder to search for natives.
        arena: ``fixed`` as trained, ``density`` sized to keep the density of the first run, or ``both``.
        seed: of worlds and actions.
        jobs: number of processes; as many as there are processors by default.
        deterministic: take the most probable actions instead of drawing them.
        watch: called after each evaluation with the number done and the number of all.
        tell: called before anything is played, with the notes that qualify the numbers.
        trust: modules that may be imported where a run that plays names them; those imported already may.
        arguments: values of an argument of the environment that makes the size of its team, in place of ``teams``,
            e.g. ``{"n_pistons": [5, 20, 40]}``.

    Returns:
        The content of ``report.json``.

    Raises:
        ConfigError: before any play, if something cannot be played.
        FileError: if a run or a kept evaluation cannot be used.
        TrainingError: if a playing process dies.
        UntrustedError: if a run that plays names a module that is not trusted.
    """
    protocol = Protocol(episodes, seed, deterministic)
    with trusting(trust):
        options = (protocol, prey, natives, arena, jobs, watch, tell, arguments)
        return Result(measure_transfer(runs, teams, out, *options).as_json())


def measure_transfer(
    runs: Sequence[str | Path],
    teams: str | None,
    out: str | Path,
    protocol: Protocol,
    prey: str | None = None,
    natives: str | Path | None = None,
    arena: ArenaChoice = "fixed",
    jobs: int | None = None,
    watch: Callable[[int, int], None] | None = None,
    tell: Callable[[Sequence[str]], None] | None = None,
    arguments: Mapping[str, Sequence[Any]] | None = None,
) -> GeneralisationReport:
    """Measure transfer, write the files, and return the report as a record; see `generalise`.

    Raises:
        ConfigError: before any play, if something cannot be played.
        FileError: if a run or a kept evaluation cannot be used.
        TrainingError: if a playing process dies.
    """
    _check_numbers(protocol.episodes, protocol.seed, jobs)
    check_switches(deterministic=protocol.deterministic)
    if not runs:
        raise ConfigError("nobody plays; name the folder of at least one run")
    folder = _checked_folder(Path(out))
    read = [read_trained_run(find_policy(run)) for run in runs]
    sizes: Sizes
    if teams is not None and arguments is None:
        sizes = compositions(read[0], teams, prey, arena)
    elif arguments is not None and teams is None:
        sizes = argument_values(read[0], arguments, prey, arena)
    else:
        raise ConfigError(_one_of(teams, arguments))
    by_size, notes = ({}, []) if natives is None else natives_of(Path(natives), sizes)
    plan = make_plan(read, by_size, sizes, protocol)
    plan.notes += notes
    if tell is not None:
        tell(plan.notes)
    folder.mkdir(parents=True, exist_ok=True)
    store = EvaluationStore(folder / "plays")
    evaluate_cells(
        [each for group in plan.evaluations.values() for each in group], store, jobs or usable_cores(), watch
    )
    report = transfer_report(plan, lambda each: store.load(each, plan.events), protocol)
    write_files(report, folder)
    return report


def _one_of(teams: str | None, arguments: Mapping[str, Sequence[Any]] | None) -> str:
    """Refusal of both kinds of sizes together, and of none."""
    both = "no size is given" if teams is None else f"teams {teams!r} and arguments {shown_value(arguments)} are given"
    return (
        f"{both}; give compositions ({argument('teams', '1+1,2+2')}), or values of an argument of the environment that "
        "is its number of agents: marl generalise RUN --env.arguments.NAME 5,20 (in Python arguments={'NAME': [5, 20]})"
    )


def _check_numbers(episodes: int, seed: int, jobs: int | None) -> None:
    check_between("episodes", episodes, 1, MOST_GAMES)
    check_between("seed", seed, 0, SEED_BELOW - 1)
    check_between("jobs", jobs, 1, MOST_JOBS)


def _checked_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"out {folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "plays").is_dir():
        raise ConfigError(f"out {folder} holds something else than a report; name another folder")
    return folder
