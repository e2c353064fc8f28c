from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError, FileError
from marl.launch.many_runs import (
    Advanced,
    Began,
    Ended,
    Event,
    ManyRuns,
    PlannedRun,
    Stopping,
    Waited,
    check_makeable,
    plan_runs,
)
from marl.launch.standing import Standing
from marl.training.progress import Progress
from marl.training.run_config import read_config

State = dict[str, Any]
TEAMS = [{"A": 1, "B": 1}, {"A": 4, "B": 4}, {"A": 3, "B": 1}, {"A": 2, "B": 2}]


def test_the_largest_teams_come_first_each_in_its_folder(preset: State) -> None:
    runs = plan_runs(read_config(preset), Path("runs"), TEAMS, [1, 4])
    sizes = ["4+4", "3+1", "2+2", "1+1"]
    assert [str(run.folder) for run in runs] == [f"runs/{size}/seed-{seed}" for size in sizes for seed in (1, 4)]
    assert [run.agents for run in runs[::2]] == [8, 4, 4, 2]
    assert [run.config.seed for run in runs] == [1, 4] * 4
    assert runs[2].config.env.team == {"A": 3, "B": 1}
    assert str(runs[2].log) == "runs/3+1/logs/seed-1.log"


def test_natives_train_at_their_own_composition_in_every_stage(preset: State) -> None:
    preset["env"] |= {"training_teams": ["A=2,B=2", "A=1,B=1"], "team": {"A": 2, "B": 2}}
    preset["env"]["curriculum"]["stages"][0]["teams"] = ["A=1,B=1"]
    (seeded,) = plan_runs(read_config(preset), Path("runs"), None, [1])
    assert seeded.config.env.drawn_teams == [[{"A": 1, "B": 1}], [{"A": 2, "B": 2}, {"A": 1, "B": 1}]]
    (native,) = plan_runs(read_config(preset), Path("runs"), [{"A": 3, "B": 1}], [1])
    assert native.config.env.drawn_teams == [[{"A": 3, "B": 1}]] * 2
    stages = native.config.env.curriculum.stages
    assert [(stage.prey_speed, stage.until) for stage in stages] == [(0.5, 0.0), (1.0, None)]


def test_seeds_alone_keep_the_team_and_all_other_settings(preset: State) -> None:
    preset |= {"threads": None, "total_env_steps": 999}
    runs = plan_runs(read_config(preset), Path("runs"), None, [2])
    assert [str(run.folder) for run in runs] == ["runs/seed-2"]
    assert runs[0].config == read_config({**preset, "seed": 2, "threads": 1})
    assert plan_runs(read_config({**preset, "threads": 2}), Path("runs"), None, [2])[0].config.threads == 2


@pytest.mark.parametrize(("given", "planned"), [("auto", 1), (3, 3)])
def test_a_run_among_many_has_one_process_where_that_is_left_open(given: Any, planned: int) -> None:
    config = read_config({"env": {"name": "gymnasium:CartPole-v1", "processes": given}})
    assert plan_runs(config, Path("runs"), None, [2])[0].config.env.processes == planned
    algorithm = {"name": "alpha_zero", "self_play": {"groups": 3, "processes": given}}
    config = read_config({"env": {"name": "tic_tac_toe"}, "algorithm": algorithm})
    assert plan_runs(config, Path("runs"), None, [2])[0].config.algorithm.self_play.processes == planned


def test_a_composition_that_the_task_refuses_is_named(preset: State) -> None:
    preset["env"]["classes"] = {"A": ["landmarks"]}
    preset["env"]["team"] = {"A": 2}
    with pytest.raises(ConfigError, match=r"1\+1/seed-1: env: team names class 'B', which is not declared"):
        plan_runs(read_config(preset), Path("runs"), [{"A": 1, "B": 1}], [1])


def test_networks_that_cannot_be_made_are_told_before_anything_begins(preset: State, tmp_path: Path) -> None:
    preset["policy"]["encoder"]["transformer"]["heads"] = 3
    (run,) = plan_runs(read_config(preset), tmp_path, None, [1])
    with pytest.raises(ConfigError, match="seed-1: policy: 3 attention heads do not divide the token width 16"):
        check_makeable(run)


def test_an_initial_policy_that_will_not_do_is_told_before_anything_begins(
    preset: State, run: Path, tmp_path: Path
) -> None:
    def plan(source: Path, out: Path) -> PlannedRun:
        return plan_runs(read_config({**preset, "initial_policy": str(source)}), out, None, [1])[0]

    check_makeable(plan(run, tmp_path))
    with pytest.raises(FileError, match="nowhere does not exist"):
        check_makeable(plan(tmp_path / "nowhere", tmp_path))
    preset["policy"]["encoder"]["hidden"] = [16, 8]
    with pytest.raises(FileError, match="holds a policy of another architecture"):
        check_makeable(plan(run, tmp_path))
    # a run that has begun does not need it any more
    shutil.copytree(run, tmp_path / "seed-1")
    check_makeable(plan(tmp_path / "nowhere", tmp_path))


