from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from marl.core.errors import ConfigError
from marl.tasks.registry import UnknownTaskError
from marl.training.train import train

State = dict[str, Any]


def test_training_from_a_file_with_overrides(preset_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "x"
    result = train(preset_file, folder, seed=3, total_env_steps=512, env__team="A=1,B=2", algorithm__gamma=0.9)
    assert result.finished
    assert result.env_steps == 512
    assert result.folder == folder
    assert result.policy.roster.team == {"A": 1, "B": 2}
    text = (folder / "config.yaml").read_text()
    assert "gamma: 0.9\n" in text
    assert "seed: 3\n" in text


def test_overrides_from_python_are_those_of_the_command_line(preset: State, tmp_path: Path) -> None:
    del preset["algorithm"]  # what the preset leaves out is overridden too
    result = train(preset, tmp_path / "x", team="A=1,B=1", algorithm__name="a2c", total_env_steps=256)
    assert result.finished
    config = yaml.safe_load((tmp_path / "x" / "config.yaml").read_text())
    assert (config["env"]["team"], config["algorithm"]["name"]) == ({"A": 1, "B": 1}, "a2c")
    longer = train(None, tmp_path / "x", resume=True, total_env_steps=512)
    assert longer.env_steps == 512
    with pytest.raises(ConfigError, match="nothing to train; give a preset, or resume=True"):
        train(None, tmp_path / "y")


def test_a_mapping_from_python_is_laid_over_the_presets_part(preset: State, tmp_path: Path) -> None:
    """What it leaves out is as in the preset, also of the environment, whose fields only its task knows."""
    preset["algorithm"] = {"name": "a2c", "gamma": 0.9}
    few: State = {"total_env_steps": 256, "evaluation_episodes": 1}
    train(preset, tmp_path / "x", algorithm={"gae_lambda": 0.8}, env={"max_cycles": 7}, **few)
    config = yaml.safe_load((tmp_path / "x" / "config.yaml").read_text())
    algorithm, env = config["algorithm"], config["env"]
    assert (algorithm["name"], algorithm["gamma"], algorithm["gae_lambda"]) == ("a2c", 0.9, 0.8)
    assert (env["name"], env["max_cycles"]) == (preset["env"]["name"], 7)
    assert (env["communication"]["link_loss"], env["slow_episodes"]) == (0.2, 40)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("algorithm__learning_rate", -1),
        ("algorithm__learning_rate", (0.001, -0.1)),
        ("algorithm__clip_range", -3),
        ("algorithm__entropy_coef", float("nan")),
        ("policy__critic__entity_hidden", ()),
        ("policy__actor__hidden", (0,)),
    ],
)
def test_values_that_training_cannot_use_are_refused(preset: State, tmp_path: Path, field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field.replace("__", ".")):
        train(preset, tmp_path / "x", **{field: value})
    assert not (tmp_path / "x").exists()


def test_another_task_is_looked_up_anew(preset: State, tmp_path: Path) -> None:
    """The preset's own task would take any name."""
    with pytest.raises(UnknownTaskError, match=r"env\.name is 'chess'"):
        train(preset, tmp_path / "x", env__name="chess")
    with pytest.raises(UnknownTaskError, match=r"env\.name is 'chess'"):
        train(preset, tmp_path / "x", env={"name": "chess"})
