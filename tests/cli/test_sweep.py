from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_here import Here

Cli = Callable[..., tuple[int, str, str]]
SPACE = "algorithm.learning_rate: {low: 1.0e-4, high: 1.0e-2, log: true}\npolicy.encoder.hidden: [[8], [8, 8]]\n"
SHORT = "--total-env-steps 64 --num-copies 2 --rollout-length 8 --evaluation-interval 16 --evaluation-episodes 2"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)
    monkeypatch.setattr("marl.launch.sweep.sweep.SECONDS_BETWEEN_READINGS", 0.0)
    monkeypatch.setattr("marl.launch.sweep.sweep.FRESH", 1)
    monkeypatch.setattr("marl.training.evaluation.EpisodeEvaluation.draw", lambda *arguments: None)
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Here)
    (tmp_path / "space.yaml").write_text(SPACE)


def line(out: str, *more: str, trials: int = 2) -> list[str]:
    words = f"sweep cartpole_ppo --space space.yaml --trials {trials} --seeds 1 --jobs 1 --out {out} {SHORT}"
    return [*words.split(), *more]


class KilledError(Exception):
    pass


def test_a_sweep_from_its_space_to_its_table_and_killed_it_goes_on(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("optuna")

    class Killed(Here):
        began = 0

        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            Killed.began += 1
            if Killed.began == 2:
                raise KilledError

    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Killed)
    with pytest.raises(KilledError):
        cli(*line("s"))
    suggested = Path("s/trial-1/seed-1/config.yaml").read_bytes()
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Here)
    status, printed, _ = cli(*line("s"))
    assert status == 0 and "1 trials are there" in printed
    assert Path("s/trial-1/seed-1/config.yaml").read_bytes() == suggested
    for folder in ("trial-0/seed-1", "trial-1/seed-1", "check/preset/seed-2", "check/trial-1/seed-2"):
        assert Path("s", folder, "policy").is_dir()
    rows = {row["name"]: row for row in json.loads(Path("s/sweep_report.json").read_text())["rows"]}
    assert set(rows) == {"preset", "trial-0", "trial-1"}
    values = rows["trial-1"]["trial"]["values"]
    assert f"trial-1: algorithm.learning_rate {values['algorithm.learning_rate']:.4g}, policy.encoder.hidden" in printed
    assert f"learning_rate: {values['algorithm.learning_rate']!r}" in suggested.decode()
    status, _, err = cli(*line("s", "--algorithm.gamma", "0.5"))
    assert status == 2 and "preset.algorithm.gamma is 0.5, but the sweep in s has 0.999" in err
    status, _, err = cli(*line("s", "--metric", "evaluation/return_per_agent"))
    assert status == 2 and "--metric is 'evaluation/return_per_agent', but the trials in s have" in err


def test_a_metric_that_is_not_logged_is_refused_after_the_first_evaluation(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    Endless.killed = []
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", Endless)
    status, _, err = cli(*line("s", "--metric", "evaluation/return/al"))
    assert status == 2 and "which s/trial-0/seed-1 does not log; did you mean evaluation/return/all" in err
    assert Endless.killed == ["seed-1"]


class Endless(Here):
    """It has evaluated four times, and goes on until it is killed."""

    killed: list[str]

    def __init__(self, command: Any, job: dict[str, Any], log: Path, lock: int) -> None:
        self.folder = Path(job["folder"])
        self.folder.mkdir(parents=True)
        rows = [{"env_steps": 12 * i, "evaluation/return/all": float(i)} for i in range(1, 5)]
        (self.folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    @property
    def status(self) -> int | None:  # type: ignore[override]
        return None

    def kill(self) -> None:
        self.killed.append(self.folder.name)


class Failing(Endless):
    status = 1  # type: ignore[assignment]

    def printed(self) -> list[str]:
        return ["error: it diverged"]


@pytest.mark.parametrize(("process", "ended", "killed"), [(Endless, "pruned", ["seed-1"]), (Failing, "failed", [])])
def test_trials_that_are_pruned_or_fail_are_told(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, process: type[Endless], ended: str, killed: list[str]
) -> None:
    pytest.importorskip("optuna")
    Endless.killed = []
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", process)
    monkeypatch.setattr("marl.launch.sweep.study.Study.report", lambda self, step, value: ended == "pruned")
    status, out, _ = cli(*line("s", trials=1))
    assert status == 1
    assert f"trial-0 {ended}\n" in out
    assert ("error: it diverged" in out) == (ended == "failed")
    assert "no trial was trained to its end" in out
    assert "go on with: " in out and "sweep cartpole_ppo --space space.yaml" in out
    assert Endless.killed == killed


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--metric return/all", "--metric is 'return/all'; name one of the evaluations, e.g. evaluation/return/all"),
        ("--trials 0", "--trials is 0; give at least 1"),
        ("--jobs 0", "--jobs is 0; give at least 1"),
        ("--seeds none", "--seeds is 'none'; give how many"),
        ("--report", "--report is an option of marl train; leave it out"),
        ("--algorithm.gama 0.9", "there is no option --algorithm.gama; did you mean --algorithm.gamma"),
        ("--space missing.yaml", "missing.yaml does not exist"),
    ],
)
def test_bad_input_is_refused_before_anything_is_made(cli: Cli, more: str, message: str) -> None:
    pytest.importorskip("optuna")
    status, _, err = cli(*line("s", *more.split()))
    assert (status, Path("s").exists()) == (2, False)
    assert message in err


def test_a_space_of_something_else_is_refused(cli: Cli) -> None:
    pytest.importorskip("optuna")
    Path("space.yaml").write_text("algorithm.learning_rat: [0.1, 0.2]\n")
    status, _, err = cli(*line("s"))
    assert status == 2
    assert "space.yaml" in err and "did you mean algorithm.learning_rate" in err


def test_without_optuna_the_extra_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    status, _, err = cli(*line("s"))
    assert status == 2
    assert "pip install 'marl-teams[sweep]'" in err
