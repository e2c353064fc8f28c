"""Settings that one word stands for: those of a file, of a preset by name, or of an environment."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from marl.core.entry_points import MissingModuleError, offered
from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.wording import argument
from marl.games.registry import game_names
from marl.tasks.registry import GROUP as TASKS
from marl.tasks.registry import UnknownTaskError, environment_names, find_task
from marl.training.preset_files import preset_files
from marl.training.run_config import load_values

__all__ = ["settings_of"]

ENDINGS = (".yaml", ".yml")


def settings_of(word: str) -> dict[str, Any]:
    """Settings of a run that a word stands for, as they are written.

    A path that ends in .yaml is a file, another word a preset that comes with the package, or else an environment,
    whose own settings suit it.

    Raises:
        ConfigError: if it is none of them, or more than one; if a file cannot be read.
    """
    presets = preset_files()
    if word.endswith(ENDINGS):
        return load_values(Path(word))
    if word in presets:
        if _is_environment(word):
            either = f"{presets[word]}, or {argument('env.name', word, repr(word))}"
            raise ConfigError(f"{word!r} is a preset and an environment; write {either}")
        return load_values(presets[word])
    if _is_environment(word):
        return {"env": {"name": word}}
    raise ConfigError(_unknown(word, presets))


def _is_environment(word: str) -> bool:
    with suppress(UnknownTaskError):
        with suppress(MissingModuleError):
            find_task(word)
        return True
    return False


def _unknown(word: str, presets: dict[str, Path]) -> str:
    if Path(word, "config.yaml").is_file():
        again = argument("resume", word, "True")
        return f"{word} is the folder of a run; go on with it: {again}, or train anew: {word}/config.yaml"
    near = did_you_mean(word, (*presets, *offered(TASKS), *game_names(), *environment_names()))
    return f"{word!r} is no preset, no environment and no .yaml file; {near}marl list shows what there is"
