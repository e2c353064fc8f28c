"""docs/export.md: its commands and code, as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import marl
from marl.cli.main import main

for name in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(name)
from benchmark_export import difference  # noqa: E402
from exported_team import ExportedTeam  # noqa: E402

TOP = Path(__file__).parent.parent
PAGE = (TOP / "docs/export.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    shlex.split(line)[1:] for line in re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
]
SHORT = "--total-env-steps 1024 --num-copies 8 --rollout-length 32 --evaluation-episodes 2"


def test_one_agent_plays_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An episode as long as the one that the policy itself plays."""
    monkeypatch.chdir(tmp_path)
    assert main(["train", "cartpole_ppo", "--out", "runs/cartpole", *SHORT.split()]) == 0
    assert main(COMMANDS[0]) == 0
    script = f"import sys; sys.modules['torch'] = sys.modules['marl'] = None\n{CODE[0]}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    import gymnasium

    policy, env = marl.load("runs/cartpole"), gymnasium.make("CartPole-v1")
    (observation, _), steps, over = env.reset(seed=0), 0, False
    while not over:
        action, _ = policy.predict(observation, deterministic=True)
        observation, _, terminated, truncated, _ = env.step(action)
        steps, over = steps + 1, terminated or truncated
    assert float(done.stdout) == steps


@pytest.fixture
def predators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    assert main(COMMANDS[1]) == 0
    capsys.readouterr()
    return tmp_path / "predators.onnx"


def test_teams_of_several_sizes_play_by_one_file(predators: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Answers are PyTorch's over whole episodes; and the page's team has ten times the contacts of a random one."""
    team, policy = ExportedTeam(predators), marl.load("predator_team").eval()
    assert (team.facts["team"], team.facts["smaller_teams"]) == ({"A": 3, "B": 3}, True)
    assert team.facts["inputs"]["keys"]["shape"] == ["B", 6, 1, 8, 64]
    for composition in ("A=1,B=1", "A=0,B=2", "A=3,B=3"):
        found, steps = difference(policy, marl.make("predator_team", team=composition, max_cycles=20), team, 2)
        assert found < 1e-5 and steps == 40
    names: dict[str, Any] = {}
    exec(compile(CODE[1], "docs/export.md", "exec"), names)
    assert float(capsys.readouterr().out) > 130  # random predators have 1.3 contacts, worth 10 to each
    with pytest.raises(ValueError, match=r"4 agents of class A, and the file plays at most 3; .* --largest-team A=4"):
        team(features_A=np.zeros((4, 10)))
    with pytest.raises(ValueError, match=r"feature_A is no input; inputs are features_A, features_B, alive"):
        team(feature_A=np.zeros((1, 10)))
    with pytest.raises(KeyError, match=r"features_B|adjacency|kinematics"):
        team(features_A=np.zeros((1, 10)))
