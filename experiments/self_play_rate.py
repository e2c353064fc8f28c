"""Simulations a second of self-play on connect four, by the clock: one group of games, and two in one or two processes.

A group has 128 games with 64 simulations before each move, and the network is an MLP of 128 x 2; nothing is learnt. A
round ends with one game alone, as at the board: simulations a second of CPU time, with 8 leaves at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np

from marl.games.positions import positions_of
from marl.games.registry import new_game
from marl.games.search.batch_search import BatchSearch
from marl.games.search.configs import PUCTConfig
from marl.players.network_player import LEAVES
from marl.policies.game_network import GameNetwork, NetworkEvaluator
from marl.training.field_paths import with_override
from marl.training.presets import settings_of
from marl.training.run import Run, build_run
from marl.training.run_config import read_config

GAMES, MOVES, SIMULATIONS, ALONE = 128, 16, 64, 6_400
WAYS = ((1, 1), (2, 1), (2, 2))
"""Groups and processes."""


def run_of(groups: int, processes: int, folder: Path) -> Run:
    """Run with so many groups of games."""
    values = dict(settings_of("connect_four_alpha_zero"))
    changes = {
        "policy.trunk": {"kind": "mlp", "hidden": [128, 128]},
        "algorithm.arena": None,
        "algorithm.search.simulations": SIMULATIONS,
        "algorithm.self_play.groups": groups,
        "algorithm.self_play.processes": processes,
        "num_copies": GAMES * groups,
        "rollout_length": MOVES,
    }
    for name, value in changes.items():
        values = dict(with_override(values, name.split("."), value))
    return build_run(read_config(values), folder)


def rate(run: Run) -> float:
    """Simulations a second of one iteration."""
    begin = time.perf_counter()
    moves = run.source.collect(run.player, 0.0).env_steps
    return moves * SIMULATIONS / (time.perf_counter() - begin)


def rate_alone(search: BatchSearch) -> float:
    """Simulations a second of CPU time in one search from the first position."""
    first, generator = positions_of([new_game("connect_four")]), np.random.default_rng(0)
    begin = time.process_time()
    found = search.run(first, generator, noise=False)
    return float(found.visits.sum()) / (time.process_time() - begin)


def main() -> None:
    """Measure all ways in turn, and print each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        runs = [run_of(*way, Path(folder) / str(way)) for way in WAYS]
        for run in runs:
            stack.enter_context(closing(run.source))
            rate(run)  # processes start, and compiled code is loaded
        network = runs[0].player
        assert isinstance(network, GameNetwork)
        alone = BatchSearch(PUCTConfig(simulations=ALONE), NetworkEvaluator(network), LEAVES)
        for _ in range(rounds):
            rates = [rate(run) for run in runs]
            told = "  ".join(f"{g} in {p}: {found:,.0f}" for (g, p), found in zip(WAYS, rates, strict=True))
            print(f"groups in processes  {told}  times {rates[1] / rates[0]:.2f}, {rates[2] / rates[0]:.2f}", end="")
            print(f"  one game with {LEAVES} leaves: {rate_alone(alone):,.0f}")


if __name__ == "__main__":
    main()
