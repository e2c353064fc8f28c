"""Search of many games at once, with a prior over actions and values from an evaluator."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from numpy.typing import NDArray

from marl.core.game import Game
from marl.games.positions import Positions
from marl.games.python_positions import PythonPositions
from marl.games.search.configs import GumbelConfig, PUCTConfig, simulations_at
from marl.games.search.evaluator import Evaluator
from marl.games.search.forest import Forest, Roots, Valued
from marl.games.search.found import Found, found_of
from marl.games.search.python_forest import PythonForest
from marl.games.search.result import principal_variation
from marl.games.search.valuation import masked_softmax, value_positions

__all__ = ["BatchSearch", "Found", "search_batch"]


def search_batch(
    positions: Positions,
    evaluator: Evaluator,
    config: PUCTConfig | GumbelConfig,
    generator: np.random.Generator,
    noise: bool,
    where: NDArray[np.bool_] | None = None,
    leaves: int = 1,
) -> Found:
    """Search many positions once; see `BatchSearch`, which keeps its arrays from search to search."""
    return BatchSearch(config, evaluator, leaves).run(positions, generator, noise, where)


class BatchSearch:
    r"""Search of many games in lock step: each goes down to one new position, and all of these are valued at once.

    ``puct`` is the search of AlphaZero (Silver et al., "A general reinforcement learning algorithm that masters chess,
    shogi, and Go through self-play", 2018): at a node visited :math:`N` times, its own evaluation included, it goes to
    the action with the largest :math:`Q + c P \sqrt{N} / (1 + n)`, where the value :math:`Q` of an action that was
    never visited is the node's mean. It acts by the most visits and teaches their shares.

    ``gumbel`` is the search of Danihelka et al., "Policy improvement by planning with Gumbel", 2022, as in mctx's
    ``gumbel_muzero_policy``: sequential halving among the actions of the root with the largest logits plus noise, the
    halving's winner is played, and the policy improved by completed values is taught.

    Values are vectors, one number for each seat, and each mover selects by its own. Positions that are won at once, or
    all of whose actions are decided, are proven and count with their outcome, as in `marl.games.search.uct`; a root
    that is proven won or drawn teaches its best actions. A game has as many simulations as ``config`` says, on top of
    the evaluation of its root, and fewer only if its root is proven.

    Args:
        config: settings.
        evaluator: values positions.
        leaves: most positions of a game that are valued at once. More make a game alone several times faster, and its
            choices somewhat worse: a position counts as lost for everybody until it is valued ("virtual loss"), so
            that the next walk goes elsewhere.

    Raises:
        ValueError: for fewer than one.
    """

    def __init__(self, config: PUCTConfig | GumbelConfig, evaluator: Evaluator, leaves: int = 1) -> None:
        if leaves < 1:
            raise ValueError(f"leaves is {leaves}; give at least 1")
        self.config, self.evaluator, self.leaves = config, evaluator, leaves
        self._forest: Forest | None = None
        self._fits: tuple[object, ...] = ()

    def run(
        self,
        positions: Positions,
        generator: np.random.Generator,
        noise: bool,
        where: NDArray[np.bool_] | None = None,
        deadline: float | None = None,
    ) -> Found:
        """Search from positions.

        Args:
            positions: of ``G`` games; finished ones are passed over.
            generator: of the noise; asked for none without it.
            noise: True for noise at the roots, as self-play wants it: Dirichlet noise and the root's temperature, or
                Gumbel noise.
            where: ``[G]``, False for positions to be passed over; None for all.
            deadline: time by `time.perf_counter` after which no game goes on; None for none.

        Raises:
            ValueError: naming the game, if a position has no legal action and is not finished, or the evaluator gives
                anything but finite logits and values in ``[-1, 1]``.
        """
        searched = ~positions.over if where is None else ~positions.over & where
        if not searched.any():
            return Found.empty(positions)
        taken = positions if searched.all() else positions.take(searched)
        roots = value_positions(taken, self.evaluator)
        drawn = np.zeros(roots.prior.shape)
        if noise and simulations_at(self.config) and isinstance(self.config, GumbelConfig):
            drawn = generator.gumbel(size=drawn.shape)
        grown = self._grown(_with_noise(roots, self.config, generator) if noise else roots, drawn, deadline)
        found = found_of(roots, grown, drawn if isinstance(self.config, GumbelConfig) else None)
        return found if taken is positions else found.spread(positions, searched)

    def principal_variation(self, game: Game, action: int, tree: int) -> tuple[int, ...]:
        """Actions that the last search expects: a given one, then the most visited of each seat.

        Args:
            game: a position that was searched.
            action: the first action.
            tree: number of the position among those that were searched.
        """
        assert self._forest is not None
        return principal_variation(game, partial(self._forest.statistics, tree), (action,))

    def _grown(self, roots: Valued, drawn: NDArray[np.float64], deadline: float | None) -> Roots:
        forest = self._fitting(roots.positions)
        leaves = forest.begin(roots, drawn)
        while leaves is not None:
            valued = value_positions(leaves, self.evaluator)
            leaves = forest.grow(valued, last=deadline is not None and time.perf_counter() >= deadline)
        return forest.roots()

    def _fitting(self, positions: Positions) -> Forest:
        """Trees of an earlier search of the same game with as much room, or new ones."""
        game, kind = positions.game, type(positions)
        fits = (kind, game.name, game.num_actions, game.num_players)
        if self._forest is None or self._fits != fits or self._forest.room < len(positions):
            self._forest, self._fits = _forest_of(positions, self.config, self.leaves), fits
        return self._forest


def _forest_of(positions: Positions, config: PUCTConfig | GumbelConfig, leaves: int) -> Forest:
    if isinstance(positions, PythonPositions):
        return PythonForest(positions, config, leaves)
    from marl.games.search.compiled.forest import CompiledForest  # needs Numba, which is not always there
    from marl.games.search.compiled.positions import CompiledPositions

    assert isinstance(positions, CompiledPositions)
    return CompiledForest(positions, config, leaves)


def _with_noise(roots: Valued, config: PUCTConfig | GumbelConfig, generator: np.random.Generator) -> Valued:
    """Roots whose prior has the temperature and the Dirichlet noise of self-play."""
    if isinstance(config, GumbelConfig):
        return roots
    legal = roots.positions.legal
    prior, _ = masked_softmax(roots.logits / np.float32(config.root_temperature), legal)
    if config.dirichlet_share:
        # gamma draws divided by their sum are Dirichlet draws, for all games in one call; shape 0 draws 0
        shape = legal * (config.dirichlet_scale / legal.sum(1, keepdims=True))
        drawn = generator.standard_gamma(shape) + np.finfo(np.float64).tiny * legal
        drawn /= drawn.sum(1, keepdims=True)
        prior = ((1 - config.dirichlet_share) * prior + config.dirichlet_share * drawn).astype(np.float32)
    return roots._replace(prior=prior)
