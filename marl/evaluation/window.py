"""Environments that open their own window."""

from __future__ import annotations

from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.wording import argument
from marl.tasks.no_display import has_display

__all__ = ["in_window"]


def in_window(config: Config) -> Config:
    """Settings with which an environment shows itself in its window.

    Raises:
        ConfigError: if there is no display, or the environment has no window of its own.
    """
    fields, told = dict(config), argument("render", "human", "'human'")
    if "arguments" not in fields:
        name = fields.get("name")
        raise ConfigError(f"{told}: {name} has no window of its own; marl render draws an episode into a file")
    if not has_display():
        raise ConfigError(
            f"{told}: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); marl render draws an episode "
            "into a file"
        )
    return config.model_copy(update={"arguments": {**fields["arguments"], "render_mode": "human"}})
