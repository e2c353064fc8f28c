from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError, FileError
from marl.launch.many_runs import PlannedRun, check_makeable, parse_seeds, plan_runs
from marl.launch.standing import Standing, clear_unstarted, standing_of
from marl.training.run_config import read_config

State = dict[str, Any]
TEAMS = [{"A": 1, "B": 1}, {"A": 4, "B": 4}, {"A": 3, "B": 1}, {"A": 2, "B": 2}]


@pytest.mark.parametrize(("text", "seeds"), [("3", [1, 2, 3]), ("1", [1]), ("4,1,7", [4, 1, 7]), (" 2 , 3", [2, 3])])
def test_seeds_are_a_number_or_a_list(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "--seeds is '0'; give at least 1"),
        ("1,0", "seeds from 1 on"),
        ("-1", "give how many, e.g. 3, or a list, e.g. 1,4,7"),
        ("1,", "give how many"),
        ("two", "give how many"),
        ("1,2,1", "which has 1 twice"),
    ],
)
def test_seeds_that_will_not_do_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_seeds(text)


def test_the_largest_teams_come_first_each_in_its_folder(preset: State) -> None:
    runs = plan_runs(read_config(preset), Path("runs"), TEAMS, [1, 4])
    sizes = ["4+4", "3+1", "2+2", "1+1"]
    assert [str(run.folder) for run in runs] == [f"runs/{size}/seed-{seed}" for size in sizes for seed in (1, 4)]
    assert [run.agents for run in runs[::2]] == [8, 4, 4, 2]
    assert [run.config.seed for run in runs] == [1, 4] * 4
    assert runs[2].config.env.team == {"A": 3, "B": 1}
    assert str(runs[2].log) == "runs/3+1/seed-1.log"


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


def where(planned: PlannedRun) -> tuple[Path, Any]:
    """Folder and configuration of a planned run."""
    return planned.folder, planned.config


@pytest.fixture
def stopped(run: Path, tmp_path: Path) -> Path:
    """A run of 1280 env steps whose latest checkpoint is of 1024."""
    folder = tmp_path / "stopped"
    shutil.copytree(run, folder)
    shutil.rmtree(folder / "checkpoints" / "000000001280")
    return folder


def test_a_folder_tells_where_its_run_stands(run: Path, stopped: Path, preset: State, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert standing_of(*where(planned(preset, tmp_path / "nowhere"))) == Standing("new")
    assert standing_of(*where(planned(preset, tmp_path / "empty"))) == Standing("new")
    assert standing_of(*where(planned(preset, stopped))) == Standing("stopped", 1024)
    assert standing_of(*where(planned(preset, run))) == Standing("finished", 1280)
    assert standing_of(*where(planned(preset, run, total_env_steps=1281))) == Standing("stopped", 1280)
    whole_iterations = planned(preset, run, total_env_steps=1025)
    assert standing_of(*where(whole_iterations)) == Standing("finished", 1280)


@pytest.mark.parametrize(("episodes", "state"), [(96, "finished"), (97, "stopped")])
def test_a_run_that_its_scores_ended_is_finished(episodes: int, state: str, run: Path, preset: State) -> None:
    """In 40 steps, 32 copies end three episodes of 12 steps each."""
    rule = {**preset["score_log"], "episodes": episodes}
    wished = planned(preset, run, total_env_steps=5000, score_log=rule)
    assert standing_of(*where(wished)) == Standing(state, 1280)


def test_a_threshold_that_a_task_does_not_state_is_told_before_anything_begins(preset: State, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"x: score_log.threshold is 'task', but .*'simple_tag'"):
        check_makeable(planned(preset, tmp_path, score_log={"threshold": "task"}))


def test_a_run_that_crashed_before_its_policy_was_written_goes_on(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    os.utime(tmp_path / "x" / "policy" / "policy.safetensors", (0, 0))
    assert standing_of(*where(planned(preset, tmp_path / "x"))) == Standing("stopped", 1280)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"algorithm": {"name": "ppo", "gamma": 0.5}}, r"algorithm.\w+ is .*, but the run .* was trained with"),
        ({"num_copies": 16}, "num_copies is 16, but the run .* was trained with 32; give the same settings"),
        ({"rollout_length": 4}, "rollout_length is 4, but the run .* was trained with 8"),
        ({"seed": 2}, "seed is 2, but the run .* was trained with 1"),
        ({"initial_policy": "other"}, "initial_policy is 'other', but the run .* was trained with None"),
        ({"total_env_steps": 1024}, "total_env_steps is 1,024, but the run .* has done 1,280"),
    ],
)
def test_a_run_of_other_settings_is_refused(change: State, message: str, run: Path, preset: State) -> None:
    with pytest.raises(ConfigError, match=message):
        standing_of(*where(planned(preset, run, **change)))


def test_how_often_is_logged_and_saved_may_change(run: Path, preset: State) -> None:
    changes = {"log_interval": 1, "checkpoint_interval": 1, "evaluation_episodes": 9, "threads": 2}
    assert standing_of(*where(planned(preset, run, **changes))).state == "finished"


def test_a_run_without_checkpoint_begins_anew_and_nothing_else_is_lost(
    stopped: Path, preset: State, tmp_path: Path
) -> None:
    shutil.rmtree(stopped / "policy")
    (stopped / "checkpoints" / "000000001024").rename(stopped / "checkpoints" / ".writing-000000001024")
    assert standing_of(*where(planned(preset, stopped))) == Standing("new")
    (stopped / "notes.txt").write_text("mine")
    for refused in (lambda: standing_of(*where(planned(preset, stopped))), lambda: clear_unstarted(stopped)):
        with pytest.raises(ConfigError, match=r"holds 'notes\.txt', which would be lost"):
            refused()
    assert (stopped / "config.yaml").exists()
    (stopped / "notes.txt").rename(tmp_path / "notes.txt")
    clear_unstarted(stopped)
    assert list(stopped.iterdir()) == []


def test_trained_policies_and_checkpoints_are_never_cleared(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    with pytest.raises(ConfigError, match="which would be lost"):
        clear_unstarted(tmp_path / "x")
    shutil.rmtree(tmp_path / "x" / "checkpoints")
    with pytest.raises(ConfigError, match="holds 'policy', which would be lost"):
        standing_of(*where(planned(preset, tmp_path / "x")))
