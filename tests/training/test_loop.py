from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from each_iteration import Crash, EachIteration
from stored_runs import assert_equal_bit_for_bit, last_state, logged, stop_after

import marl
from marl.core.errors import TrainingError
from marl.core.records import Step
from marl.core.serialisation import load_state
from marl.training import loop
from marl.training.checkpoints import Checkpoints
from marl.training.monitor import Monitor
from marl.training.progress import Progress
from marl.training.run import build_run
from marl.training.run_config import RunConfig, load_config, read_config
from marl.training.train import train_run

State = dict[str, Any]
SUPPORT = Path(__file__).parents[1] / "support"
"""Where processes find the environment that the preset names."""


@pytest.mark.parametrize("iterations", [1, 2, 3], ids=["between entries of the log", "at an entry", "after an entry"])
def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not(
    iterations: int, run: Path, preset: State, tmp_path: Path
) -> None:
    config = read_config(preset)
    stopped = train_run(config, tmp_path / "x", callbacks=stop_after(iterations))
    assert not stopped.finished
    assert stopped.stopped_by == signal.SIGINT
    assert stopped.env_steps == 256 * iterations
    resumed = train_run(config, tmp_path / "x", resume=True)
    assert resumed.finished
    assert_equal_bit_for_bit(tmp_path / "x", run)
    assert logged(tmp_path / "x") == logged(run)


@pytest.mark.parametrize("algorithm", ["a2c", "reinforce"])
def test_other_learners_resume_bit_for_bit_too(algorithm: str, preset: State, tmp_path: Path) -> None:
    preset |= {"algorithm": {"name": algorithm, "entropy_coef": [0.02, 0.0]}, "total_env_steps": 768}
    config = read_config(preset)
    train_run(config, tmp_path / "whole")
    train_run(config, tmp_path / "parts", callbacks=stop_after(1))
    train_run(config, tmp_path / "parts", resume=True)
    assert_equal_bit_for_bit(tmp_path / "parts", tmp_path / "whole")


@pytest.mark.parametrize("drawing", [{}, {"prioritised": {}, "n_step": 3, "target": {"kind": "soft"}}])
def test_a_replay_resumes_bit_for_bit_too(drawing: State, preset: State, tmp_path: Path) -> None:
    """Its ring is full and goes around when the run is stopped."""
    encoder = {"hidden": [16], "temporal": "none"}
    preset["policy"] = {"kind": "q_network", "encoder": encoder, "graph": {"kind": "gat", "heads": 2}}
    algorithm = {"name": "dqn", "batch_size": 32, "learning_starts": 256, "replay_capacity": 400}
    preset["algorithm"] = {**algorithm, "updates_per_iteration": 2, **drawing}
    config = read_config(preset)
    train_run(config, tmp_path / "whole")
    train_run(config, tmp_path / "parts", callbacks=stop_after(3))
    train_run(config, tmp_path / "parts", resume=True)
    assert_equal_bit_for_bit(tmp_path / "parts", tmp_path / "whole")
    assert logged(tmp_path / "parts") == logged(tmp_path / "whole")


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_tables_of_a_team_resume_bit_for_bit_and_log_what_is_documented(
    algorithm: str, preset: State, tmp_path: Path
) -> None:
    """Episodes end after 12 steps, so that exploration has changed by the third iteration of 8."""
    preset["env"] |= {"classes": {"A": ["target"]}, "team": {"A": 2}, "communication": None}
    width = marl.make(preset["env"]).roster.classes[0].feature_size
    preset["policy"] = {"kind": "table", "bins": [[0.0]] * width}
    decay = {"kind": "logarithmic", "decay": 10}
    preset["algorithm"] = {"name": algorithm, "gamma": 0.9, "learning_rate": decay, "exploration": decay}
    preset |= {"total_env_steps": 768, "log_interval": 256}
    config = read_config(preset)
    train_run(config, tmp_path / "whole")
    train_run(config, tmp_path / "parts", callbacks=stop_after(2))
    train_run(config, tmp_path / "parts", resume=True)
    assert_equal_bit_for_bit(tmp_path / "parts", tmp_path / "whole")
    first, _, last = [row for row in logged(tmp_path / "parts") if "exploration" in row]
    assert (first["exploration"], last["exploration"]) == (1, pytest.approx(1 - 0.518514))  # 1 - log10(33 / 10)
    documented = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    for name in ("loss/value", "value/td_error", "exploration", "optimiser/learning_rate"):
        assert name in last and f"`{name}`" in documented
    share = [row.split(",")[2] for row in (tmp_path / "parts" / "scores.csv").read_text().splitlines()[1:]]
    assert share == ["1"] * 32 + ["0.481486"] * 32


