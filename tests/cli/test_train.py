from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from marl.cli.main import main
from marl.training import loop
from marl.training.progress import TrainingResult
from marl.training.run import Run
from marl.training.run_config import RunConfig


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
    built: list[Any], trained: list[Any], preset_file: Path, tmp_path: Path
) -> None:
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


def test_an_option_near_a_field_is_answered_with_the_field(
    preset_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(preset_file), "--out", "x", "--algorithm.gama", "0.5"]) == 2
    assert "--algorithm.gamma" in capsys.readouterr().err
