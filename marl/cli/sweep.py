"""``marl sweep``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.table import Table

from marl.cli.help_text import parse_options
from marl.cli.options import TrustedModules, shown
from marl.cli.tables import estimate_text, number_text, plain_table
from marl.core.errors import ConfigError
from marl.core.limits import MOST_JOBS, MOST_SEEDS, check_between
from marl.core.trust import trusting
from marl.system.console import plain_console
from marl.system.interrupts import end_on_signal

if TYPE_CHECKING:
    from rich.console import Console

    from marl.cli.many_runs import Outcome
    from marl.launch.many_runs import PlannedRun
    from marl.launch.sweep.study import Study, Trial
    from marl.launch.sweep.sweep import Checked, Sweep

__all__ = ["sweep"]

REPORT = "sweep_report.json"
OTHERS = ("resume", "native_grid", "report", "print_config")


@dataclass
class Arguments:
    """Search for better settings of a preset, and check the best on fresh seeds.

    Each trial trains one run for each seed, SWEEP/trial-7/seed-2. Its objective is the interquartile mean over seeds
    of the mean of each one's last three evaluations, larger is better. A trial below the median of the others is
    pruned. At the end the best three trials and the preset train on five fresh seeds, and a table tells if the gain
    holds.

    The same command goes on after Ctrl-C, and with more trials. Any field of the preset is an option, as in marl train;
    --seed is that of the suggestions. Needs pip install 'marl-teams[sweep]'.

    Example: marl sweep cartpole_ppo --space space.yaml --trials 24 --seeds 2 --out sweeps/x --total-env-steps 40000
    """

    preset: Annotated[str, tyro.conf.Positional, shown("PRESET")]
    """Name of a preset, a YAML file, or the name of an environment."""
    space: Annotated[Path, shown("FILE", "(required)")]
    """YAML that maps dotted fields to {low, high, log, step} or to a list of choices."""
    out: Annotated[Path, shown("SWEEP", "(required)")]
    """Folder of all runs and of journal.log, which optuna-dashboard reads."""
    trials: int = 64
    """Number of trials, at most 10,000."""
    seeds: Annotated[str, shown("N|N,N", "(default: 3)")] = "3"
    """Seeds of each trial: 1 to N, or a list."""
    metric: str = "evaluation/return/all"
    """Metric of the evaluations, larger is better."""
    jobs: Annotated[int | None, shown("N", "(default: as many as cores and memory bear)")] = None
    """Runs that train at once."""
    trust: TrustedModules = ()
    """Import this module where a run names it; may be given several times."""


@end_on_signal()
def sweep(arguments: list[str]) -> int:
    """Search for better settings of a preset, and check the best on fresh seeds.

    Args:
        arguments: as typed after ``marl sweep``.

    Returns:
        Exit status: 0 done, 1 no trial finished or a run of the check failed; stopped 130, by SIGTERM 143, by SIGHUP
        129.

    Raises:
        ConfigError: if an option, the space or the folder cannot be used.
    """
    own, fields = _split(arguments)
    options = parse_options(Arguments, own, "marl sweep")
    from marl.cli.train import read_options
    from marl.launch.sweep.study import import_optuna
    from marl.system.launcher import command_line
    from marl.system.lock import sole_user

    check_between("--trials", options.trials, 1, MOST_SEEDS)
    check_between("--jobs", options.jobs, 1, MOST_JOBS)
    import_optuna()
    training = read_options(options.preset, [options.preset, *fields])
    for name in OTHERS:
        if getattr(training, name):
            raise ConfigError(f"--{name.replace('_', '-')} is an option of marl train; leave it out")
    console = plain_console()
    with trusting(options.trust, typed=training.typed):
        planned = _planned(options, training.config, console)
        with sole_user(options.out) as lock:
            status = _Search(planned, options, lock, console).run()
    if status:
        console.print(f"go on with: {command_line('marl', 'sweep', *arguments)}", soft_wrap=True)
    return status


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate the command's own words from the options that are fields of the preset."""
    own: list[str] = []
    fields: list[str] = []
    names = {"--help", *(f"--{name}" for name in Arguments.__annotations__)}
    taken = own
    for word in arguments:
        if word.startswith("--"):
            taken = own if word.partition("=")[0] in names else fields
        taken.append(word)
    return own, fields


def _planned(options: Arguments, config: Any, console: Console) -> Sweep:
    from marl.core.reading import parse_yaml, read_text
    from marl.launch.many_runs import check_makeable
    from marl.launch.seeds import parse_seeds
    from marl.launch.sweep.evaluations import PREFIX
    from marl.launch.sweep.space import read_space
    from marl.launch.sweep.sweep import Sweep, with_evaluations

    if not options.metric.startswith(PREFIX):
        told = f"--metric is {options.metric!r}; name one of the evaluations, e.g. {PREFIX}return/all"
        raise ConfigError(f"{told} (docs/metrics.md)")
    read_space(options.space, config)
    evaluated = with_evaluations(config)
    if evaluated != config:
        interval = f"{evaluated.evaluation_interval:,}"
        console.print(f"each run is evaluated every {interval} env steps (--evaluation-interval)", soft_wrap=True)
    space = parse_yaml(read_text(options.space))
    planned = Sweep(options.out, evaluated, space, options.metric, parse_seeds(options.seeds))
    check_makeable(planned.check_runs(())["preset"][0])
    return planned


