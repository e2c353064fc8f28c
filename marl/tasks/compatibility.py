"""Checks of an environment against that in which a policy was trained: its settings, and its classes of agents."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.roster import AgentClass, Roster
from marl.core.task import Task

__all__ = ["check_class", "check_settings"]


def check_settings(
    trained: Mapping[str, Any], task: Task, config: Config, classes: Collection[str] | None = None
) -> None:
    """Raise an error for settings under which a policy's features would change their meaning.

    Args:
        trained: settings of the environment in which it was trained.
        task: kind of the environment in which it is to play.
        config: its settings.
        classes: those that it plays there, for which alone settings by class count; None for all.

    Raises:
        ConfigError: naming the setting and both values.
    """
    here = config.model_dump(mode="json")
    for setting in (name for name in here if name in trained):
        mine, theirs = (_of_classes(part[setting], classes or ()) for part in (here, trained))
        for name, value, other in _differing(setting, mine, theirs, task.changeable):
            raise ConfigError(f"{name} is {value!r}, but the policy was trained with {other!r}")


def _of_classes(value: Any, classes: Collection[str]) -> Any:
    """A setting by class for some classes; any other as it is."""
    if not classes or not isinstance(value, Mapping) or not value.keys() >= set(classes):
        return value
    return {name: value[name] for name in classes}


def _differing(name: str, here: Any, trained: Any, changeable: Collection[str]) -> Iterator[tuple[str, Any, Any]]:
    """Settings that differ and may not, those within mappings by dotted names."""
    if name in changeable or here == trained:
        return
    if not isinstance(here, Mapping) or not isinstance(trained, Mapping) or here.keys() != trained.keys():
        yield name, here, trained
        return
    for key in here:
        yield from _differing(f"{name}.{key}", here[key], trained[key], changeable)


def check_class(here: AgentClass, trained: Roster) -> None:
    """Raise an error for a class with other observations or actions than a policy was trained on.

    Raises:
        ConfigError: naming the class and both widths.
    """
    known = next((c for c in trained.classes if c.name == here.name), None)
    if known is None:
        names = ", ".join(c.name for c in trained.classes)
        raise ConfigError(f"the policy knows no class {here.name!r}; it was trained with {names}")
    if known != here:
        raise ConfigError(
            f"class {here.name!r} was trained with {_features_of(known)} features{_images_of(known)} and "
            f"{known.action.size} {known.action.kind} actions, and here has {_features_of(here)}{_images_of(here)} and "
            f"{here.action.size} {here.action.kind}; what it sees must be the same (the numbers of teammates, prey and "
            "obstacles count, unless the class is trained to see the nearest few of them, e.g. teammates:2)"
        )


def _features_of(agent_class: AgentClass) -> str:
    of = " x ".join(map(str, agent_class.categories))
    return f"{agent_class.feature_size}{of and f' (numbers of {of} values)'}"


def _images_of(agent_class: AgentClass) -> str:
    told = (f"{i.shape[1]} x {i.shape[2]} with {i.shape[0]} channels of {i.dtype}" for i in agent_class.images)
    return "".join(f" and an image of {each}" for each in told)
