"""Search by trials: suggestions of Optuna, which keeps the finished trials in a journal.

A trial enters the journal when it ends, in one line. Its suggestions depend on the seed, its number and the trials
before it alone, so that a search that was killed suggests the same again for the trial that had not ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import numpy as np

from marl.core.errors import ConfigError, FileError
from marl.core.wording import argument
from marl.launch.sweep.space import Choices, Range, Space

__all__ = ["JOURNAL", "Study", "Trial", "import_optuna", "search"]

JOURNAL = "journal.log"
FEWEST = 5
"""Complete trials before any is pruned."""

State = Literal["complete", "pruned", "failed"]
Outcome = float | Literal["pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """A trial.

    Args:
        number: from 0 on.
        values: suggested value of each field.
        state: None while it goes on.
        objective: of a complete one, larger is better.
    """

    number: int
    values: Mapping[str, Any]
    state: State | None = None
    objective: float | None = None

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"trial-{self.number}"


class Study:
    """Trials of a search, by a tree-structured Parzen estimator.

    Source: Bergstra et al., "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; `optuna.samplers.TPESampler`.

    Args:
        folder: of the journal, which Optuna's dashboard reads.
        space: of all trials.
        metric: of the objective, by which Optuna names the study.
        seed: of the suggestions.

    Raises:
        ConfigError: if Optuna is not installed, or the journal has trials of another metric.
        FileError: if the journal cannot be read.
    """

    def __init__(self, folder: Path, space: Space, metric: str, seed: int) -> None:
        self._optuna: Any = import_optuna()
        self.space, self.seed = space, seed
        self._distributions = {name: self._distribution(part) for name, part in space.items()}
        storages, path = self._optuna.storages, folder / JOURNAL
        try:
            storage = storages.JournalStorage(storages.journal.JournalFileBackend(str(path)))
            studies = self._optuna.get_all_study_summaries(storage)
            named = {"study_name": metric, "direction": "maximize", "load_if_exists": True}
            self._kept = self._optuna.create_study(storage=storage, **named)
            kept = self._kept.get_trials()
        except (ValueError, KeyError, TypeError) as error:
            raise FileError(f"{path} is not a journal of trials ({error}); name another folder") from error
        other = next((each.study_name for each in studies if each.study_name != metric and each.n_trials), None)
        if other is not None:
            told = f"{argument('metric')} is {metric!r}, but the trials in {folder} have {other!r}"
            raise ConfigError(f"{told}; give that to go on, or another {argument('out')}")
        # asked here, as what is asked in the journal stays there unfinished when the process is killed
        self._study = self._optuna.create_study(direction="maximize")
        self._study.add_trials(kept)
        self._asked: Any = None

    @property
    def trials(self) -> list[Trial]:
        """Trials that have ended, by number."""
        names: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned"}
        return [
            Trial(each.number, self._values(each.params), names.get(each.state.name, "failed"), each.value)
            for each in self._study.get_trials(deepcopy=False)
            if each.state.is_finished()
        ]

    def best(self, count: int) -> list[Trial]:
        """Complete trials with the largest objectives, the best first."""
        complete = [trial for trial in self.trials if trial.objective is not None and trial.state == "complete"]
        return sorted(complete, key=lambda trial: -(trial.objective or 0.0))[:count]

    def ask(self) -> Trial:
        """Next trial with its suggestions."""
        number = len(self._study.get_trials(deepcopy=False))
        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
        self._asked = self._study.ask(self._distributions)
        return Trial(number, self._values(self._asked.params))

    def report(self, step: int, value: float) -> bool:
        """Keep the objective so far, and tell if the trial is to be pruned.

        It is, if the value is below the median of the complete trials at the same step, and these are five or more.

        Args:
            step: of the evaluation, the same in all trials.
            value: objective so far.
        """
        self._asked.report(value, step)
        complete = self._study.get_trials(deepcopy=False, states=(self._optuna.trial.TrialState.COMPLETE,))
        others = [each.intermediate_values[step] for each in complete if step in each.intermediate_values]
        return len(others) >= FEWEST and value < median(others)

    def tell(self, outcome: Outcome) -> Trial:
        """End the trial that was asked for last, and write it into the journal."""
        states = self._optuna.trial.TrialState
        if isinstance(outcome, str):
            self._study.tell(self._asked, state=states.PRUNED if outcome == "pruned" else states.FAIL)
        else:
            self._study.tell(self._asked, outcome)
        self._kept.add_trial(self._study.get_trials(deepcopy=False)[-1])
        return self.trials[-1]

    def _distribution(self, part: Range | Choices) -> Any:
        kinds = self._optuna.distributions
        if isinstance(part, Choices):
            return kinds.CategoricalDistribution(tuple(part.by_label))
        if part.whole:
            return kinds.IntDistribution(part.low, part.high, part.log, part.step or 1)
        return kinds.FloatDistribution(part.low, part.high, part.log, part.step)

    def _values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        parts = ((name, self.space[name], value) for name, value in params.items())
        return {name: part.by_label[value] if isinstance(part, Choices) else value for name, part, value in parts}


def search(study: Study, trials: int, objective: Callable[[Trial], Outcome]) -> None:
    """Make trials until there are so many.

    Args:
        study: with the trials that there are.
        trials: number of all, pruned and failed ones included.
        objective: of a trial, larger is better; or how the trial ended without one. It may call ``study.report``.
    """
    while len(study.trials) < trials:
        study.tell(objective(study.ask()))


def import_optuna() -> Any:
    """Optuna, with its own messages off.

    Raises:
        ConfigError: if it is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        told = "a sweep needs the package optuna: pip install 'marl-teams[sweep]'"
        raise ConfigError(f"{told} ({error})") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