class _Search:
    """Trials and check of a sweep, with what they print.

    Args:
        sweep: the sweep.
        options: of the command.
        lock: on its folder.
        console: prints.
    """

    def __init__(self, sweep: Sweep, options: Arguments, lock: int, console: Console) -> None:
        self.sweep, self.options, self.lock, self.console = sweep, options, lock, console
        self.status = 0

    def run(self) -> int:
        """Search, check and print the table; return the exit status."""
        from marl.launch.sweep.space import read_space
        from marl.launch.sweep.study import Study, search
        from marl.launch.sweep.sweep import BEST

        self.sweep.begin()
        space = read_space(self.options.space, self.sweep.config)
        self.study: Study = Study(self.sweep.out, space, self.sweep.metric, self.sweep.config.seed)
        if self.study.trials:
            self._print(f"{len(self.study.trials)} trials are there")
        try:
            search(self.study, self.options.trials, self._objective)
            best = self.study.best(BEST)
            if not best:
                self._print("no trial was trained to its end; the files in logs/ beside the runs say why")
                return 1
            return self._check(best)
        except _StoppedError as stopped:
            return stopped.status

    def _objective(self, trial: Trial) -> Any:
        from marl.launch.sweep.evaluations import objective
        from marl.launch.sweep.sweep import Pruning

        self._print(f"{trial.name} of {self.options.trials}: {_values_text(trial.values)}")
        try:
            runs = self.sweep.trial_runs(trial)
        except ConfigError as error:
            self._print(f"{trial.name} failed: {error}")
            return "failed"
        pruning = Pruning(runs, self.sweep.metric, self.study.report)
        outcome = self._train(runs, pruning.due)
        evaluated = pruning.look()
        if pruning.pruned or outcome.failed:
            ended = "pruned" if pruning.pruned else "failed"
            self._print(f"{trial.name} {ended}")
            return ended
        reached = objective(evaluated)
        best = max([(reached, trial.name), *((each.objective, each.name) for each in self.study.best(1))])
        self._print(f"{trial.name} {reached:.6g}, best {best[0]:.6g} ({best[1]})")
        return reached

    def _train(self, runs: Sequence[PlannedRun], ended: Callable[[], bool] = lambda: False) -> Outcome:
        """Train what is not finished.

        Raises:
            _StoppedError: if a signal stopped it; the runs are saved.
        """
        from marl.cli.many_progress import ManyProgress
        from marl.cli.many_runs import show_runs, usual_jobs
        from marl.cli.worker import COMMAND
        from marl.launch.many_runs import ManyRuns
        from marl.launch.standing import standing_of

        standings = {run.name: standing_of(run.folder, run.config) for run in runs}
        jobs = self.options.jobs or usual_jobs(self.sweep.config, len(runs))
        many = ManyRuns(runs, standings, jobs, self.lock, [*COMMAND, *sys.path])
        outcome = show_runs(many, ManyProgress(self.console, runs, standings), self.console, ended)
        if outcome.status:
            raise _StoppedError(outcome.status)
        return outcome

    def _check(self, best: Sequence[Trial]) -> int:
        from marl.core.files import save_json

        runs = self.sweep.check_runs(best)
        number = len(runs["preset"])
        self._print(f"the best {len(best)} and the preset train on {number} fresh seeds")
        if self._train([run for planned in runs.values() for run in planned]).failed:
            return 1
        checked = self.sweep.checked(best, runs)
        path = self.sweep.out / REPORT
        save_json(path, {"metric": self.sweep.metric, "rows": [row.as_json() for row in checked]})
        self.console.print(_table(checked, self.sweep.metric, number))
        for trial in best:
            self._print(f"{trial.name}: {_values_text(trial.values)}")
        self._print("Interquartile means and percentile intervals over seeds; gain: over the preset on the same seeds.")
        self._print(f"wrote {path}")
        return 0

    def _print(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, markup=False)


class _StoppedError(Exception):
    """End by a signal.

    Args:
        status: exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _values_text(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value_text(value)}" for name, value in values.items())


def _value_text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)


def _table(checked: Sequence[Checked], metric: str, seeds: int) -> Table:
    table = plain_table("settings", ["in the sweep", f"{seeds} fresh seeds", "gain", "the gain"], title=metric)
    for row in checked:
        objective = number_text(None if row.trial is None else row.trial.objective, ".4g")
        estimates = (estimate_text(each, ".4g") for each in (row.score, row.gain))
        table.add_row(row.name, objective, *estimates, row.verdict or "-")
    return table
