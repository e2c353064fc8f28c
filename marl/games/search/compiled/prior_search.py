"""Search with a prior compiled by Numba: the trees of many games, which grow in lock step.

The rules are function pointers, so that the search is compiled only once and stays in Numba's cache for every game.
Nothing is drawn here and no prior is normalised: noise and softmax come from outside. In each game the search goes
down to one new position, and all of these are valued at once; `grow` takes their values and goes on.

Trees are arrays ``[G, M, ...]`` with a row for each node. Row 0 is the root; the children of a node lie side by side
in the order of their actions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from marl.games.search.compiled.addresses import legal_at, mover_at, play_at, value_at
from marl.games.search.compiled.prior_arrays import GROW, READ_ROOTS, Trees

__all__ = ["COLUMNS", "PRIORS", "PROVEN", "TERMS", "VISITS", "grow", "read_roots"]

# The names of columns must stand in the same file as the kernels, as in `marl.games.search.compiled.uct`.
FIRST, COUNT, SEAT, ACTION, VISITS, PROVEN = range(6)
"""First child, number of children (0 before expansion and in a finished game), seat to move, action that led here,
visits, and 1 if the outcome of perfect play is known."""
COLUMNS = 6
MEAN, LIFT = range(2)
"""Mean value for the seat that moved here, `UNVISITED` before the first; and prior / (1 + visits). A proven node has
its outcome and 0."""
TERMS = 2
PRIOR, LOGIT, RAW = range(3)
"""Probability and logit of the action that led here, and the evaluation of the node for its mover."""
PRIORS = 3
UNVISITED = -2.0  # below every value
TINY, SMALLEST_RANGE, LOWEST = float(np.finfo(np.float32).tiny), 1e-8, -1e9  # those of mctx


@njit(cache=True)
def _expand(node: Any, size: Any, seat: Any, prior: Any, logits: Any, legal: Any, raw: Any, tree: Any) -> Any:
    """Make the children of a node. Returns the new size."""
    nodes, first = tree.nodes, size
    for action in range(len(legal)):
        if legal[action]:
            # all columns that are read before the child is expanded itself, as arrays are used again
            nodes[size, COUNT], nodes[size, ACTION] = 0, action
            nodes[size, VISITS], nodes[size, PROVEN] = 0, 0
            tree.totals[size] = 0.0
            tree.terms[size, MEAN], tree.terms[size, LIFT] = UNVISITED, prior[action]
            tree.priors[size, PRIOR], tree.priors[size, LOGIT] = prior[action], logits[action]
            size += 1
    nodes[node, FIRST], nodes[node, COUNT], nodes[node, SEAT] = first, size - first, seat
    tree.priors[node, RAW] = raw
    return size


@njit(cache=True)
def _choose_puct(node: Any, tree: Any, c_puct: Any) -> Any:
    """Child with the largest value and bonus; one that was never visited has the node's mean as its value."""
    nodes, terms = tree.nodes, tree.terms
    visits, first = nodes[node, VISITS], nodes[node, FIRST]
    bonus, mean = c_puct * math.sqrt(visits), tree.totals[node, nodes[node, SEAT]] / visits
    best, highest = first, -np.inf
    for child in range(first, first + nodes[node, COUNT]):
        value = terms[child, MEAN]
        if value == UNVISITED:
            value = mean
        score = value + bonus * terms[child, LIFT]
        if score > highest:  # the first of equals, as in Python
            best, highest = child, score
    return best


@njit(cache=True)
def _improve(node: Any, tree: Any, num_actions: Any, rule: Any, out: Any) -> Any:
    """Write logits plus scaled values of the children. Returns all their visits, and the value of unvisited ones."""
    nodes, terms, priors = tree.nodes, tree.terms, tree.priors
    first, count = nodes[node, FIRST], nodes[node, COUNT]
    visits, most, share, weighted = 0, 0, 0.0, 0.0
    low, high, unvisited = np.inf, -np.inf, count < num_actions
    for child in range(first, first + count):
        number = nodes[child, VISITS]
        if number > 0:
            visits, most = visits + number, max(most, number)
            probability, value = max(TINY, priors[child, PRIOR]), terms[child, MEAN]
            share, weighted = share + probability, weighted + probability * value
            low, high = min(low, value), max(high, value)
        else:
            unvisited = True
    mixed = priors[node, RAW]
    if visits > 0:
        mixed = (mixed + visits * (weighted / share)) / (visits + 1)
    # an illegal action counts as an unvisited one: mctx has a row for each
    if unvisited:
        low, high = min(low, mixed), max(high, mixed)
    if not rule.rescale:
        low, high = -1.0, 1.0
    scale = (rule.visit_offset + most) * rule.value_scale / max(high - low, SMALLEST_RANGE)
    for i in range(count):
        value = terms[first + i, MEAN] if nodes[first + i, VISITS] > 0 else mixed
        out[i] = priors[first + i, LOGIT] + scale * (value - low)
    return visits, mixed


