"""Positions of many games by compiled rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from marl.core.errors import ConfigError
from marl.core.game import Game, IllegalActionError
from marl.core.kernels import Kernels
from marl.games.places import Places, check_alike, check_state
from marl.games.search.compiled.addresses import (
    RULES,
    addresses_of,
    legal_at,
    mover_at,
    observe_at,
    phase_at,
    play_at,
    rollout_at,
    value_at,
)
from marl.games.search.compiled.uct import seed_draws

__all__ = ["CompiledPositions"]

STATES = types.Array(types.int64, 2, "C")
NUMBERS = types.Array(types.int64, 1, "C")
TRUTHS = types.Array(types.boolean, 1, "C")
MASKS = types.Array(types.boolean, 2, "C")
FLOATS = types.Array(types.float64, 2, "C")
BYTES = types.Array(types.int8, 2, "C")


@njit(types.void(RULES, STATES, types.int64, NUMBERS, NUMBERS, MASKS, TRUTHS, FLOATS), cache=True)
def _look(
    rules: Any, states: Any, most_legal: Any, movers: Any, phases: Any, masks: Any, over: Any, returns: Any
) -> None:
    """Write what is known of each position; masks and returns are zeros before."""
    legal, value = legal_at(rules.legal), value_at(rules.value)
    mover, phase = mover_at(rules.mover), phase_at(rules.phase)
    actions = np.empty(most_legal, np.int64)
    for g in range(len(states)):
        state = states[g]
        movers[g], phases[g] = mover(state), phase(state)
        over[g] = value(state, returns[g])
        if not over[g]:
            returns[g] = 0.0
            for i in range(legal(state, actions)):
                masks[g, actions[i]] = True


@njit(types.void(RULES, STATES, NUMBERS), cache=True)
def _play(rules: Any, states: Any, actions: Any) -> None:
    play = play_at(rules.play)
    for g in range(len(states)):
        if actions[g] != -1:
            play(states[g], actions[g])


@njit(types.void(RULES, STATES, NUMBERS, BYTES), cache=True)
def _observe(rules: Any, states: Any, movers: Any, out: Any) -> None:
    observe = observe_at(rules.observe)
    for g in range(len(states)):
        observe(states[g], movers[g], out[g])


@njit(types.void(RULES, STATES, FLOATS), cache=True)
def _roll_out(rules: Any, states: Any, out: Any) -> None:
    rollout = rollout_at(rules.rollout)
    for g in range(len(states)):
        rollout(states[g], out[g])


class CompiledPositions:
    """A `marl.games.positions.Positions` by compiled rules.

    Args:
        game: any position.
        kernels: its compiled rules.
        states: ``[G, D]``, not changed by anybody else.
    """

    def __init__(self, game: Game, kernels: Kernels, states: NDArray[np.int64]) -> None:
        self.game, self.kernels, self.states = game, kernels, states
        self._rules = addresses_of(kernels)
        self._look()

    def __len__(self) -> int:
        return len(self.states)

    @property
    def observation(self) -> NDArray[np.int8]:
        """See `Positions`."""
        if self.kernels.observe is None:
            raise ConfigError(f"{self.game.name}: its compiled rules have no observe; give one, or take compiled=False")
        out = np.empty((len(self), int(np.prod(self.game.observation_shape))), dtype=np.int8)
        _observe(self._rules, self.states, self.mover, out)
        return out

    def play(self, actions: NDArray[np.int64]) -> None:
        """See `Positions`."""
        actions = np.ascontiguousarray(actions, dtype=np.int64)
        if actions.shape != self.mover.shape:
            raise ValueError(f"{self.game.name}: {actions.shape} actions for {len(self)} games; give one a game")
        inside = np.clip(actions, 0, self.game.num_actions - 1)
        fine = (actions == -1) | (inside == actions) & self.legal[np.arange(len(self)), inside]
        if not fine.all():
            place = int(np.argmin(fine))
            legal = np.flatnonzero(self.legal[place]).tolist()
            raise IllegalActionError(
                f"{self.game.name}: action {actions[place]} is not legal in game {place}; legal are {legal}"
            )
        _play(self._rules, self.states, actions)
        self._look()

    def replace(self, where: Places, games: Sequence[Game]) -> None:
        """See `Positions`."""
        check_alike(self.game, games)
        if games:
            self.load_state(np.stack([self.kernels.encode(game) for game in games]), where)

    def take(self, where: Places) -> CompiledPositions:
        """See `Positions`."""
        return CompiledPositions(self.game, self.kernels, self.states[where])

    def rollout(self, seed: int) -> NDArray[np.float64]:
        """See `Positions`."""
        out = np.empty_like(self.returns)
        seed_draws(seed)
        _roll_out(self._rules, self.states.copy(), out)
        return out

    def state(self) -> NDArray[np.int64]:
        """See `Positions`."""
        return self.states.copy()

    def load_state(self, state: NDArray[np.int64], where: Places | None = None) -> None:
        """See `Positions`."""
        rows = self.states if where is None else self.states[where]
        check_state(self.game.name, state, len(rows), self.states.shape[1])
        self.states[slice(None) if where is None else where] = state
        self._look()

    def _look(self) -> None:
        """Make the arrays of what is known of the positions."""
        games, shape = len(self), self.game
        self.mover, self.phase = np.empty(games, dtype=np.int64), np.empty(games, dtype=np.int64)
        self.legal = np.zeros((games, shape.num_actions), dtype=np.bool_)
        self.over, self.returns = np.empty(games, dtype=np.bool_), np.zeros((games, shape.num_players))
        known = (self.mover, self.phase, self.legal, self.over, self.returns)
        _look(self._rules, self.states, self.kernels.most_legal, *known)
