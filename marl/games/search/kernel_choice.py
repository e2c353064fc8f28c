"""Choice between compiled rules and Python."""

from __future__ import annotations

from marl.core.game import Game
from marl.core.kernels import Kernels

__all__ = ["kernels_for"]


def kernels_for(game: Game, compiled: bool | None) -> Kernels | None:
    """Compiled rules for the search of a game, checked against the game; None to search in Python.

    Args:
        game: the position.
        compiled: True for Numba, False for Python, None for Numba if installed.

    Raises:
        ValueError: if compiled rules are asked for and there are none, or they disagree with the game.
    """
    kernels = None if compiled is False else game.kernels()
    if kernels is None and compiled:
        raise ValueError(f"{game.name} has no compiled rules here; install Numba (the extra 'fast')")
    if kernels is None:
        return None
    from marl.games.search.compiled.kernel_check import checked_kernels  # needs Numba, which is not always there

    return checked_kernels(game, kernels)