@njit(cache=True)
def _choose_gumbel(node: Any, tree: Any, num_actions: Any, rule: Any, room: Any) -> Any:
    """Child whose share of the visits is furthest below its improved probability."""
    nodes, terms = tree.nodes, tree.terms
    first, count = nodes[node, FIRST], nodes[node, COUNT]
    visits, completed = _improve(node, tree, num_actions, rule, room)
    top, total, open_value = -np.inf, 0.0, UNVISITED
    for i in range(count):
        top = max(top, room[i])
        if not nodes[first + i, PROVEN]:
            open_value = max(open_value, terms[first + i, MEAN] if nodes[first + i, VISITS] > 0 else completed)
    for i in range(count):
        room[i] = math.exp(room[i] - top)
        total += room[i]
    best, highest = first, -np.inf
    for i in range(count):
        # nothing is to be learnt below a proven child that is worse than another may be
        if nodes[first + i, PROVEN] and terms[first + i, MEAN] < open_value:
            continue
        score = room[i] / total - nodes[first + i, VISITS] / (1.0 + visits)
        if score > highest:
            best, highest = first + i, score
    return best


@njit(cache=True)
def _choose_considered(tree: Any, due: Any, noise: Any, num_actions: Any, rule: Any, room: Any) -> Any:
    """Child of the root with the largest noise, logit and value among those that had as many visits as is due."""
    nodes = tree.nodes
    _improve(0, tree, num_actions, rule, room)
    first, best, highest = nodes[0, FIRST], nodes[0, FIRST], -np.inf
    for i in range(nodes[0, COUNT]):
        score = max(LOWEST, noise[i] + room[i])
        if nodes[first + i, VISITS] == due and score > highest:
            best, highest = first + i, score
    return best


@njit(cache=True)
def _prove(node: Any, tree: Any) -> Any:
    """Mark a node as proven if its children decide its outcome; True if so."""
    nodes, totals = tree.nodes, tree.totals
    seat, first = nodes[node, SEAT], nodes[node, FIRST]
    best, all_proven = -1, True
    for child in range(first, first + nodes[node, COUNT]):
        if not nodes[child, PROVEN]:
            all_proven = False
        elif best < 0 or totals[child, seat] > totals[best, seat]:
            best = child
    # a proven win (1) decides the node whatever the other children are; anything less only once all are proven
    if best < 0 or not (all_proven or totals[best, seat] == 1.0):
        return False
    nodes[node, PROVEN] = 1
    totals[node] = totals[best]
    return True


@njit(cache=True)
def _score(node: Any, seat: Any, tree: Any) -> None:
    visits, proven = tree.nodes[node, VISITS], tree.nodes[node, PROVEN] == 1
    tree.terms[node, MEAN] = tree.totals[node, seat] / (1 if proven else visits)
    tree.terms[node, LIFT] = 0.0 if proven else tree.priors[node, PRIOR] / (1.0 + visits)


@njit(cache=True)
def _back_up(path: Any, depth: Any, outcome: Any, solver: Any, tree: Any) -> None:
    """Add values to the nodes of a path; above a newly proven node its certain outcome counts instead."""
    nodes, totals = tree.nodes, tree.totals
    spreads = solver and nodes[path[depth], PROVEN] == 1
    for i in range(depth, -1, -1):
        node = path[i]
        nodes[node, VISITS] += 1
        if spreads:
            spreads = nodes[node, PROVEN] == 1 or _prove(node, tree)
        proven = nodes[node, PROVEN] == 1
        for seat in range(len(outcome)):
            if proven:
                outcome[seat] = totals[node, seat]
            else:
                totals[node, seat] += outcome[seat]
        if i > 0:  # the root has no parent to select it
            _score(node, nodes[path[i - 1], SEAT], tree)


@njit(cache=True)
def _suppose_lost(path: Any, depth: Any, sign: Any, tree: Any) -> None:
    """Count a walk as lost for all seats until its position is valued, so that others go elsewhere; -1 undoes it."""
    nodes = tree.nodes
    for i in range(depth + 1):
        node = path[i]
        nodes[node, VISITS] += sign
        if not nodes[node, PROVEN]:  # else its total is its outcome
            for seat in range(tree.totals.shape[1]):
                tree.totals[node, seat] -= sign
        if i > 0 and nodes[node, VISITS] > 0:
            _score(node, nodes[path[i - 1], SEAT], tree)


@njit(cache=True)
def _winning(rules: Any, state: Any, actions: Any, trial: Any, outcome: Any) -> Any:
    """Number of the first legal action that wins at once, whose outcome is written; -1 if none does."""
    legal, play, value = legal_at(rules.legal), play_at(rules.play), value_at(rules.value)
    seat = mover_at(rules.mover)(state)
    for i in range(legal(state, actions)):
        trial[:] = state
        play(trial, actions[i])
        if value(trial, outcome) and outcome[seat] == 1.0:
            return i
    return -1


