"""Search by Gumbel's rule finds what mctx found; `mctx/make_roots.py` made the numbers."""

from __future__ import annotations

import json
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_evaluators import Waves

from marl.envs.games.quarto import Quarto
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.positions import positions_of
from marl.games.search.batch_search import search_batch
from marl.games.search.configs import GumbelConfig

ROOTS = json.loads((Path(__file__).parent / "mctx" / "roots.json").read_text(encoding="utf-8"))
GAMES: dict[str, Any] = {"quarto": Quarto(), "tic_tac_toe": TicTacToe()}


class Drawn:
    """In place of a generator, noise that was drawn before."""

    def __init__(self, noise: Any) -> None:
        self.noise = noise

    def gumbel(self, size: Any) -> Any:
        return self.noise.reshape(size)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_mctx_found(compiled: bool) -> None:
    if compiled and find_spec("numba") is None:
        pytest.skip("needs Numba")
    assert len(ROOTS) == 28
    for row in ROOTS:
        game = reduce(lambda position, action: position.play(action), row["moves"], GAMES[row["game"]])
        legal = list(game.legal)
        assert len(legal) < game.num_actions
        noise = np.zeros(game.num_actions)
        noise[legal] = row["noise"]
        config = GumbelConfig(simulations=row["simulations"], considered=row["considered"], solver=False)
        generator: Any = Drawn(noise)
        found = search_batch(positions_of([game], compiled), Waves(), config, generator, noise=True)
        assert found.visits[0, legal].tolist() == row["visits"]
        assert found.action[0] == row["action"]
        assert found.target[0, legal].tolist() == pytest.approx(row["target"], abs=1e-5)
        assert found.values[0, legal, game.mover].tolist() == pytest.approx(row["values"], abs=1e-5)
        # mctx counts the evaluation of the root among its simulations
        simulations, mover = row["simulations"], game.mover
        mean = (simulations * found.root_value[0, mover] + found.evaluated[0, mover]) / (simulations + 1)
        assert mean == pytest.approx(row["root_value"], abs=1e-5)
