"""Check of the symmetries that a game names."""

from __future__ import annotations

from typing import Any

import numpy as np

from marl.core.errors import ConfigError
from marl.core.game import Game
from marl.core.game_structure import phase_of, symmetries_of

__all__ = ["check_symmetries"]


def check_symmetries(game: Game, seed: int, most: int | None = None) -> int:
    """Play random games and, beside each, the same changed by a symmetry, and compare them after every action.

    Both begin in one position, so symmetries that change what is seen of it are passed over.

    Args:
        game: the first position, not finished.
        seed: of the games.
        most: number of symmetries that are drawn; None for all.

    Returns:
        Number of symmetries that were checked, the identity included.

    Raises:
        ConfigError: naming the game, the symmetry and the rule if they disagree.
    """
    found, generator = symmetries_of(game), np.random.default_rng(seed)
    if found is None:
        raise ConfigError(f"{game.name} names no symmetries; give it symmetries, a GameSymmetries of permutations")
    seen = [game.observe(seat).ravel() for seat in range(game.num_players)]
    kept = [k for k in range(found.order) if all((o[found.observation[k]] == o).all() for o in seen)]
    numbers = kept if most is None else generator.choice(kept, min(most, len(kept)), replace=False).tolist()
    for number in numbers:
        _play_both(game, number, found.observation[number], found.action[number], generator)
    return len(numbers)


def _play_both(game: Game, number: int, observation: Any, action: Any, generator: np.random.Generator) -> None:
    plain, changed, becomes = game, game, np.argsort(action)
    played: list[int] = []
    while True:
        where = f"{game.name}: symmetry {number} does not hold after {played or 'no action'}"
        for seat in range(game.num_players):
            if (plain.observe(seat).ravel()[observation] != changed.observe(seat).ravel()).any():
                raise ConfigError(f"{where}: seat {seat} observes something else")
        for rule in ("mover", "over", "returns"):
            if getattr(plain, rule) != getattr(changed, rule):
                raise ConfigError(f"{where}: {rule} is {getattr(changed, rule)} in place of {getattr(plain, rule)}")
        if phase_of(plain) != phase_of(changed):
            raise ConfigError(f"{where}: phase is {phase_of(changed)} in place of {phase_of(plain)}")
        if plain.over:
            return
        expected = sorted(int(becomes[a]) for a in plain.legal)
        if expected != list(changed.legal):
            raise ConfigError(f"{where}: legal is {list(changed.legal)} in place of {expected}")
        chosen = int(generator.choice(plain.legal))
        played.append(chosen)
        plain, changed = plain.play(chosen), changed.play(int(becomes[chosen]))