@njit(cache=True)
def _descend(rules: Any, game: Any, walk: Any, state: Any, num_actions: Any, rule: Any, tree: Any, walks: Any) -> Any:
    """Go down to a new position of a game, written to the state; False if there is none.

    The search may be at its end, or all that is left have to wait for a position that is not valued yet.
    """
    play, value = play_at(rules.play), value_at(rules.value)
    nodes, path, waiting = tree.nodes, walks.paths[walk], walk - game * rule.leaves
    outcome, room = np.empty(tree.totals.shape[1]), np.empty(walks.noise.shape[1])
    actions, trial = np.empty(walks.noise.shape[1], np.int64), np.empty_like(state)
    while walks.done[game] + waiting < rule.simulations and not nodes[0, PROVEN]:
        state[:] = walks.roots[game]  # nodes store no positions, so each simulation plays from the root
        node, depth, path[0] = 0, 0, 0
        while not nodes[node, PROVEN]:
            if nodes[node, COUNT] == 0:  # new, or finished, which only the solver marks
                if value(state, outcome):
                    break
                new = nodes[node, VISITS] == 0
                if new and rule.look_ahead and _winning(rules, state, actions, trial, outcome) >= 0:
                    break
                walks.depths[walk] = depth
                return new
            won = -1
            if depth == 0 and rule.look_ahead and walks.done[game] == 0:  # the root has been valued without a look
                won = _winning(rules, state, actions, trial, outcome)
            if won >= 0:
                node = nodes[0, FIRST] + won
            elif not rule.gumbel:
                node = _choose_puct(node, tree, rule.c_puct)
            elif depth > 0:
                node = _choose_gumbel(node, tree, num_actions, rule, room)
            else:
                considered = min(len(walks.schedule) - 1, nodes[0, COUNT])
                due = walks.schedule[considered, walks.done[game] + waiting]
                node = _choose_considered(tree, due, walks.noise[game], num_actions, rule, room)
            depth += 1
            path[depth] = node
            play(state, nodes[node, ACTION])
        if nodes[node, PROVEN]:
            outcome[:] = tree.totals[node]
        elif rule.solver:
            nodes[node, PROVEN] = 1
            tree.totals[node] = outcome
        _back_up(path, depth, outcome, rule.solver, tree)
        walks.done[game] += 1
    return False


@njit(GROW, cache=True)
def grow(rules: Any, rule: Any, trees: Any, walks: Any, valued: Any) -> Any:
    """Add valued positions to their trees, and go down to the next new positions of each of these games.

    Args:
        rules: addresses of the game's rules.
        rule: rule of the search.
        trees, walks: the trees, and the ways down to the positions.
        valued: the positions.

    Returns:
        Number of new positions, in ``walks.leaves`` and ``walks.next``; 0 if the search of all games is at its end.
    """
    came, movers, legal, prior, logits, values = valued
    found, i, outcome = 0, 0, np.empty(values.shape[1])
    while i < len(values):
        game = came[i] // rule.leaves
        tree = Trees(trees.nodes[game], trees.totals[game], trees.terms[game], trees.priors[game])
        while i < len(values) and came[i] // rule.leaves == game:
            path, depth, size, seat = walks.paths[came[i]], walks.depths[came[i]], walks.sizes[game], movers[i]
            if rule.leaves > 1 and depth > 0:  # the root was not supposed to be lost
                _suppose_lost(path, depth, -1, tree)
            walks.sizes[game] = _expand(path[depth], size, seat, prior[i], logits[i], legal[i], values[i, seat], tree)
            outcome[:] = values[i]
            _back_up(path, depth, outcome, rule.solver, tree)
            walks.done[game] += 1
            i += 1
        # in the same turn, while the tree is in the cache
        for walk in range(game * rule.leaves, (game + 1) * rule.leaves):
            if not _descend(rules, game, walk, walks.leaves[found], legal.shape[1], rule, tree, walks):
                break
            if rule.leaves > 1:
                _suppose_lost(walks.paths[walk], walks.depths[walk], 1, tree)
            walks.next[found] = walk
            found += 1
    return found


@njit(READ_ROOTS, cache=True)
def read_roots(rule: Any, trees: Any, games: Any, visits: Any, values: Any, proven: Any, improved: Any) -> None:
    """Write the columns of `marl.games.search.forest.Roots`; those of actions without a child stay as they are."""
    num_actions = visits.shape[1]
    room = np.empty(num_actions)
    for game in range(games):
        tree = Trees(trees.nodes[game], trees.totals[game], trees.terms[game], trees.priors[game])
        nodes, first = tree.nodes, tree.nodes[0, FIRST]
        if rule.gumbel:
            _improve(0, tree, num_actions, rule, room)
        for i in range(nodes[0, COUNT]):
            child, action = first + i, nodes[first + i, ACTION]
            visits[game, action], proven[game, action] = nodes[child, VISITS], nodes[child, PROVEN] == 1
            if rule.gumbel:
                improved[game, action] = room[i]
            for seat in range(values.shape[2]):
                if nodes[child, VISITS] > 0:
                    count = 1 if nodes[child, PROVEN] else nodes[child, VISITS]
                    values[game, action, seat] = tree.totals[child, seat] / count
