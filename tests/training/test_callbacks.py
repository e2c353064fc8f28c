from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stored_runs import assert_equal_bit_for_bit, last_state, logged

import marl
from marl.core.errors import ConfigError, TrainingError
from marl.training.callbacks import Callback, Callbacks
from marl.training.progress import Progress, TrainingResult
from marl.training.run import Run
from marl.training.run_config import read_config
from marl.training.train import train, train_run

State = dict[str, Any]


class Spy(Callback):
    """Keep what is told; answer, or raise, where a method is named."""

    def __init__(self, **answers: Any) -> None:
        self.told: list[tuple[str, Any]] = []
        self.answers = answers

    def _take(self, name: str, told: Any) -> Any:
        self.told.append((name, told))
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def on_start(self, run: Run) -> bool | None:
        np.random.default_rng().random()
        return self._take("start", run.env_steps)

    def on_iteration(self, progress: Progress) -> bool | None:
        return self._take("iteration", progress.env_steps)

    def on_metrics(self, env_steps: int, metrics: Mapping[str, float]) -> bool | None:
        return self._take("metrics", (env_steps, dict(metrics)))

    def on_evaluating(self, ended: int, episodes: int, env_steps: int) -> bool | None:
        return self._take("evaluating", (ended, episodes))

    def on_evaluation(self, env_steps: int, metrics: Mapping[str, float]) -> bool | None:
        return self._take("evaluation", (env_steps, dict(metrics)))

    def on_end(self, result: TrainingResult) -> bool | None:
        return self._take("end", (result.env_steps, result.finished))

    def close(self) -> None:
        self._take("close", None)

    def of(self, name: str) -> list[Any]:
        return [told for each, told in self.told if each == name]


def names(spy: Spy) -> Iterator[str]:
    """Names of the calls, one for each row of the same."""
    for number, (name, _) in enumerate(spy.told):
        if number == 0 or spy.told[number - 1][0] != name:
            yield name


def test_a_callback_is_told_what_the_log_has_and_changes_nothing(run: Path, preset: State, tmp_path: Path) -> None:
    spy = Spy()
    result = train(preset, tmp_path / "x", callbacks=[spy])
    assert result.finished
    assert_equal_bit_for_bit(tmp_path / "x", run)
    rows = logged(tmp_path / "x")
    told = [(env_steps, metrics) for name in ("metrics", "evaluation") for env_steps, metrics in spy.of(name)]
    timeless = [
        {"env_steps": at, **{name: value for name, value in row.items() if not name.startswith("time/")}}
        for at, row in sorted(told, key=lambda each: each[0])
    ]
    assert timeless == rows
    assert spy.of("iteration") == [256, 512, 768, 1024, 1280]
    assert spy.of("evaluating")[-1] == (4, 4)
    assert (spy.of("start"), spy.of("end"), spy.of("close")) == ([0], [(1280, True)], [None])
    assert [*names(spy)][:3] == ["start", "iteration", "metrics"]
    assert [*names(spy)][-4:] == ["evaluation", "iteration", "end", "close"]


@pytest.mark.parametrize(("name", "env_steps"), [("start", 0), ("iteration", 256), ("metrics", 512)])
def test_false_from_any_method_stops_and_saves(name: str, env_steps: int, preset: State, tmp_path: Path) -> None:
    spy = Spy(**{name: np.False_ if name == "metrics" else False})  # as a comparison of arrays gives it
    result = train(preset, tmp_path / "x", callbacks=[spy])
    assert (result.env_steps, result.finished, result.stopped_by) == (env_steps, False, None)
    assert spy.of("end") == [(env_steps, False)]
    assert last_state(tmp_path / "x")[".env_steps"] == env_steps


def test_a_run_that_a_callback_stopped_in_an_evaluation_goes_on_bit_for_bit(
    run: Path, preset: State, tmp_path: Path
) -> None:
    result = train(preset, tmp_path / "x", callbacks=[Spy(evaluating=False)])
    assert (result.env_steps, result.finished) == (1024, False)
    spy = Spy()
    assert train(None, tmp_path / "x", resume=True, callbacks=[spy]).finished
    assert [env_steps for env_steps, _ in spy.of("evaluation")] == [1024, 1280]
    assert_equal_bit_for_bit(tmp_path / "x", run)
    assert logged(tmp_path / "x") == logged(run)


