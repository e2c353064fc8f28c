from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marl.cli.main import main
from marl.training import loop
from marl.training.progress import TrainingResult
from marl.training.run import Run
from marl.training.run_config import RunConfig

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The configurations of runs that were built, the latest last."""
    configs: list[Any] = []
    validate = RunConfig.model_validate.__func__  # type: ignore[attr-defined]

    def kept(cls: Any, *values: Any, **options: Any) -> Any:
        configs.append(validate(cls, *values, **options))
        return configs[-1]

    monkeypatch.setattr(RunConfig, "model_validate", classmethod(kept))
    return configs


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The configurations that reached the loop."""
    configs: list[Any] = []
    train = loop.train

    def kept(run: Run, *rest: Any) -> TrainingResult:
        configs.append(run.config)
        return train(run, *rest)

    monkeypatch.setattr(loop, "train", kept)
    return configs


def test_from_the_command_to_the_loop_one_configuration_is_built(
    built: list[Any], trained: list[Any], preset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marl.training.board.preset_files", dict)  # TensorBoard's texts compare with presets
    options = "--total-env-steps 256 --team A=1,B=1 --env.continuous-actions --algorithm.name a2c"
    assert main(["train", str(preset_file), "--out", str(tmp_path / "x"), *options.split()]) == 0
    assert len(built) == 1 and trained[0] is built[0]
    assert main(["train", "--resume", str(tmp_path / "x"), "--total-env-steps", "512"]) == 0
    assert len(built) == 2 and trained[1] is built[1]


@pytest.mark.parametrize(
    ("flags", "continuous", "normalises"),
    [
        ("--env.continuous-actions --policy.no-normalise-value", True, False),
        ("--env.no-continuous-actions --policy.normalise_value", False, True),
        ("--env.continuous-actions False", False, True),
    ],
)
def test_flags_without_a_value_switch_fields_on_and_off(
    flags: str, continuous: bool, normalises: bool, preset_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs: list[Any] = []
    monkeypatch.setattr("marl.cli.one_run.train_run", lambda config, *rest: configs.append(config) or 0)
    assert main(["train", str(preset_file), "--out", "x", *flags.split()]) == 0
    (config,) = configs
    assert (config.env.continuous_actions, config.policy.normalise_value) == (continuous, normalises)


def test_a_rate_is_shown_as_it_is_a_number_or_a_decay(preset_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for rate, shown in (
        ("0.5", "--algorithm.learning-rate FLOAT"),
        ("{kind: linear}", "--algorithm.learning-rate.end"),
    ):
        line = ["train", str(preset_file), "--algorithm.name", "sarsa", "--algorithm.learning-rate", rate, "--help"]
        assert main(line) == 0
        out, err = capsys.readouterr()
        assert shown in out
        assert "target: a number, or" in out
        assert "positional arguments" not in out
        assert err == ""


def test_an_option_near_a_field_is_answered_with_the_field(
    preset_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for wrong, near in (("gama", "gamma"), ("lr", "learning-rate")):
        assert main(["train", str(preset_file), "--out", "x", f"--algorithm.{wrong}", "0.5"]) == 2
        told = f"no option --algorithm.{wrong}; did you mean --algorithm.{near}? marl train {preset_file} --help lists"
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--team A=2,Z=1", "team names class 'Z', which is not declared; declared are A, B"),
        ("--team A=0,B=0", "team {'A': 0, 'B': 0} has no predators; give at least one"),
        ("--team nonsense", "env.team: team 'nonsense': 'nonsense' is not NAME=COUNT; write for example A=2,B=2"),
        ("--prey nonsense", "prey is 'nonsense'; what there is: random, still, flee"),
        ("--env.classes {A:[", "is not YAML; write for example"),
        ("--env.classes.A []", "class 'A' sees nothing; give it at least one of landmarks, prey"),
        ("--env.communication.range -1", "env.communication.range is '-1': input should be greater than or equal to 0"),
        ("--policy.encoder.transformer.window 0", "policy.encoder.transformer.window is '0': input should be greater"),
        ("--policy.encoder.transformer.heads 3", "policy: 3 attention heads do not divide the token width 16"),
        ("--env.name chess", "env.name is 'chess', which no installed package offers; there is: "),
        ("--algorithm.name muzero", "algorithm.name is 'muzero'; there is ppo, a2c, reinforce"),
        ("--num-copies many", "num_copies is 'many': input should be a valid integer"),
        ("--device tpu", "device is 'tpu'; write cpu, cuda, cuda:N or auto"),
        ("--env.bogus 3", "there is no option --env.bogus; marl train "),
        ("--bogus", "there is no option --bogus; marl train "),
        ("--seed", "Missing value for argument '--seed'"),
        ("--seeds -0.5", "--seeds is '-0.5'; give how many, e.g. 3, or a list, e.g. 1,4,7"),
        ("--resume y", "a run has its own settings"),
    ],
)
def test_bad_options_of_train_are_refused_before_any_work(
    line: str, message: str, cli: Cli, preset_file: Path, tmp_path: Path
) -> None:
    status, out, err = cli("train", preset_file, "--out", tmp_path / "x", *line.split())
    assert status == 2
    assert message in " ".join(err.split())
    assert "training" not in out
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "name a preset first"),
        ("nowhere.yaml --out x", "preset nowhere.yaml does not exist"),
        ("{preset}", "name the folder of the run: --out runs/NAME"),
        ("{preset} --out {run}", "exists and is not empty; name another with --out"),
        ("--resume nowhere", "nowhere is not a run (there is no such folder)"),
        ("--resume {run} --policy.graph.kind none", "policy.graph.kind is 'none', but the run was trained with 'gat'"),
        ("--resume {run} --out x", "(not both)"),
    ],
)
def test_bad_places_of_train_are_refused(line: str, message: str, cli: Cli, preset_file: Path, run: Path) -> None:
    status, _, err = cli("train", *line.format(preset=preset_file, run=run).split())
    assert status == 2
    assert message in err


@pytest.mark.parametrize(("size", "epochs"), [(36, 3), (35, 10)])
def test_what_is_left_out_suits_the_environment_as_it_is_typed(size: int, epochs: int, cli: Cli) -> None:
    status, out, _ = cli("train", "habits:Colour-v0", "--env.arguments.size", size, "--print-config")
    assert status == 0 and f"epochs: {epochs}\n" in out
