from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError, FileError
from marl.launch.many_runs import (
    PlannedRun,
)
from marl.launch.standing import Standing, clear_unstarted, standing_of
from marl.training.run_config import read_config

State = dict[str, Any]


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


def test_a_run_that_crashed_before_its_policy_was_written_goes_on(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    (tmp_path / "x" / "policy" / "policy.safetensors").write_bytes(b"of an earlier checkpoint, written later")
    assert standing_of(*where(planned(preset, tmp_path / "x"))) == Standing("stopped", 1280)


def test_a_run_that_crashed_before_its_last_evaluation_goes_on(run: Path, preset: State, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    (tmp_path / "x" / "checkpoints" / "000000001280" / "evaluation.safetensors").unlink()
    assert standing_of(*where(planned(preset, tmp_path / "x"))) == Standing("stopped", 1280)


def test_a_run_goes_on_from_the_newest_whole_checkpoint_and_is_refused_without_one(
    run: Path, preset: State, tmp_path: Path
) -> None:
    shutil.copytree(run, tmp_path / "x")
    for number, state in (("000000001280", Standing("stopped", 1024)), ("000000001024", None)):
        (tmp_path / "x" / "checkpoints" / number / "weights.safetensors").write_bytes(b"")
        if state is not None:
            assert standing_of(*where(planned(preset, tmp_path / "x"))) == state
    with pytest.raises(FileError, match=r"no whole checkpoint: .*1280/weights.* is truncated.*1024/weights.*"):
        standing_of(*where(planned(preset, tmp_path / "x")))


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
    (stopped / "history").mkdir()  # written before the first checkpoint, which names it
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