def planned(preset: State, folder: Path, **changes: Any) -> PlannedRun:
    return PlannedRun("x", folder, read_config({**preset, **changes}), 4)


def test_a_threshold_that_a_task_does_not_state_is_told_before_anything_begins(preset: State, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x: score_log.threshold is 'task', but .*'simple_tag'"):
        check_makeable(planned(preset, tmp_path, score_log={"threshold": "task"}))


def test_a_game_that_is_learnt_by_self_play_can_be_made(tmp_path: Path) -> None:
    values = {"env": {"name": "tic_tac_toe"}, "policy": {"kind": "game"}, "algorithm": {"name": "alpha_zero"}}
    check_makeable(PlannedRun("x", tmp_path, read_config(values), 1))
    values["policy"] |= {"trunk": {"kind": "parts"}}  # type: ignore[dict-item,operator]
    with pytest.raises(ConfigError, match=r"x: policy\.trunk: tic_tac_toe has no parts; take a trunk"):
        check_makeable(PlannedRun("x", tmp_path, read_config(values), 1))


class TwoLooks:
    """In place of `RunProcess`: tells of half its env steps at the first look, and has ended at the second."""

    killed: list[str] = []
    closed: list[str] = []

    def __init__(self, command: Sequence[str], job: dict[str, Any], log: Path, lock: int) -> None:
        self.name, self.looks, self.asked = Path(job["folder"]).name, 0, False
        assert command == ["start"]

    @property
    def status(self) -> int | None:
        return None if self.looks < 1 else 130 if self.asked else int(self.name == "seed-2")

    def told(self) -> dict[str, Any] | None:
        self.looks += 1
        return asdict(Progress(640, 1280, 10.0, {})) if self.looks == 1 else None

    def stop(self) -> None:
        self.asked = True

    def kill(self) -> None:
        self.killed.append(self.name)

    def close(self) -> None:
        self.closed.append(self.name)

    def printed(self) -> list[str]:
        return ["the last line"]


@pytest.fixture
def many(preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ManyRuns:
    """Three runs, of which one was finished before; one trains at a time."""
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", TwoLooks)
    monkeypatch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)
    monkeypatch.setattr(TwoLooks, "killed", [])
    monkeypatch.setattr(TwoLooks, "closed", [])
    runs = plan_runs(read_config(preset), tmp_path, None, [1, 2, 3])
    standings = {"seed-1": Standing("new"), "seed-2": Standing("new"), "seed-3": Standing("finished", 1280)}
    return ManyRuns(runs, standings, 1, 0, ["start"])


def told(event: Event) -> tuple[Any, ...]:
    match event:
        case Began(run):
            return "began", run.name
        case Advanced(run, progress):
            return "advanced", run.name, progress.env_steps
        case Ended(run, outcome, status, printed):
            return "ended", run.name, outcome, status, *printed
        case Stopping(running, number):
            return "stopping", running, number
        case Waited():
            return ("waited",)


def test_many_runs_begin_advance_and_end_one_after_the_other(many: ManyRuns) -> None:
    events = [told(event) for event in many.train() if not isinstance(event, Waited)]
    assert events == [
        ("began", "seed-1"),
        ("advanced", "seed-1", 640),
        ("ended", "seed-1", "finished", 0, "the last line"),
        ("began", "seed-2"),
        ("advanced", "seed-2", 640),
        ("ended", "seed-2", "failed", 1, "the last line"),
    ]
    assert TwoLooks.closed == ["seed-1", "seed-2"]


def test_ctrl_c_lets_a_run_save_and_begins_no_other(many: ManyRuns) -> None:
    events = []
    for event in many.train():
        if isinstance(event, Began):
            signal.raise_signal(signal.SIGINT)
        events.append(told(event))
    assert [event for event in events if event != ("waited",)] == [
        ("began", "seed-1"),
        ("advanced", "seed-1", 640),
        ("stopping", 1, signal.SIGINT),
        ("ended", "seed-1", "stopped", 130, "the last line"),
    ]


def test_leaving_early_ends_the_processes(many: ManyRuns) -> None:
    events = many.train()
    assert told(next(events)) == ("began", "seed-1")
    events.close()
    assert TwoLooks.killed == ["seed-1"]


def test_more_than_10000_runs_are_refused(preset: State) -> None:
    with pytest.raises(ConfigError, match="native_grid and seeds are 10,004 runs; give at most 10,000"):
        plan_runs(read_config(preset), Path("runs"), TEAMS, range(1, 2502))