def test_a_run_that_crashed_goes_on_from_its_last_checkpoint_without_double_entries(
    run: Path, preset: State, tmp_path: Path
) -> None:
    def crash(progress: Progress) -> None:
        if progress.env_steps == 1024:
            raise Crash

    config = read_config({**preset, "checkpoint_interval": 600, "log_interval": 256})
    with pytest.raises(Crash):
        train_run(config, tmp_path / "x", callbacks=[EachIteration(crash)])
    assert [row["env_steps"] for row in logged(tmp_path / "x")] == [256, 512, 768, 1024, 1024]
    resumed = build_run(config, tmp_path / "x", resume=True)
    assert resumed.env_steps == 768
    loop.train(resumed, Monitor(resumed))
    assert [row["env_steps"] for row in logged(tmp_path / "x")] == [256, 512, 768, 1024, 1024, 1280, 1280]
    weights = [{k: v for k, v in last_state(f).items() if ".weights." in k} for f in (tmp_path / "x", run)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])


def test_a_finished_run_can_be_extended(run: Path, preset: State, tmp_path: Path) -> None:
    short = train_run(read_config({**preset, "total_env_steps": 512}), tmp_path / "x")
    assert short.finished
    assert [path.name for path in Checkpoints(tmp_path / "x" / "checkpoints").folders] == ["000000000512"]
    again = build_run(read_config({**preset, "total_env_steps": 512}), tmp_path / "x", resume=True)
    assert again.finished
    assert loop.train(again, Monitor(again)).env_steps == 512
    longer = train_run(read_config({**preset, "total_env_steps": 600}), tmp_path / "x", resume=True)
    assert longer.env_steps == 768
    assert [row["env_steps"] for row in logged(tmp_path / "x")] == [512, 512, 768, 768]


def test_the_seed_alone_decides(run: Path, preset: State, tmp_path: Path) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    train_run(read_config(preset), tmp_path / "same")
    assert torch.equal(torch.get_rng_state(), before)
    assert_equal_bit_for_bit(tmp_path / "same", run)


def test_the_configuration_of_a_run_is_complete(run: Path, preset: State) -> None:
    config = load_config(run / "config.yaml")
    assert config == read_config(preset)
    assert set(config.model_dump()) == set(RunConfig.model_fields)


class Broken:
    """An environment whose step is spoilt at some time."""

    def __init__(self, environment: Any, spoil: Callable[[Step], None], after: int) -> None:
        self.environment, self.spoil, self.left = environment, spoil, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self.environment, name)

    def step(self, action: dict[str, torch.Tensor]) -> Step:
        step = self.environment.step(action)
        self.left -= 1
        if self.left == 0:
            self.spoil(step)
        return step  # type: ignore[no-any-return]


def spoil_features(step: Step) -> None:
    step.observation.features["B"][3, 0, 1] = torch.nan


def spoil_reward(step: Step) -> None:
    step.reward[0, 0] = torch.inf


