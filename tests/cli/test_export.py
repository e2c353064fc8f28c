from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.networks.configs import EncoderConfig, GraphConfig
from marl.policies.configs import ActorCriticConfig
from marl.policies.kinds import make_policy
from marl.policies.saved import save_policy

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mates(tmp_path: Path) -> Path:
    """A policy whose class B sees each of its teammates."""
    env = {"name": "simple_tag", "classes": {"A": ["landmarks"], "B": ["prey", "teammates"]}}
    config = ActorCriticConfig(encoder=EncoderConfig(hidden=(8,), temporal="none"), graph=GraphConfig(kind="none"))
    save_policy(tmp_path / "mates", make_policy(marl.make(env).roster, config), env)
    return tmp_path / "mates"


def test_what_the_file_takes_and_gives_is_told(cli: Cli, mates: Path, tmp_path: Path) -> None:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    file = tmp_path / "x.onnx"
    status, out, err = cli("export", mates, "--out", file)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[1] == "input   features_B  float32 [B, 2, 22]  what each agent of the class observes"
    assert lines[2] == "output  log_probs_A  float32 [B, 2, 5]  log-probability of each action, in nats"
    assert lines[-1].startswith(f"wrote {file}: actor_critic of simple_tag for A=2,B=2, within ")
    from exported_team import ExportedTeam

    with pytest.raises(ValueError, match="1 agents of class A, and what a class sees asks for 2"):
        ExportedTeam(file)(features_A=[[0.0] * 10], features_B=[[0.0] * 22] * 2)
    assert cli("export", mates, "--out", file)[1].splitlines()[-1].startswith("replaced ")


def test_a_team_of_another_size_than_what_its_classes_see_is_refused(
    cli: Cli, mates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.evaluation.onnx_file.find_spec", lambda name: name)
    status, _, err = cli("export", mates, "--out", tmp_path / "x.onnx", "--largest-team", "A=8,B=8")
    assert status == 2
    assert "--largest-team is 'A=8,B=8': class 'B' was trained with 22 features" in err
    assert "here has 70" in err and "e.g. teammates:2" in err


def test_settings_of_the_environment_can_be_changed(
    cli: Cli, walkers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three walkers were trained; the file is for five."""
    monkeypatch.setattr("marl.evaluation.onnx_file.find_spec", lambda name: name)
    facts: list[Any] = []

    def write(named: Any, given: Any, path: Path) -> dict[str, Any]:
        facts.append(given)
        return {**given, "inputs": {}, "outputs": {}, "largest_difference": 0.0}

    monkeypatch.setattr("marl.evaluation.export.write_onnx", write)
    more = ("--env.arguments.walkers", 5, "--trust", "line_pettingzoo")
    status, out, err = cli("export", walkers / "x-1", "--out", tmp_path / "x.onnx", *more)
    assert (status, err) == (0, "")
    assert facts[0]["team"] == {"walker": 5}
    assert "for up to walker=5, within 0 of PyTorch" in out


def test_without_the_packages_the_extra_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("marl.evaluation.onnx_file.find_spec", lambda name: None)
    status, _, err = cli("export", "predator_team", "--out", tmp_path / "x.onnx")
    assert status == 2
    assert "an export needs onnx, onnxscript, onnxruntime: pip install 'marl-teams[export]'" in err
