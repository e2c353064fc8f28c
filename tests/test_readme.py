"""The README's commands and code, as they stand there but for the length of training and of episodes."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from run_here import Here

import marl
from marl.cli.main import main

TOP = Path(__file__).parent.parent
README = (TOP / "README.md").read_text(encoding="utf-8")
SHORT = "--total-env-steps 256 --num-copies 8 --rollout-length 8 --evaluation-episodes 2"


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a reader, and presets in which simple_tag lasts 10 steps."""
    presets = shutil.copytree(TOP / "experiments/presets", tmp_path / "presets")
    for preset in presets.glob("*.yaml"):
        shorter = preset.read_text(encoding="utf-8").replace("name: simple_tag", "name: simple_tag\n  max_cycles: 10")
        preset.write_text(shorter, encoding="utf-8")
    files = {path.stem: path for path in presets.glob("*.yaml")}
    monkeypatch.setattr("marl.training.presets.preset_files", lambda: files)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Here)
    monkeypatch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)


def blocks(language: str) -> list[str]:
    """The README's blocks of code in a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [code for named, code in fenced if named == language]


def commands(name: str) -> list[list[str]]:
    """The README's commands ``marl NAME ...``, without the program's name."""
    lines = [line for block in blocks("") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith(f"marl {name} ")]


@pytest.fixture
def runs() -> None:
    """The runs that most commands speak of."""
    spread = ("mpe2.simple_spread_v3", "runs/spread")
    presets = {"predator_teams": "runs/x", "prey": "runs/prey", "cartpole_ppo": "runs/cartpole"}
    for preset, run in (*presets.items(), spread):
        assert main(["train", preset, "--out", run, *SHORT.split()]) == 0


def test_the_training_commands_work() -> None:
    trainings = commands("train")
    assert len(trainings) >= 3
    for command in trainings:
        if "--seeds" in command and "runs/several" not in command:
            continue  # other tests train those
        shorter = [part for part in command if not part.isdigit() and part not in ("--seed", "--total-env-steps")]
        resuming = ["--total-env-steps", "512"] if "--resume" in command else SHORT.split()
        assert main([*shorter, *resuming]) == 0, command


def test_teams_are_taken_to_other_sizes() -> None:
    (command,) = commands("generalise")
    for training in commands("train"):
        if "runs/mixed" in training:
            assert main([*training, *SHORT.split()]) == 0
        if "runs/natives" in training:
            fewer = [part.replace("1,2", "1") for part in training]
            assert main([*fewer, *SHORT.split()]) == 0
    assert main([*command, "--episodes", "2", "--jobs", "1"]) == 0
    assert Path("report/report.json").is_file()


def test_learning_curves_are_compared() -> None:
    for preset, run in (("cartpole_ppo", "runs/cartpole"), ("cartpole_dqn", "runs/dqn")):
        options = "--num-copies 8 --rollout-length 8 --evaluation-episodes 2 --total-env-steps 1024 --log-interval 256"
        assert main(["train", preset, "--out", run, *options.split()]) == 0
    (command,) = commands("compare")
    assert main(command) == 0
    assert Path("curves.png").is_file()


def test_both_sides_learn_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.analysis.crosstable.EPISODES", 2)
    (command,) = commands("alternate")
    assert main([*command[: command.index("--rounds")], "--rounds", "1", "--env-steps", "256"]) == 0
    assert Path("runs/duel/prey-1/policy").is_dir()


@pytest.mark.usefixtures("runs")
def test_the_other_commands_work() -> None:
    others = commands("evaluate") + commands("render")
    assert len(others) >= 4
    for command in others:
        extra = ["--episodes", "2"] if command[0] == "evaluate" else []
        assert main([*command, *extra]) == 0, command
    assert Path("out.json").is_file()
    assert Path("episode.gif").is_file()


def test_the_python_works() -> None:
    scripts = blocks("python")
    assert len(scripts) >= 2
    train = marl.train
    short = {"num_copies": 8, "rollout_length": 8, "total_env_steps": 256, "evaluation_episodes": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marl, "train", lambda preset, out, **options: train(preset, out, **{**options, **short}))
        for script in scripts:
            exec(compile(script.replace("episodes=500", "episodes=2"), "README.md", "exec"), {})  # the README's own


def test_the_preset_of_the_readme_is_a_preset() -> None:
    for block in blocks("yaml"):
        path = Path("own.yaml")
        path.write_text(block, encoding="utf-8")
        assert main(["train", str(path), "--out", "runs/own", *SHORT.split()]) == 0