@pytest.mark.parametrize(("spoil", "quantity"), [(spoil_features, "observation of class B"), (spoil_reward, "reward")])
@pytest.mark.parametrize("continuous", [False, True])
def test_what_is_not_finite_stops_training_and_names_all(
    continuous: bool, spoil: Callable[[Step], None], quantity: str, preset: State, tmp_path: Path
) -> None:
    preset["env"]["continuous_actions"] = continuous
    spoilt = build_run(read_config(preset), tmp_path / "x")
    spoilt.source.environment = Broken(spoilt.source.environment, spoil, after=2 * 8 + 5)  # type: ignore[attr-defined]
    with pytest.raises(TrainingError) as caught:
        loop.train(spoilt, Monitor(spoilt))
    good = tmp_path / "x" / "checkpoints" / "000000000512"
    assert str(caught.value) == f"at env step 512, {quantity} is not finite; the last good checkpoint is {good}"
    assert load_state(good, "state")["env_steps"] == 512


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_tables_do_not_learn_from_a_last_observation_that_is_not_finite(
    algorithm: str, preset: State, tmp_path: Path
) -> None:
    """Episodes end after 12 steps; only then is the successor not what is acted on next."""
    preset["env"] |= {"classes": {"A": ["target"]}, "team": {"A": 2}, "communication": None}
    width = marl.make(preset["env"]).roster.classes[0].feature_size
    preset |= {"policy": {"kind": "table", "bins": [[0.0]] * width}, "algorithm": {"name": algorithm}}

    def spoil(step: Step) -> None:
        step.next_observation.features["A"][3, 0, 1] = torch.nan

    spoilt = build_run(read_config(preset), tmp_path / "x")
    spoilt.source.environment = Broken(spoilt.source.environment, spoil, after=12)  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match="at env step 256, next observation of class A is not finite"):
        loop.train(spoilt, Monitor(spoilt))


def test_a_loss_that_is_not_finite_stops_training(preset: State, tmp_path: Path) -> None:
    preset["algorithm"]["learning_rate"] = 1e38
    with pytest.raises(TrainingError, match=r"at env step \d+, .* is not finite; no checkpoint was written yet"):
        train_run(read_config(preset), tmp_path / "x")


def test_a_signal_saves_and_says_how_to_go_on(
    preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under ``nohup`` it ignores SIGHUP, which would have come first."""
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT), prepend=os.pathsep)
    command = [sys.executable, "-m", "marl", "train", str(preset_file), "--out", "x", "--total-env-steps", "10000000"]
    process = subprocess.Popen(["nohup", *command], cwd=tmp_path, stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]  # the third tells of the first iteration
    process.send_signal(signal.SIGHUP)
    time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 143, lines
    assert "stopped and saved at" in rest
    assert "marl train --resume x" in rest
    assert Checkpoints(tmp_path / "x" / "checkpoints").latest is not None
    assert marl.load(tmp_path / "x") is not None


def test_a_callback_may_stop_a_training(preset: State, tmp_path: Path) -> None:
    result = train_run(
        read_config(preset), tmp_path / "x", callbacks=[EachIteration(lambda progress: progress.env_steps < 512)]
    )
    assert (result.env_steps, result.finished, result.stopped_by) == (512, False, None)
    assert [path.name for path in Checkpoints(tmp_path / "x" / "checkpoints").folders] == ["000000000512"]


def test_a_second_ctrl_c_interrupts_at_once(preset: State, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def watch(progress: Progress) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        time.sleep(1)

    with pytest.raises(KeyboardInterrupt):
        train_run(read_config(preset), tmp_path / "x", callbacks=[EachIteration(watch)])
    assert signal.getsignal(signal.SIGINT) is before


def test_scores_go_on_where_the_checkpoint_was(run: Path, preset: State, tmp_path: Path) -> None:
    config = read_config(preset)
    train_run(config, tmp_path / "x", callbacks=stop_after(3))
    with (tmp_path / "x" / "scores.csv").open("a") as file:
        file.write("65,1,,0,0,0,0\n")  # after the last checkpoint, before a crash
    train_run(config, tmp_path / "x", resume=True)
    assert (tmp_path / "x" / "scores.csv").read_text() == (run / "scores.csv").read_text()
    assert len((run / "scores.csv").read_text().splitlines()) == 1 + 3 * 32
