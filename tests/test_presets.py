"""The presets in ``experiments/``."""

from __future__ import annotations

from pathlib import Path

import pytest

from marl.training.run_config import complete_values, load_config, load_values, read_config, save_config, task_of

PRESETS = sorted((Path(__file__).parents[1] / "experiments/presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_comes_back_from_its_saved_form(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml") == config


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_settings_are_completed_as_the_validator_would(path: Path) -> None:
    values = load_values(path)
    complete = complete_values(values, task_of(values))
    config = load_config(path)
    assert read_config(complete) == config
    assert complete.keys() == config.model_dump().keys()
    for name, part in config.model_dump(mode="json").items():
        if isinstance(part, dict):
            assert complete[name].keys() == part.keys()
