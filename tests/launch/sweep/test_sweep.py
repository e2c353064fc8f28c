from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.launch.many_runs import PlannedRun
from marl.launch.sweep.study import Trial
from marl.launch.sweep.sweep import SWEEP_FILE, Pruning, Sweep, with_evaluations
from marl.training.run_config import RunConfig, read_config

State = dict[str, Any]
METRIC = "evaluation/return/all"
SPACE = {"algorithm.gamma": {"low": 0.9, "high": 0.99}, "num_copies": [8, 16]}


@pytest.fixture
def planned(preset: State, tmp_path: Path) -> Sweep:
    return Sweep(tmp_path, read_config(preset), SPACE, METRIC, [1, 4])


def write(runs: list[PlannedRun], values: list[float]) -> None:
    """Four evaluations of each run; the mean of the last three is the value."""
    for run, value in zip(runs, values, strict=True):
        run.folder.mkdir(parents=True)
        rows = [{"env_steps": 320 * i, METRIC: 1000.0 if i == 1 else value + i - 3} for i in range(1, 5)]
        (run.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_trials_are_ordinary_runs_of_the_changed_preset(planned: Sweep) -> None:
    runs = planned.trial_runs(Trial(7, {"algorithm.gamma": 0.95, "num_copies": 16}))
    assert [run.name for run in runs] == ["trial-7/seed-1", "trial-7/seed-4"]
    assert [run.folder for run in runs] == [planned.out / run.name for run in runs]
    assert [(run.config.seed, run.config.algorithm.gamma, run.config.num_copies) for run in runs] == [
        (1, 0.95, 16),
        (4, 0.95, 16),
    ]


def test_the_best_and_the_preset_are_checked_on_fresh_seeds(planned: Sweep) -> None:
    """Of five scores the interquartile mean leaves out the lowest and the highest."""
    trial = Trial(3, {"num_copies": 16}, "complete", 50.0)
    runs = planned.check_runs([trial])
    assert [run.name for run in runs["trial-3"]] == [f"trial-3/seed-{seed}" for seed in (5, 6, 7, 8, 9)]
    assert runs["preset"][0].folder == planned.out / "check" / "preset" / "seed-5"
    assert [run.config.num_copies for run in (runs["preset"][0], runs["trial-3"][0])] == [32, 16]
    write(runs["preset"], [0.0, 10, 11, 12, 90])
    write(runs["trial-3"], [20.0, 21, 22, 23, 24])
    preset, checked = planned.checked([trial], runs)
    assert (preset.score.value, preset.gain, preset.verdict) == (11.0, None, "")
    assert (checked.score.value, checked.scores) == (22.0, (20.0, 21.0, 22.0, 23.0, 24.0))
    assert checked.gain is not None and checked.gain.ci95 is not None
    assert checked.gain.value == 11.0
    assert checked.gain.ci95[0] < 0 and checked.verdict == "not shown"  # with two of 90 the preset is above it
    assert replace(checked, gain=replace(checked.gain, ci95=(0.1, 9.0))).verdict == "holds"
    assert replace(checked, gain=replace(checked.gain, ci95=(-9.0, -0.1))).verdict == "is a loss"
    assert json.loads(json.dumps(checked.as_json()))["trial"] == {"values": {"num_copies": 16}, "objective": 50.0}


def test_a_sweep_goes_on_as_it_was(planned: Sweep, preset: State) -> None:
    planned.begin()
    planned.begin()
    for other, message in (
        (replace(planned, space={**SPACE, "num_copies": [8, 32]}), r"space.num_copies is \[8, 32\]"),
        (replace(planned, space={}), "space.algorithm.gamma.low is None, but the sweep in .* has 0.9"),
        (replace(planned, seeds=[1, 2]), r"seeds is \[1, 2\], but the sweep in .* has \[1, 4\]"),
        (replace(planned, config=read_config({**preset, "num_copies": 8})), "preset.num_copies is 8"),
    ):
        with pytest.raises(ConfigError, match=message):
            other.begin()


def test_a_folder_of_something_else_is_left_alone(planned: Sweep) -> None:
    (planned.out / "thesis.tex").touch()
    with pytest.raises(ConfigError, match=r"holds 'thesis.tex' and no sweep; name another"):
        planned.begin()
    assert not (planned.out / SWEEP_FILE).exists()


def test_few_evaluations_become_ten(preset: State) -> None:
    def interval(**changes: int) -> int:
        config: RunConfig[Any] = read_config({**preset, **changes})
        return with_evaluations(config).evaluation_interval

    assert interval(total_env_steps=75_000, evaluation_interval=200_000) == 7_500
    assert interval(total_env_steps=101, evaluation_interval=26) == 11
    assert interval(total_env_steps=104, evaluation_interval=26) == 26


def test_a_trial_is_reported_while_it_trains_and_each_evaluation_once(planned: Sweep) -> None:
    """Its third and its fourth evaluation: the means of 1000, 4 and 5 and of 4, 5 and 6."""

    def report(step: int, value: float) -> bool:
        told.append(value)
        return value < 9

    told = list[float]()
    runs = planned.trial_runs(Trial(0, {}))
    pruning = Pruning(runs, METRIC, report)
    assert not pruning.due() and told == []
    write(runs[:1], [5.0])
    assert not pruning.due() and told == []  # not a second later
    assert [len(evaluated) for evaluated in pruning.look()] == [4, 0]
    assert told == [pytest.approx(1009 / 3), 5.0] and pruning.pruned
    pruning.look()
    assert len(told) == 2
