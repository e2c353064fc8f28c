from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

import marl
from marl.core.errors import FileError
from marl.core.files import digest
from marl.core.records import Observation
from marl.core.roster import Plane
from marl.core.serialisation import load_state, save_state
from marl.core.version import FORMAT
from marl.policies.actor_critic import ActorCritic
from marl.policies.policy import Policy
from marl.policies.saved import (
    RENAMED,
    load_policy,
    load_weights,
    policy_file,
    present_learner,
    present_weights,
    save_policy,
)
from marl.system.lock import sole_user
from marl.training.checkpoints import Checkpoints, load_checkpoint

FORMAT_1 = Path(__file__).parent / "format_1"
"""A policy, and runs of PPO and DQN as they stood after two of three iterations, all written by the last version of
format 1; ``acts.json`` and each ``after.safetensors`` have what that version did next. They are of simple_tag, in whose
tests the runs go on."""

FORMAT_3 = Path(__file__).parent / "format_3"
"""A run with ``graph.kind: gcn`` as the last version of format 3 left it, with the checkpoint after two of three
iterations and the policy at the end; ``acts.json`` has what that policy did."""


@pytest.fixture
def policy(run: Path) -> ActorCritic:
    return marl.load(run)


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
    assert saved.environment["name"] == "meeting"
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
    with sole_user(tmp_path), pytest.raises(FileError, match="trains, and has written no policy yet; wait for its f"):
        load_policy(tmp_path)
    os.mkfifo(tmp_path / "policy.safetensors")
    for use in (load_policy, policy_file):
        with pytest.raises(FileError, match=r"policy\.safetensors is not a file"):
            use(tmp_path)
    (tmp_path / "policy.safetensors").unlink()
    with (tmp_path / "policy.safetensors").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(FileError, match=r"policy\.safetensors has 1,000,000,000,000 bytes; at most 500,000,000"):
        load_policy(tmp_path)
    shutil.copy(next(run.glob("checkpoints/*/state.safetensors")), tmp_path / "policy.safetensors")
    with pytest.raises(FileError, match="is not a policy of this package"):
        load_policy(tmp_path)


def seen_at(step: int, policy: Policy, copies: int = 2) -> Observation:
    """Observation of a team at a step of ``acts.json``: sines of 0, 1, 2, ... in every tensor, shifted by 7 a step."""
    roster, size = policy.roster, policy.roster.size

    def wave(*shape: int) -> Tensor:
        return torch.arange(torch.Size(shape).numel()).add(7 * step).sin().view(shape)

    return Observation(
        features={c.name: wave(copies, roster.team[c.name], c.feature_size) for c in roster.present},
        alive=torch.ones(copies, size, dtype=torch.bool),
        adjacency=~torch.eye(size, dtype=torch.bool).expand(copies, size, size),
        kinematics=wave(copies, size, 4),
        entities=wave(copies, size + 2, roster.entity_size),
        entity_mask=torch.ones(copies, size + 2, dtype=torch.bool),
    )


def test_a_policy_of_format_1_acts_as_it_did_then() -> None:
    policy = marl.load(FORMAT_1 / "policy")
    assert policy.roster.plane == Plane(position=2, kinematics=4)
    assert_acts(policy, FORMAT_1 / "acts.json")


def test_messages_of_a_gcn_of_format_3_have_no_edges_as_then() -> None:
    policy = marl.load(FORMAT_3)
    assert isinstance(policy, ActorCritic)
    assert policy.config.graph.kind == "plain_gcn"
    assert_acts(policy, FORMAT_3 / "acts.json")


def assert_acts(policy: Policy, path: Path) -> None:
    """Compare a policy with what it once did at the steps of `seen_at`."""
    memory = policy.initial_memory(2, policy.roster.size)
    for step, expected in enumerate(json.loads(path.read_text())):
        observation = seen_at(step, policy)
        act = policy.act(observation, memory)
        assert {name: chosen.tolist() for name, chosen in act.action.items()} == expected["action"]
        assert_close(act.log_prob, torch.tensor(expected["log_prob"]))
        assert_close(policy.value(observation), torch.tensor(expected["value"]))
        memory = act.memory


def test_a_checkpoint_of_format_1_has_its_target_network_and_clock_under_todays_names() -> None:
    before = load_state(FORMAT_1 / "dqn/checkpoints/000000000064", "state")["learner"]
    checkpoint = load_checkpoint(FORMAT_1 / "dqn/checkpoints/000000000064")
    weights, learner = checkpoint.weights, checkpoint.state["learner"]
    assert list(learner) == list(before)
    assert list(learner["target"]) == list(weights)
    assert any(not target.equal(weights[name]) for name, target in learner["target"].items())  # it follows
    assert learner["clock"] == {"env_steps": 64, "updates": 4, "episodes": 8, "share_done": before["clock"]["progress"]}


def test_every_name_of_format_1_is_renamed() -> None:
    names = [f"{old}x" for old in RENAMED if old.endswith(".")] + ["critic.features.x", "normaliser.mean", "epsilon"]
    today = ["trunk.features.x", "trunk.encoder.hidden.x", "trunk.encoder.x", "trunk.graph.x", "trunk.norm.x"]
    today += ["critic.features.x", "normaliser.mean", "epsilon"]
    assert list(present_weights(dict.fromkeys(names), 1)) == today
    table = {"env_steps": 9, "updates": 3, "episodes": 4, "progress": 0.5}  # the state of a tabular learner
    assert present_learner(table, 1) == {"env_steps": 9, "updates": 3, "episodes": 4, "share_done": 0.5}


def test_a_policy_of_the_present_format_keeps_its_roster(policy: ActorCritic, run: Path) -> None:
    environment = marl.make({**load_policy(run).environment}, 1)
    assert policy.roster == environment.roster
    assert load_state(run / "policy", "policy")["description"]["format"] == FORMAT


def rewritten(source: Path, folder: Path, name: str) -> Path:
    """A folder with a state file that claims another format."""
    state = load_state(source, name)
    inner = state.get("description", state)
    inner["format"] = FORMAT + 1
    save_state(folder, name, state)
    return folder


def test_files_of_later_formats_are_refused(run: Path, tmp_path: Path) -> None:
    message = f"has format {FORMAT + 1}, and this version reads formats up to {FORMAT}; use a newer version"
    with pytest.raises(FileError, match=message):
        load_policy(rewritten(run / "policy", tmp_path, "policy"))
    checkpoint = Checkpoints(run / "checkpoints").latest
    assert checkpoint is not None
    shutil.copytree(checkpoint, tmp_path / "later")
    with pytest.raises(FileError, match=message):
        load_checkpoint(rewritten(checkpoint, tmp_path / "later", "state"))


def test_a_pipe_in_the_place_of_a_policy_is_refused_and_not_waited_for(policy: ActorCritic, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.safetensors")
    with pytest.raises(FileError, match="is not a file"):
        save_policy(tmp_path, policy, {})
    with pytest.raises(FileError, match="is not a file"):
        digest(tmp_path / "policy.safetensors")
