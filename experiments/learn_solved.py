"""Mistakes of nine-board's network after learning solved positions: how few are within its reach?

In place of games it learns positions that are drawn as the judge draws its own, with the value of every move by
negamax; those of the judge are left out. It begins once as a new network, once as the network of a run. Before and
after, its mistakes are counted by `marl judge`'s rule, alone and with the preset's search.

Usage: python experiments/learn_solved.py RUN [--positions 12000] [--seed 7] [--out FILE]
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from make_judge import LATE, drawn, nine_board_values, signature

from marl.algorithms.alpha_zero import AlphaZero
from marl.core.files import save_json
from marl.core.game import Game
from marl.core.game_structure import seen_from
from marl.games.judges.judged_positions import judged_positions
from marl.games.positions import positions_of
from marl.games.registry import new_game
from marl.games.search.negamax import Negamax
from marl.games.self_play import Samples
from marl.players.judge import count_mistakes
from marl.players.network_player import NetworkPlayer, load_network
from marl.policies.game_network import GameNetwork
from marl.training.field_paths import with_override
from marl.training.presets import settings_of
from marl.training.run import build_run
from marl.training.run_config import read_config

MOST_SEARCHED = 30_000
"""Positions that a search to one depth may take; fewer than the judge's, for ten times as many solved in a second."""
UPDATES, EPOCHS = 20, 3
"""The learning rate falls from update to update; each draws all positions so many times."""
NEW_RATE, TRAINED_RATE = [0.002, 0.0002], [0.0005, 0.00005]
"""Learning rates of a new network, the preset's, and of one that is trained already."""


def solved(positions: int, seed: int) -> Samples:
    """Positions with the best moves, evenly, and the mover's value; also those in which all moves are as good."""
    start, generator, negamax = new_game("nine_board"), np.random.default_rng(seed), Negamax(depth=1)
    seen = {signature(each.game) for each in judged_positions("nine_board")["late"]}
    games: list[Game] = []
    values: list[list[float]] = []
    while len(games) < positions:
        _, game = drawn(start, int(generator.integers(*LATE, endpoint=True)), generator)
        if game.over or (known := signature(game)) in seen:
            continue
        found = nine_board_values(negamax, game, MOST_SEARCHED)
        if found is not None:
            seen.add(known)
            games.append(game)
            values.append(found)
    return samples_of(games, values)


def samples_of(games: list[Game], values: list[list[float]]) -> Samples:
    """Positions of two players, with the values of their legal moves for the mover."""
    taken = positions_of(games)
    policy = np.zeros(taken.legal.shape, np.float32)
    outcome = np.zeros((len(games), 2))
    for row, (game, found) in enumerate(zip(games, values, strict=True)):
        best = [action for action, value in zip(game.legal, found, strict=True) if value == max(found)]
        policy[row, best] = 1 / len(best)
        outcome[row, game.mover], outcome[row, 1 - game.mover] = max(found), -max(found)
    value = seen_from(outcome, taken.mover).astype(np.float32)
    return Samples(taken.observation, taken.legal, taken.phase, policy, value)


def mistakes(network: GameNetwork) -> dict[str, float]:
    """Share of the judge's positions with a mistake, by the number of simulations."""
    late = judged_positions("nine_board")["late"]
    return {str(n): count_mistakes(lambda _, n=n: NetworkPlayer(network, n), late).share for n in (0, 64)}


def learn(samples: Samples, seed: int, begin: GameNetwork | None) -> dict[str, Any]:
    """Mistakes before and after learning."""
    values: Any = dict(settings_of("nine_board_alpha_zero"))
    rate = NEW_RATE if begin is None else TRAINED_RATE
    for name, value in {"arena": None, "epochs": EPOCHS, "window": 1, "learning_rate": rate}.items():
        values = with_override(values, ("algorithm", name), value)
    with tempfile.TemporaryDirectory() as folder:
        run = build_run(read_config({**values, "seed": seed}), Path(folder))
        learner, network = run.learner, run.player
        assert isinstance(learner, AlphaZero) and isinstance(network, GameNetwork)
        if begin is not None:
            network.load_state_dict(begin.state_dict())
        before = mistakes(network)
        for number in range(UPDATES):
            metrics = learner.update(samples, number / UPDATES)
        losses = {name: metrics[f"loss/{name}"] for name in ("policy", "value")}
        return {"before": before, "after": mistakes(network), "losses": losses}


def main(
    run: Annotated[Path, tyro.conf.Positional],
    positions: int = 12_000,
    seed: int = 7,
    out: Path = Path(__file__).parent / "results/learn_solved.json",
) -> None:
    """Learn, and print and write the mistakes."""
    samples = solved(positions, seed)
    rows = {"new": learn(samples, seed, None), "trained": learn(samples, seed, load_network(str(run)))}
    for name, row in rows.items():
        print(name, row)
    save_json(out, {"positions": positions, "passes": UPDATES * EPOCHS, "seed": seed, "networks": rows})


if __name__ == "__main__":
    tyro.cli(main)
