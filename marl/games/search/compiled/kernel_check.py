"""Check of compiled rules against their game."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.game_structure import phase_of
from marl.core.kernels import Kernels
from marl.games.search.compiled.uct import seed_draws
from marl.games.search.python_tree import draws_of

__all__ = ["check_kernels", "checked_kernels"]

GAMES = 4
# by class and rules: a subclass can inherit rules that no longer fit, and a class can be given other rules
_CHECKED: set[tuple[type[Game], Kernels]] = set()


def checked_kernels(game: Game, kernels: Kernels) -> Kernels:
    """Check compiled rules when they are first met, and return them.

    Raises:
        ConfigError: see `check_kernels`.
    """
    if (type(game), kernels) not in _CHECKED:
        for seed in range(GAMES):
            check_kernels(game, kernels, seed)
        _CHECKED.add((type(game), kernels))
    return kernels


def check_kernels(game: Game, kernels: Kernels, seed: int) -> None:
    """Play a random game by positions and by compiled rules, and compare them after every action.

    Args:
        game: the first position, not finished.
        kernels: the compiled rules.
        seed: of the game.

    Raises:
        ConfigError: naming the game and the rule if they disagree, and the game if the rules fail.
    """
    try:
        _play_both(game, kernels, seed)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{game.name}: its compiled rules fail: {type(error).__name__}: {error}") from error


def _play_both(game: Game, kernels: Kernels, seed: int) -> None:
    generator, state = np.random.default_rng(seed), kernels.encode(game)
    actions, returns = np.zeros(kernels.most_legal, dtype=np.int64), np.zeros(game.num_players)
    played: list[int] = []
    while True:
        after = f"{game.name}: the compiled rules disagree with the game after {played or 'no action'}"
        _compare(after, "play", kernels.encode(game).tolist(), state.tolist())
        _compare_seen(after, game, kernels, state)
        _compare(after, "value", game.over, bool(kernels.value(state, returns)))
        if game.over:
            _compare(after, "value", game.returns, tuple(returns.tolist()))
            return
        # most_legal is an upper bound: only a larger number of legal actions fails
        _compare(after, "most_legal", max(len(game.legal), kernels.most_legal), kernels.most_legal)
        _compare(after, "legal", game.legal, tuple(actions[: kernels.legal(state, actions)].tolist()))
        _compare(after, "mover", game.mover, int(kernels.mover(state)))
        # the same seed on both sides: playouts must draw the same actions, or the searches differ in their numbers
        seed_draws(seed)
        kernels.rollout(state.copy(), returns)
        _compare(after, "rollout", game.rollout(draws_of(seed)), tuple(returns.tolist()))
        action = int(generator.choice(game.legal))
        game = game.play(action)
        kernels.play(state, action)
        played.append(action)


def _compare_seen(after: str, game: Game, kernels: Kernels, state: Any) -> None:
    """Compare what the rules for learning tell, if there are any."""
    if kernels.phase is not None:
        _compare(after, "phase", phase_of(game), int(kernels.phase(state)))
    for seat in range(game.num_players) if kernels.observe is not None else ():
        expected = game.observe(seat).ravel()
        seen = np.full(expected.size, -1, dtype=np.int8)  # so that what is not written shows
        kernels.observe(state, seat, seen)
        _compare(after, f"observe (seat {seat})", expected.tolist(), seen.tolist())


def _compare(after: str, rule: str, position: Any, kernel: Any) -> None:
    if position != kernel:
        raise ConfigError(f"{after}: {rule} gives {kernel} instead of {position}")
