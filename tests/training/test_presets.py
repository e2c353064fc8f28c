"""What one word stands for where a preset is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from marl.core.errors import ConfigError
from marl.training import presets
from marl.training.presets import settings_of


def test_a_file_a_preset_an_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written: dict[str, Any] = {"env": {"name": "CartPole-v1"}, "seed": 3}
    for name in ("own.yaml", "own.yml", "cartpole_dqn.yaml"):
        Path(name).write_text(yaml.safe_dump(written), encoding="utf-8")
        assert settings_of(name) == written
    assert settings_of("cartpole_dqn")["algorithm"]["name"] == "dqn"  # the file beside it is not meant
    for name in ("Acrobot-v1", "simple_tag", "some_module:Maze-v0"):
        assert settings_of(name) == {"env": {"name": name}}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cartpole_dqm", "no preset, no environment and no .yaml file; did you mean cartpole_dqn or"),
        ("Cartpole-V1", "did you mean CartPole-v1 or"),
        ("xyzzyx", r"no \.yaml file; marl list shows"),
        ("nothing.yaml", "nothing.yaml does not exist or is not a file; marl list presets"),
        ("conect_four", "did you mean connect_four?"),
        ("a_run", "a_run is the folder of a run; go on with it: resume=True, or train anew: a_run/config.yaml"),
    ],
)
def test_other_words_are_answered_with_what_is_near(
    word: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_run").mkdir()
    Path("a_run/config.yaml").write_text("env: {name: CartPole-v1}", encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        settings_of(word)


@pytest.mark.parametrize("name", ["Acrobot-v1", "connect_four"])
def test_a_word_of_two_meanings_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "preset_files", lambda: {name: Path("folder", f"{name}.yaml")})
    with pytest.raises(
        ConfigError, match=f"'{name}' is a preset and an environment; write folder/{name}.yaml, or env__name="
    ):
        settings_of(name)
