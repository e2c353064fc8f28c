"""Turn-based games, found by name."""

from __future__ import annotations

from marl.core.entry_points import load_entry, offered
from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.nearest import did_you_mean

__all__ = ["GROUP", "UnknownGameError", "game_names", "is_game_name", "new_game"]

GROUP = "marl.games"


class UnknownGameError(ConfigError):
    """Game or variant that no installed package offers."""


def game_names() -> tuple[str, ...]:
    """Names of the games in the entry-point group ``marl.games``, sorted."""
    return tuple(sorted(offered(GROUP)))


def is_game_name(text: str) -> bool:
    """True for a game's name, with or without a variant; nothing is imported for it."""
    return text.partition(":")[0] in offered(GROUP)


def new_game(text: str) -> Game:
    """First position of a game.

    Args:
        text: name, e.g. ``tic_tac_toe``; or name and variant, e.g. ``nine_board:5``. A name alone calls the entry
            point without arguments, a variant calls its method ``variant`` with the text after the colon.

    Raises:
        UnknownGameError: if there is no game of that name, or it has no such variant.
        MissingModuleError: if it cannot be imported.
    """
    name, colon, variant = text.partition(":")
    games = offered(GROUP)
    if name not in games:
        near = did_you_mean(name, games)
        meant = near and f"{near}Else "
        raise UnknownGameError(
            f"there is no game {name!r}; {meant}there is: {', '.join(sorted(games)) or 'none'}. Another package "
            f"can offer it (it names the game in its entry-point group {GROUP!r})"
        )
    begin = load_entry(games[name])
    if not colon:
        game: Game = begin()
        return game
    if not hasattr(begin, "variant"):
        raise UnknownGameError(f"{text}: {name} has no variants; write {name}")
    try:
        game = begin.variant(variant)
    except ValueError as error:
        raise UnknownGameError(f"{text}: there is no such variant of {name}: {error}") from error
    return game