def test_other_answers_go_on(preset: State, tmp_path: Path) -> None:
    spies = [Spy(iteration=answer) for answer in (None, 0, "", True, np.True_)]
    assert train({**preset, "total_env_steps": 512, "evaluation_episodes": 1}, tmp_path / "x", callbacks=spies).finished


@pytest.mark.parametrize(("name", "env_steps"), [("start", 0), ("metrics", 512), ("end", 512)])
def test_the_words_of_a_callback_that_raises_reach_the_user_once_the_run_is_saved(
    name: str, env_steps: int, preset: State, tmp_path: Path
) -> None:
    preset |= {"total_env_steps": 512, "evaluation_episodes": 1}
    spy, other = Spy(**{name: ValueError("the disk of the bench is gone")}), Spy()
    with pytest.raises(TrainingError) as caught:
        train(preset, tmp_path / "x", callbacks=[spy, other])
    assert str(caught.value) == (
        "the callback Spy failed: ValueError: the disk of the bench is gone; "
        f"the run is saved at env step {env_steps:,} in {tmp_path / 'x'}"
    )
    assert isinstance(caught.value.__cause__, ValueError)
    assert other.of("end") == [(env_steps, name == "end")]
    assert spy.of("close") == other.of("close") == [None]
    assert last_state(tmp_path / "x")[".env_steps"] == env_steps


def test_callbacks_are_closed_where_training_fails(preset: State, tmp_path: Path) -> None:
    preset["algorithm"]["learning_rate"] = 1e38
    spy = Spy()
    with pytest.raises(TrainingError, match="is not finite"):
        train_run(read_config(preset), tmp_path / "x", callbacks=[spy])
    assert (spy.of("end"), spy.of("close")) == ([], [None])


@pytest.mark.parametrize(
    ("callbacks", "message"),
    [
        ([Spy(), Spy], r"callbacks\[1\] is <class .*Spy'>; give an object whose class is a marl.Callback"),
        ([print], r"callbacks\[0\] is <built-in function print>; give an object"),
        (Spy(), r"callbacks is <.*Spy object.*>; give a list"),
    ],
)
def test_what_is_no_callback_is_refused(callbacks: Any, message: str, preset: State, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        train(preset, tmp_path / "x", callbacks=callbacks)
    with pytest.raises(ConfigError, match=message):
        Callbacks(callbacks)
    assert not (tmp_path / "x").exists()


TABLE = {"env": {"name": "Taxi-v4"}, "policy": {"kind": "table"}, "algorithm": {"name": "q_learning"}}
NETWORK = {
    "env": {"name": "CartPole-v1"},
    "policy": {"kind": "q_network"},
    "algorithm": {"name": "dqn", "learning_starts": 16, "batch_size": 8},
}
GAME = {
    "env": {"name": "tic_tac_toe"},
    "policy": {"kind": "game", "trunk": {"kind": "mlp", "hidden": [8]}},
    "algorithm": {"name": "alpha_zero", "search": {"kind": "gumbel", "simulations": 2}, "arena": None},
}


@pytest.mark.parametrize("learner", [TABLE, NETWORK, GAME], ids=["table", "dqn", "self-play"])
def test_every_learner_tells_and_stops(learner: State, tmp_path: Path) -> None:
    intervals = {"log_interval": 32, "evaluation_interval": 32, "evaluation_episodes": 2, "evaluation_max_steps": 5}
    values = {**learner, **intervals, "num_copies": 4, "rollout_length": 8, "total_env_steps": 128}
    spy = Spy(evaluation=False)
    result = marl.train(values, tmp_path / "x", callbacks=[spy])
    assert (result.env_steps, result.finished) == (32, False)
    assert [len(spy.of(name)) for name in ("start", "metrics", "evaluation", "end")] == [1, 1, 1, 1]


def test_progress_is_printed_from_python_as_by_the_command(
    preset: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    preset |= {"total_env_steps": 512, "evaluation_episodes": 1}
    train(preset, tmp_path / "x", callbacks=[Spy(iteration=False)])
    assert capsys.readouterr().out == ""
    train(preset, tmp_path / "y", progress=True, callbacks=[Spy(iteration=False)])
    out = capsys.readouterr().out
    assert out.startswith("training with ppo from env step 0 to 512 on cpu, ")
    assert f"train --resume {tmp_path / 'y'}" in out
    train(None, tmp_path / "y", resume=True, progress=True)
    assert f"trained policy: {tmp_path / 'y' / 'policy'}\n" in capsys.readouterr().out
