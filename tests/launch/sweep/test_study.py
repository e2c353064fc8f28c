from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from marl.core.errors import ConfigError, FileError
from marl.launch.sweep.space import Choices, Range
from marl.launch.sweep.study import JOURNAL, Study, Trial, import_optuna, search

SPACE = {
    "x": Range(low=-5.0, high=5.0),
    "count": Range(low=2, high=32, step=2),
    "layers": Choices({"[64]": [64], "[64, 64]": [64, 64], "tanh": "tanh"}),
}


@pytest.fixture(autouse=True)
def _optuna() -> None:
    pytest.importorskip("optuna")


def peak(trial: Trial) -> float:
    """Largest at x = 2, count = 12 with two layers: 10."""
    bonus = 10.0 if trial.values["layers"] == [64, 64] else 0.0
    return bonus - abs(trial.values["x"] - 2) - abs(trial.values["count"] - 12) / 4


def test_a_known_optimum_is_found(tmp_path: Path) -> None:
    study = Study(tmp_path, SPACE, "evaluation/return/all", seed=1)
    search(study, 60, peak)
    best = study.best(3)
    assert [trial.objective for trial in best] == sorted((peak(trial) for trial in study.trials), reverse=True)[:3]
    assert best[0].objective > 9  # the tenth part of one in 500 of the space is better
    assert best[0].values["layers"] == [64, 64]
    assert all(trial.values["count"] in range(2, 33, 2) for trial in study.trials)


class KilledError(Exception):
    pass


def test_a_search_that_was_killed_suggests_the_same_again(tmp_path: Path) -> None:
    def killed(trial: Trial) -> float:
        asked.append(trial)
        if trial.number == 13:
            raise KilledError
        return peak(trial)

    whole, again, asked = tmp_path / "whole", tmp_path / "again", list[Trial]()
    whole.mkdir(), again.mkdir()
    search(Study(whole, SPACE, "evaluation/x", seed=4), 20, peak)
    with pytest.raises(KilledError):
        search(Study(again, SPACE, "evaluation/x", seed=4), 20, killed)
    study = Study(again, SPACE, "evaluation/x", seed=4)
    assert len(study.trials) == 13
    search(study, 20, peak)
    assert study.trials == Study(whole, SPACE, "evaluation/x", seed=4).trials  # bit for bit
    assert asked[13].values == study.trials[13].values
    other = tmp_path / "other"
    other.mkdir()
    search(study := Study(other, SPACE, "evaluation/x", seed=5), 1, peak)
    assert study.trials[0] != Study(whole, SPACE, "evaluation/x", seed=4).trials[0]


def test_below_the_median_of_five_complete_trials_one_is_pruned_and_not_among_the_best(tmp_path: Path) -> None:
    def objective(trial: Trial) -> float | str:
        value = 2.5 if trial.number == 5 else float(trial.number)
        prunes.append(study.report(3, value))
        return "pruned" if prunes[-1] else "failed" if trial.number == 7 else value

    study, prunes = Study(tmp_path, SPACE, "evaluation/x", seed=1), list[bool]()
    search(study, 8, objective)
    assert prunes == [False] * 6 + [False, False]  # the median of 0 to 4 is 2
    assert [trial.state for trial in study.trials] == ["complete"] * 7 + ["failed"]
    assert [trial.name for trial in study.best(2)] == ["trial-6", "trial-4"]
    low = study.ask()
    assert not study.report(2, -1.0)  # there is no other at this step
    assert study.report(3, 2.4)  # the median of 0, 1, 2, 3, 4, 2.5 and 6
    assert study.tell("pruned").state == "pruned"
    kept = Study(tmp_path, SPACE, "evaluation/x", seed=1).trials
    assert (kept[8].number, kept[8].values, kept[8].state) == (8, low.values, "pruned")


def test_the_journal_is_one_of_optuna(tmp_path: Path) -> None:
    import optuna

    search(Study(tmp_path, SPACE, "evaluation/x", seed=1), 2, peak)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 3  # the study, and one line a trial
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    study = optuna.load_study(study_name="evaluation/x", storage=optuna.storages.JournalStorage(backend))
    assert set(study.trials[0].params) == {"x", "count", "layers"}
    assert json.loads((tmp_path / JOURNAL).read_text().splitlines()[0])["study_name"] == "evaluation/x"


def test_another_metric_is_refused_once_there_are_trials(tmp_path: Path) -> None:
    Study(tmp_path, SPACE, "evaluation/y", seed=1)  # a slip, seen in the first trial
    search(Study(tmp_path, SPACE, "evaluation/x", seed=1), 1, peak)
    with pytest.raises(ConfigError, match=r"metric is 'evaluation/y', but the trials in .* have 'evaluation/x'"):
        Study(tmp_path, SPACE, "evaluation/y", seed=1)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text("of something else\n{}\n")
    with pytest.raises(FileError, match=r"journal\.log is not a journal of trials"):
        Study(tmp_path, SPACE, "evaluation/x", seed=1)


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"needs the package optuna: pip install 'marl-teams\[sweep\]'"):
        import_optuna()
