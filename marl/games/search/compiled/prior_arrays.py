"""Arrays of `marl.games.search.compiled.prior_search`, which names their columns, and their types."""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import types

from marl.games.search.compiled.addresses import RULES

__all__ = ["GROW", "READ_ROOTS", "Rule", "Trees", "ValuedArrays", "Walks"]


class Rule(NamedTuple):
    """Rule of a search; see `marl.games.search.configs`."""

    gumbel: bool
    simulations: int
    leaves: int
    solver: bool
    look_ahead: bool
    c_puct: float
    value_scale: float
    visit_offset: float
    rescale: bool


class Trees(NamedTuple):
    """Trees of ``G`` games with room for ``M`` nodes each, or one of them, without the first axis.

    Args:
        nodes: ``[G, M, 6]``, the columns from `FIRST` to `PROVEN`.
        totals: ``[G, M, P]``, for each seat the sum of values in ``[-1, 1]``; of a proven node the outcome itself.
        terms: ``[G, M, 2]``, `MEAN` and `LIFT`.
        priors: ``[G, M, 3]``, `PRIOR`, `LOGIT` and `RAW`.
    """

    nodes: Any
    totals: Any
    terms: Any
    priors: Any


class Walks(NamedTuple):
    """Walks from the roots to the positions that are to be valued, ``W``: ``L`` side by side for each game.

    Args:
        roots: ``[G, D]``, states of the roots, none of them finished.
        leaves: ``[W, D]``, states of the new positions, the first ``n`` in use.
        next: ``[W]``, the walk to each of them, in rising order.
        paths: ``[W, simulations + 2]``, nodes from the root to the position.
        depths: ``[W]``, index of the last of them.
        done: ``[G]``, simulations done; -1 before the root is valued.
        sizes: ``[G]``, nodes of each tree.
        noise: ``[G, most_legal]``, Gumbel noise of the root's children.
        schedule: ``[K, simulations]``, visits that an action of the root must have had to be searched next, by the
            number of considered actions.
    """

    roots: Any
    leaves: Any
    next: Any
    paths: Any
    depths: Any
    done: Any
    sizes: Any
    noise: Any
    schedule: Any


class ValuedArrays(NamedTuple):
    """Valued positions; see `marl.games.search.forest.Valued`.

    Args:
        walks: ``[n]``, the walk that led to each, in rising order.
        movers: ``[n]``.
        legal: ``[n, A]``.
        prior: ``[n, A]``.
        logits: ``[n, A]``.
        values: ``[n, P]``.
    """

    walks: Any
    movers: Any
    legal: Any
    prior: Any
    logits: Any
    values: Any


INTEGERS = types.Array(types.int64, 1, "C")
STATES = types.Array(types.int64, 2, "C")
SINGLES = types.Array(types.float32, 2, "C")
DOUBLES = types.Array(types.float64, 2, "C")
NODES, STACKS = types.Array(types.int32, 3, "C"), types.Array(types.float64, 3, "C")
RULE = types.NamedTuple(
    (types.boolean, types.int64, types.int64, types.boolean, types.boolean, *3 * (types.float64,), types.boolean), Rule
)
TREES = types.NamedTuple((NODES, STACKS, STACKS, STACKS), Trees)
PATHS = types.Array(types.int32, 2, "C")
WALKS = types.NamedTuple((STATES, STATES, INTEGERS, PATHS, INTEGERS, INTEGERS, INTEGERS, DOUBLES, PATHS), Walks)
MASKS = types.Array(types.boolean, 2, "C")

VALUED = types.NamedTuple((INTEGERS, INTEGERS, MASKS, SINGLES, SINGLES, DOUBLES), ValuedArrays)

GROW = types.int64(RULES, RULE, TREES, WALKS, VALUED)
READ_ROOTS = types.void(RULE, TREES, types.int64, PATHS, STACKS, MASKS, DOUBLES)
"""Signatures of the kernels."""
