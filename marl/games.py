"""Finds turn-based games by name."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import entry_points

from marl.errors import ConfigError
from marl.game import Game

__all__ = ["UnknownGameError", "game_names", "new_game"]

GROUP = "marl.games"


class UnknownGameError(ConfigError):
    """No installed package offers the game, or what it needs is not installed."""


def game_names() -> tuple[str, ...]:
    """Games that installed packages registered in the entry-point group ``marl.games``, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=GROUP)}))


def new_game(name: str) -> Game:
    """The first position of a game: what its entry point gives when it is called without arguments.

    Raises:
        UnknownGameError: if there is none of that name, or it cannot be imported.
    """
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in offered:
        near = get_close_matches(name.lower(), offered)
        meant = f"did you mean {' or '.join(near)}? Else " if near else ""
        raise UnknownGameError(
            f"there is no game {name!r}; {meant}there is: {', '.join(sorted(offered)) or 'none'}. Another package "
            f"can offer it (it names the game in its entry-point group {GROUP!r})"
        )
    try:
        game: Game = offered[name].load()()
    except ModuleNotFoundError as error:
        raise UnknownGameError(
            f"game {name!r} needs the module {error.name!r}, which is not installed; try: pip install "
            f"{(error.name or name).split('.')[0]}"
        ) from error
    return game
