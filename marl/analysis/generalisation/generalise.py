"""Measurement of transfer: trained teams play, frozen, in other sizes and mixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from marl.analysis.generalisation.arms import Arm, TrainedRun, natives_of, read_trained_run
from marl.analysis.generalisation.cell_evaluations import EvaluationStore, evaluate_cells
from marl.analysis.generalisation.files import write_files
from marl.analysis.generalisation.measures import transfer_report
from marl.analysis.generalisation.plan import make_plan
from marl.analysis.generalisation.records import ArenaChoice, Protocol
from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.core.composition import parse_teams
from marl.core.errors import ConfigError
from marl.core.trust import trusting
from marl.system.process_pool import usable_cores
from marl.tasks.registry import find_policy

__all__ = ["generalise", "measure_transfer"]


def generalise(
    runs: Sequence[str | Path],
    teams: str,
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
) -> dict[str, Any]:
    """Play trained teams, frozen, in other sizes and mixes, and compare them with teams trained there.

    Runs that differ in the training seed only are one arm. Beside them play the same without
    messages, natives (trained at one composition each), and the task's references. All policies
    of a cell begin in the same worlds. Finished evaluations are kept in ``out/plays`` and not
    played again. With more than one job a script needs ``if __name__ == "__main__":`` round the call.

    Args:
        runs: folders of trained runs, or names of policies that come with the package.
        teams: compositions, e.g. ``"1+1,2+2,8+8"`` or ``"A=1+B=1,A=3"``.
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
        return measure_transfer(runs, teams, out, protocol, prey, natives, arena, jobs, watch, tell).as_json()


def measure_transfer(
    runs: Sequence[str | Path],
    teams: str,
    out: str | Path,
    protocol: Protocol,
    prey: str | None = None,
    natives: str | Path | None = None,
    arena: ArenaChoice = "fixed",
    jobs: int | None = None,
    watch: Callable[[int, int], None] | None = None,
    tell: Callable[[Sequence[str]], None] | None = None,
) -> GeneralisationReport:
    """Measure transfer, write the files, and return the report as a record; see `generalise`.

    Raises:
        ConfigError: before any play, if something cannot be played.
        FileError: if a run or a kept evaluation cannot be used.
        TrainingError: if a playing process dies.
    """
    _check_numbers(protocol.episodes, protocol.seed, jobs)
    if not runs:
        raise ConfigError("nobody plays; name the folder of at least one run")
    folder = _checked_folder(Path(out))
    read = [read_trained_run(find_policy(run)) for run in runs]
    first = read[0]
    compositions = _compositions(first, teams)
    by_team, notes = _natives(first, natives)
    preys = [str(first.environment.get("prey"))] if prey is None else [name.strip() for name in prey.split(",")]
    plan = make_plan(read, by_team, compositions, preys, arena, protocol)
    plan.notes += notes
    if tell is not None:
        tell(plan.notes)
    folder.mkdir(parents=True, exist_ok=True)
    store = EvaluationStore(folder / "plays")
    evaluate_cells(
        [each for group in plan.evaluations.values() for each in group], store, jobs or usable_cores(), watch
    )
    report = transfer_report(plan, store.load, protocol)
    write_files(report, folder)
    return report


def _compositions(first: TrainedRun, teams: str) -> list[dict[str, int]]:
    if "team" not in first.environment:
        raise ConfigError(
            f"{first.folder} plays {first.environment['name']}, which has no team to change; "
            "evaluate plays it as it is: marl evaluate"
        )
    try:
        return parse_teams(teams, list(first.team))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _natives(first: TrainedRun, folder: str | Path | None) -> tuple[Mapping[str, Arm], list[str]]:
    if folder is None:
        return {}, []
    return natives_of(Path(folder), list(first.team), float(first.environment.get("arena", 1.0)))


def _check_numbers(episodes: int, seed: int, jobs: int | None) -> None:
    for name, value, least in (("episodes", episodes, 1), ("seed", seed, 0), ("jobs", 1 if jobs is None else jobs, 1)):
        if value < least:
            raise ConfigError(f"{name} is {value}; give at least {least}")


def _checked_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"out {folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "plays").is_dir():
        raise ConfigError(f"out {folder} holds something else than a report; name another folder")
    return folder
