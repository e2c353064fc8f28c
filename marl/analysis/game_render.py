"""Animated pictures of a network's game against itself, with what its searches found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from marl.analysis.animation import Animation
from marl.core.game import Game, view_of
from marl.pictures.animation import save
from marl.pictures.replay import drawings_panel, save_replay
from marl.players.game_film import Moment, play_moments
from marl.players.moves import MOST_SHOWN, line_words
from marl.players.network_player import NetworkPlayer, load_network
from marl.players.strength import RANDOM_MOVES
from marl.policies.game_network import GameNetwork
from marl.policies.saved import load_policy
from marl.tasks.environment_config import environment_config, game_of
from marl.tasks.registry import find_policy

__all__ = ["game_of_run", "game_panel", "render_game"]

FRAMES_PER_SECOND = 1
"""Of a game that shows its searches, which takes time to read."""


def game_of_run(run: str | Path) -> tuple[Game, GameNetwork]:
    """First position of a run's game, and the network.

    Raises:
        FileError: if the run cannot be used.
    """
    task, config = environment_config(load_policy(find_policy(run)).environment, {})
    game = game_of(task, config)
    return game, load_network(str(run), game)


def render_game(
    run: str | Path, out: Path, seed: int, watch: Callable[[int], object] = lambda moves: None
) -> Animation:
    """Play a game of a network against itself, and draw it with what its searches found.

    Args:
        run: folder of the run, or its policy.
        out: the picture.
        seed: of the opening.
        watch: called with the number of moments that were played.

    Raises:
        ConfigError: if the game cannot be drawn.
        FileError: if the run cannot be used.
    """
    moments = _played(run, seed, watch)
    if out.suffix.lower() == ".html":
        save_replay([_panel(moments)], f"{moments[0].game.name}: {run} against itself", FRAMES_PER_SECOND, out)
    else:
        save((moment.picture() for moment in moments), out, FRAMES_PER_SECOND)
    returns = ", ".join(f"player {seat + 1} {value:g}" for seat, value in enumerate(moments[-1].game.returns))
    return Animation(out, f"{len(moments) - 1} moves after {RANDOM_MOVES} drawn ones, {returns}")


def game_panel(run: str | Path, seed: int, watch: Callable[[int], object] = lambda moves: None) -> dict[str, Any]:
    """Panel of a page with a game of a network against itself; see `render_game`."""
    return _panel(_played(run, seed, watch), str(run))


def _played(run: str | Path, seed: int, watch: Callable[[int], object]) -> list[Moment]:
    (game, network), opening = game_of_run(run), np.random.default_rng(seed)
    moments = list[Moment]()
    for moment in play_moments(view_of(game, "drawn"), NetworkPlayer(network), RANDOM_MOVES, opening, lambda: None):
        moments.append(moment)
        watch(len(moments))
    return moments


def _panel(moments: list[Moment], name: str = "") -> dict[str, Any]:
    return drawings_panel((moment.drawing() for moment in moments), [_words(moment) for moment in moments], name)


def _words(moment: Moment) -> str:
    if moment.game.over:
        return "the game is over"
    told = f"player {moment.game.mover + 1} is to move"
    return f"{told}; best line {line_words(moment.game, moment.line[:MOST_SHOWN])}" if moment.line else told
