from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from each_iteration import Crash, EachIteration

import marl
from marl.core.errors import FileError
from marl.training.best_policy import BestPolicy
from marl.training.callbacks import Callback
from marl.training.run_config import read_config
from marl.training.train import train_run

State = dict[str, Any]
FILE = "best_policy/policy.safetensors"


def test_the_best_is_kept_and_of_equals_the_later(tmp_path: Path) -> None:
    best = BestPolicy(tmp_path)
    assert best.state() == {}
    seen = [best.see(score, lambda content=content: content) for score, content in ((2, b"a"), (1, b"b"), (2, b"c"))]
    assert seen == [True, False, True]
    assert not best.see(None, lambda: b"d") and not best.see(float("nan"), lambda: b"e")
    assert (tmp_path / FILE).read_bytes() == b"c"
    other = BestPolicy(tmp_path)
    other.load(best.state())
    (tmp_path / FILE).write_bytes(b"later")
    other.restore()
    assert (tmp_path / FILE).read_bytes() == b"c"
    assert not other.see(1.5, lambda: b"f")


def test_a_run_that_goes_on_from_before_the_first_evaluation_has_no_best_policy_yet(tmp_path: Path) -> None:
    later = BestPolicy(tmp_path)
    later.see(1.0, lambda: b"later")
    BestPolicy(tmp_path).restore()
    assert not (tmp_path / FILE).exists()


def scored(*scores: float) -> Any:
    """Scores of evaluations in place of those measured."""
    left = [*scores]
    return lambda evaluation, measures: left.pop(0)


@pytest.fixture
def three(preset: State) -> State:
    """Evaluations after 256, 512 and 768 env steps, checkpoints after 512 and 768 only."""
    return {**preset, "total_env_steps": 768, "evaluation_interval": 256, "evaluation_episodes": 1}


EVALUATION = "marl.training.evaluation.EpisodeEvaluation.score"


def test_a_run_has_its_best_policy_again_after_a_crash_and_it_plays(
    three: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after the evaluation at 768, which was the best then; what is played again is not."""
    config = read_config(three)
    monkeypatch.setattr(EVALUATION, scored(1.0, 5.0, 3.0))
    train_run(config, tmp_path / "whole")
    weights: dict[int, Any] = {}

    class Weights(Callback):
        def on_evaluation(self, env_steps: int, metrics: object) -> None:
            weights[env_steps] = (tmp_path / "x" / FILE).read_bytes()

    def die(progress: Any) -> None:
        if progress.env_steps == 768:
            raise Crash

    monkeypatch.setattr(EVALUATION, scored(1.0, 5.0, 9.0))
    with pytest.raises(Crash):
        train_run(config, tmp_path / "x", callbacks=[Weights(), EachIteration(die)])
    assert len(set(weights.values())) == 3
    shutil.rmtree(tmp_path / "x" / "checkpoints" / "000000000768")  # as if it had died before
    monkeypatch.setattr(EVALUATION, scored(3.0))
    train_run(config, tmp_path / "x", resume=True)
    assert (tmp_path / "x" / FILE).read_bytes() == weights[512] == (tmp_path / "whole" / FILE).read_bytes()
    best, last = marl.load(tmp_path / "x" / "best_policy"), marl.load(tmp_path / "x")
    assert not all(map(torch.equal, best.state_dict().values(), last.state_dict().values()))
    assert marl.evaluate(tmp_path / "x" / "best_policy", episodes=2)["episodes"] == 2


def test_what_lies_in_its_place_is_refused_before_training_goes_on(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "x")
    shutil.rmtree(tmp_path / "x" / "best_policy")
    (tmp_path / "x" / "best_policy").touch()
    with pytest.raises(FileError, match="best_policy is no folder; move it, so that the policy can be written there"):
        marl.train(None, tmp_path / "x", resume=True)
