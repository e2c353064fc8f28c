from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch

import marl
from marl.core.errors import FileError
from marl.core.serialisation import load_state
from marl.policies.actor_critic import ActorCritic
from marl.policies.saved import load_policy, load_weights
from marl.training.checkpoints import Checkpoints


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
    assert load_state(checkpoints.latest, "state") == {"env_steps": 20_000, "format": 1}


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


def test_weights_of_another_architecture_are_refused(policy: ActorCritic) -> None:
    weights = dict(policy.state_dict())
    name = sorted(weights)[0]
    missing = {key: value for key, value in weights.items() if key != name}
    with pytest.raises(FileError, match=f"another architecture: {name} is absent there and"):
        load_weights(policy, missing, Path("x"))
    with pytest.raises(FileError, match=r"is \(1, 2, 3\) there"):
        load_weights(policy, {**weights, name: torch.zeros(1, 2, 3)}, Path("x"))


def test_a_policy_works_when_moved_away_from_its_run(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "policy", tmp_path / "alone")
    saved = load_policy(tmp_path / "alone")
    assert saved.environment["name"] == "simple_tag"
    assert all(torch.equal(a, b) for a, b in zip(saved.policy.parameters(), marl.load(run).parameters(), strict=True))
    assert not saved.policy.training


def test_nothing_in_a_run_is_pickled(run: Path) -> None:
    names = {path.suffix for path in run.rglob("*") if path.is_file() and "tfevents" not in path.name}
    assert names == {".yaml", ".json", ".jsonl", ".csv", ".png", ".safetensors"}


def test_missing_and_foreign_policies_are_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="nowhere does not exist"):
        load_policy(tmp_path / "nowhere")
    with pytest.raises(FileError, match="holds no trained policy"):
        load_policy(tmp_path)
    shutil.copy(next(run.glob("checkpoints/*/state.safetensors")), tmp_path / "policy.safetensors")
    with pytest.raises(FileError, match="is not a policy of this package"):
        load_policy(tmp_path)
