from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from marl.core.errors import DamagedError, FileError
from marl.core.serialisation import load_state, save_state
from marl.core.version import FORMAT
from marl.training.checkpoints import Checkpoints, check_all_finite, is_settled, load_checkpoint, newest

State = dict[str, Any]
WEIGHTS = {"w": torch.tensor([1.0, 2.0])}


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Three, of which the last two are kept."""
    made = Checkpoints(tmp_path / "checkpoints")
    for env_steps in (900, 1_000, 20_000):
        made.save(env_steps, WEIGHTS, {"learner": {}, "env_steps": env_steps})
    return made


def state_of(folder: Path | None) -> State:
    assert folder is not None
    return load_state(folder, "state")


def test_the_latest_are_kept_and_the_newest_is_named(checkpoints: Checkpoints, tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none").latest is None
    assert [path.name for path in checkpoints.folders] == ["000000001000", "000000020000"]
    assert state_of(checkpoints.latest) == {"learner": {}, "env_steps": 20_000, "format": FORMAT}


@pytest.mark.parametrize("failing", ["weights.safetensors", "state.safetensors", "000000020001"])
def test_a_crash_while_writing_leaves_the_last_one(
    failing: str, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, before = os.replace, checkpoints.folders

    def crash(source: Path, target: Path) -> None:
        if target.name == failing:
            raise OSError("no space left on device")
        replace(source, target)

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(OSError, match="no space left"):
        checkpoints.save(20_001, WEIGHTS, {})
    monkeypatch.undo()
    assert checkpoints.folders == before
    assert sorted(checkpoints.folder.iterdir()) == before


def test_a_folder_left_by_a_killed_process_is_ignored_and_removed(tmp_path: Path) -> None:
    stale = tmp_path / "checkpoints" / ".writing-000000000007"
    stale.mkdir(parents=True)
    (tmp_path / "checkpoints" / "1notes").mkdir()
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    assert checkpoints.latest is None
    checkpoints.save(8, WEIGHTS, {})
    assert not stale.exists()
    assert (tmp_path / "checkpoints" / "1notes").exists()


def test_a_checkpoint_that_is_there_is_left_as_it_is(checkpoints: Checkpoints) -> None:
    checkpoints.save(20_000, WEIGHTS, {"env_steps": 0})
    assert state_of(checkpoints.latest)["env_steps"] == 20_000


def test_a_folder_that_vanished_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Checkpoints(tmp_path / "gone" / "checkpoints").save(5, WEIGHTS, {})


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["weights", "state"])
@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_the_newest_whole_one_is_found_and_the_reason_against_newer_ones(
    name: str, damage: Any, checkpoints: Checkpoints
) -> None:
    assert newest(checkpoints.folder)[1] == {}
    damage(checkpoints.folder / "000000020000" / f"{name}.safetensors")
    found, wrong = newest(checkpoints.folder)
    assert found is not None
    assert (found.env_steps, found.weights["w"].tolist()) == (1_000, [1, 2])
    assert list(wrong) == ["000000020000"]
    assert f"000000020000/{name}.safetensors" in wrong["000000020000"]


@pytest.mark.parametrize(
    ("weights", "learner", "name"),
    [
        ({"w": torch.tensor([1.0, torch.inf])}, {}, "w"),
        (WEIGHTS, {"optimiser": {"exp_avg": torch.tensor([torch.nan])}}, "learner.optimiser.exp_avg"),
    ],
)
def test_a_checkpoint_that_is_not_finite_is_passed_over(
    weights: State, learner: State, name: str, checkpoints: Checkpoints
) -> None:
    checkpoints.save(30_000, weights, {"learner": learner})
    found, wrong = newest(checkpoints.folder)
    assert found is not None
    assert found.env_steps == 20_000
    assert wrong["000000030000"].endswith(f"000000030000: {name} is not finite")
    with pytest.raises(ValueError, match=name):
        check_all_finite(weights, learner)


def test_a_replay_may_hold_what_its_environment_gave() -> None:
    check_all_finite(WEIGHTS, {"replay": {"entries": torch.tensor([torch.inf])}, "count": torch.tensor(3)})


def test_a_checkpoint_of_a_later_version_is_not_passed_over(checkpoints: Checkpoints) -> None:
    """An older one would train again what a later version has done."""
    latest = checkpoints.folder / "000000020000"
    save_state(latest, "state", {**load_state(latest, "state"), "format": 99})
    with pytest.raises(FileError, match="format 99"):
        newest(checkpoints.folder)


def test_damaged_ones_are_set_aside_under_names_of_their_own(checkpoints: Checkpoints) -> None:
    for aside in ("damaged-000000020000", "damaged-000000020000-2", "damaged-000000020000-3"):
        assert checkpoints.set_aside("000000020000").name == aside
        checkpoints.save(20_000, WEIGHTS, {})
    assert [path.name for path in checkpoints.folders] == ["000000001000", "000000020000"]


def test_an_evaluation_is_due_until_it_is_noted(checkpoints: Checkpoints) -> None:
    checkpoints.save(30_000, WEIGHTS, {"learner": {}, "evaluation_due": True})
    folder = checkpoints.folder / "000000030000"
    assert load_checkpoint(folder).evaluation_due
    assert not load_checkpoint(checkpoints.folder / "000000020000").evaluation_due
    checkpoints.save_evaluation(30_001, {"metrics": {}})  # no checkpoint was written there
    assert load_checkpoint(folder).evaluation_due
    checkpoints.save_evaluation(30_000, {"metrics": {"x": 0.5}})
    assert not load_checkpoint(folder).evaluation_due
    assert load_checkpoint(folder).evaluation == {"metrics": {"x": 0.5}}
    flip(folder / "evaluation.safetensors")
    with pytest.raises(DamagedError, match="evaluation"):
        load_checkpoint(folder)


def test_a_run_is_settled_when_its_policy_is_that_of_its_checkpoint(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    latest, _ = newest(tmp_path / "x" / "checkpoints")
    assert latest is not None
    assert is_settled(tmp_path / "x", latest)
    earlier = latest.state.pop("policy_digest")  # as versions without digests wrote it
    assert is_settled(tmp_path / "x", latest)
    latest.weights["policy_normaliser"] = torch.zeros(1)
    assert not is_settled(tmp_path / "x", latest)
    latest.state["policy_digest"] = earlier
    flip(tmp_path / "x" / "policy" / "policy.safetensors")
    assert not is_settled(tmp_path / "x", latest)
    (tmp_path / "x" / "policy" / "policy.safetensors").unlink()
    os.mkfifo(tmp_path / "x" / "policy" / "policy.safetensors")  # to read it would wait for ever
    assert not is_settled(tmp_path / "x", latest)
    shutil.rmtree(tmp_path / "x" / "policy")
    assert not is_settled(tmp_path / "x", latest)


def test_folders_of_other_names_are_no_checkpoints(tmp_path: Path) -> None:
    for name in ("9", "000000000010", "1²", "٣", "9" * 200):
        (tmp_path / name).mkdir()
    assert [path.name for path in Checkpoints(tmp_path).folders] == ["9", "000000000010"]


def test_a_checkpoint_larger_than_memory_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "state.safetensors").open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(DamagedError, match=r"state\.safetensors has 10,000,000,000,000 bytes; at most"):
        load_checkpoint(tmp_path)
