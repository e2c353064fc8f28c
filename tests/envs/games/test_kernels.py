"""The compiled rules are those of the positions."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.quarto import Quarto
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.python_tree import draws_of

pytest.importorskip("numba")
from marl.games.search.compiled.uct import seed_draws

STARTS = [TicTacToe(), ConnectFour(), NineBoard.start(4), ThreeMarks(), Quarto()]
ALL = pytest.mark.parametrize("start", STARTS, ids=[start.name for start in STARTS])
CHOICES = st.lists(st.integers(0, 10**6), max_size=64)


def chosen(game: Any, choice: int) -> int:
    return int(game.legal[choice % len(game.legal)])


@ALL
@settings(max_examples=100, deadline=None)
@given(choices=CHOICES)
def test_states_and_positions_stay_equal(start: Any, choices: list[int]) -> None:
    kernels, game = start.kernels(), start
    state = kernels.encode(game)
    actions, returns = np.zeros(kernels.most_legal, dtype=np.int64), np.zeros(game.num_players)
    for choice in choices:
        assert kernels.mover(state) == game.mover
        assert kernels.value(state, returns) == game.over
        if game.over:
            break
        assert tuple(actions[: kernels.legal(state, actions)]) == game.legal
        action = chosen(game, choice)
        kernels.play(state, action)
        game = game.play(action)
        assert state.dtype == np.int64
        assert state.tolist() == kernels.encode(game).tolist()
    if game.over:
        assert kernels.value(state, returns)
        assert tuple(returns) == game.returns


@ALL
@settings(max_examples=100, deadline=None)
@given(choices=CHOICES, seed=st.integers(0, 2**32 - 1))
def test_playouts_draw_the_same_actions_one_by_one(start: Any, choices: list[int], seed: int) -> None:
    """Compiled, by the game's own playout, and by its rules alone."""
    game = start
    for choice in choices[:20]:
        after = game.play(chosen(game, choice))
        if after.over:
            break
        game = after
    kernels, returns, draw, last = game.kernels(), np.zeros(game.num_players), draws_of(seed), game
    while not last.over:
        last = last.play(last.legal[int(draw() * len(last.legal))])
    again = draws_of(seed)
    assert game.rollout(again) == last.returns
    assert again() == draw()
    seed_draws(seed)
    kernels.rollout(kernels.encode(game), returns)
    assert tuple(returns) == last.returns


def test_a_later_process_compiles_nothing() -> None:
    """Closures over kernels and kernels as arguments can make Numba compile in every process."""
    names = ["tic_tac_toe", "connect_four", "nine_board", "three_marks", "quarto"]
    script = f"""
from importlib import import_module
from marl.games.search.compiled import uct
from marl.games.search.uct import UCT
modules = [import_module(f"marl.envs.games.kernels.{{name}}") for name in {names}]
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.three_marks import ThreeMarks
for game in (NineBoard(), ThreeMarks()):
    UCT(10).search(game)
functions = [getattr(m, f) for m in modules for f in ("legal", "play", "value", "mover", "rollout")]
for function in (*functions, uct.simulate, uct.subtree, uct.seed_draws):
    assert sum(function.stats.cache_hits.values()) == 1, function
    assert not function.stats.cache_misses, function
"""
    for start in STARTS:
        start.kernels()  # compiled here, if it never was
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
