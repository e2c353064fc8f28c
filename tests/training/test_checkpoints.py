from __future__ import annotations

import os
from pathlib import Path

import pytest

import marl
from marl.core.errors import FileError
from marl.core.serialisation import load_state
from marl.policies.actor_critic import ActorCritic
from marl.training.checkpoints import Checkpoints, load_checkpoint


@pytest.fixture
def policy(run: Path) -> ActorCritic:
    return marl.load(run)


def test_the_latest_are_kept_and_the_newest_is_named(policy: ActorCritic, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    assert checkpoints.latest is None
    for env_steps in (900, 1_000, 20_000):
        checkpoints.save(env_steps, policy, {"env_steps": env_steps})
    assert [path.name for path in checkpoints.whole] == ["000000001000", "000000020000"]
    assert checkpoints.latest is not None
    assert load_state(checkpoints.latest, "state") == {"env_steps": 20_000, "format": 2}


@pytest.mark.parametrize("failing", ["weights.safetensors", "state.safetensors", "000000000002"])
def test_a_crash_while_writing_leaves_the_last_one(
    failing: str, policy: ActorCritic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    good = checkpoints.save(1, policy, {"value": 1})

    replace = os.replace

    def crash(source: Path, target: Path) -> None:
        if target.name == failing:
            raise OSError("no space left on device")
        replace(source, target)

    monkeypatch.setattr("os.replace", crash)
    with pytest.raises(OSError, match="no space left"):
        checkpoints.save(2, policy, {"value": 2})
    monkeypatch.undo()
    assert checkpoints.whole == [good]
    assert load_state(good, "state")["value"] == 1
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [good.name]


def test_a_folder_left_by_a_killed_process_is_ignored_and_removed(policy: ActorCritic, tmp_path: Path) -> None:
    stale = tmp_path / "checkpoints" / ".writing-000000000007"
    stale.mkdir(parents=True)
    (tmp_path / "checkpoints" / "1notes").mkdir()
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=1)
    assert checkpoints.latest is None
    checkpoints.save(8, policy, {})
    assert not stale.exists()
    assert (tmp_path / "checkpoints" / "1notes").exists()


def test_a_checkpoint_that_is_there_is_left_as_it_is(policy: ActorCritic, tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.save(5, policy, {"value": 1})
    checkpoints.save(5, policy, {"value": 2})
    assert checkpoints.latest is not None
    assert load_state(checkpoints.latest, "state")["value"] == 1


def test_a_folder_that_vanished_is_not_made_anew(policy: ActorCritic, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Checkpoints(tmp_path / "gone" / "checkpoints").save(5, policy, {})


def test_folders_of_other_names_are_no_checkpoints(tmp_path: Path) -> None:
    for name in ("9", "000000000010", "1²", "٣", "9" * 200):
        (tmp_path / name).mkdir()
    assert [path.name for path in Checkpoints(tmp_path).whole] == ["9", "000000000010"]


def test_a_checkpoint_larger_than_memory_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "state.safetensors").open("wb") as file:
        file.truncate(10**13)
    with pytest.raises(FileError, match=r"state\.safetensors has 10,000,000,000,000 bytes; at most"):
        load_checkpoint(tmp_path)
