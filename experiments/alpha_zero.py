"""AlphaZero's presets on fresh seeds: CPU time, points against other players, and mistakes where there is a judge.

Usage: python experiments/alpha_zero.py [--only NAME ...] [--seeds 51 52 53] [--runs DIR]

A row trains a preset once for each seed on one thread, without evaluations in between, and measures the best network at
the end: points against UCT in 200 games from drawn openings, each from all seats, and mistakes in the positions of the
game's judge. In tic-tac-toe each network that the arena accepts plays against every move, from both seats. What was
trained and measured is kept: the same command goes on.
"""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import tyro
from rows import kept, markdown, measured

from marl.algorithms.alpha_zero import AlphaZero
from marl.core.game import Game
from marl.core.seeding import global_seed
from marl.games.judges.judged_positions import judged_games, judged_positions
from marl.games.registry import new_game
from marl.maths.intervals import wilson_interval
from marl.players.judge import count_mistakes
from marl.players.network_player import NetworkPlayer, load_network
from marl.players.specs import parse_player
from marl.players.strength import measure_strength
from marl.policies.game_network import GameNetwork
from marl.training import loop
from marl.training.callbacks import Callback, Callbacks
from marl.training.field_paths import with_override
from marl.training.monitor import Monitor
from marl.training.opening import open_run
from marl.training.presets import settings_of
from marl.training.progress import Progress
from marl.training.run_config import RunConfig, read_config

RESULTS = Path(__file__).parent / "results" / "alpha_zero.json"
NEVER = 10**9


@dataclass(frozen=True)
class Lesson:
    """One row.

    Args:
        preset: its name.
        opponents: players that the network meets.
        changes: settings that differ from the preset, by dotted name.
        simulations: of the network's searches in the games; None for those of its training.
        checked: True to play each accepted network against every move.
        needs: module without which the row is left out.
    """

    preset: str
    opponents: tuple[str, ...] = ("uct:1000", "uct:10000")
    changes: Mapping[str, Any] = field(default_factory=dict)
    simulations: int | None = None
    checked: bool = False
    needs: str = "numba"


OUTCOME: dict[str, Any] = {"algorithm.self_play.archive_share": 0.0, "algorithm.self_play.outcome_share": 1.0}
"""No game begins in the archive, and values are learnt from the outcome alone."""
OFF: dict[str, Any] = {"algorithm.self_play.random_moves": 0, **OUTCOME}
"""Games begin at the beginning, too."""
BRIEF = {**OFF, "total_env_steps": 150_000}
"""About three minutes of CPU time on nine-board."""
STARTS: dict[str, dict[str, Any]] = {
    "openings": {"algorithm.self_play.random_moves": 4},
    "archive": {"algorithm.self_play.archive_share": 0.5},
    "mix": {"algorithm.self_play.outcome_share": 0.5},
}
"""What each turns on."""
SMALL: dict[str, Any] = {
    "policy.trunk": {"kind": "parts", "part_hidden": [64, 32], "hidden": [256]},
    "total_env_steps": 2_400_000,
}
"""Connect four's preset before its network became larger."""
FEW = {**OFF, "total_env_steps": 600_000}
LESSONS = {
    "tic_tac_toe": Lesson("tic_tac_toe_alpha_zero", ("uct:1000",), checked=True),
    "quarto": Lesson("quarto_alpha_zero", ("uct:100", "uct:1000")),
    "three_marks": Lesson("three_marks_alpha_zero", ("uct:100",)),
    "quarto_all": Lesson("quarto_alpha_zero", ("uct:100", "uct:1000"), {**STARTS["archive"], **STARTS["mix"]}),
    "three_marks_off": Lesson("three_marks_alpha_zero", ("uct:100",), OUTCOME),
    "nine_board": Lesson("nine_board_alpha_zero"),
    "nine_board_off": Lesson("nine_board_alpha_zero", changes=OFF),
    "nine_board_puct_8": Lesson("nine_board_alpha_zero", ("uct:1000",), {**FEW, "algorithm.search.simulations": 8}),
    "nine_board_gumbel_8": Lesson(
        "nine_board_alpha_zero",
        ("uct:1000",),
        {**FEW, "algorithm.search": {"kind": "gumbel", "simulations": 8}},
    ),
    "connect_four": Lesson("connect_four_alpha_zero"),
    "connect_four_small": Lesson("connect_four_alpha_zero", changes=SMALL),
    "connect_four_off": Lesson("connect_four_alpha_zero", changes={**SMALL, **OUTCOME}),
    "brief": Lesson("nine_board_alpha_zero", ("uct:1000",), BRIEF),
    **{
        f"brief_{name}": Lesson("nine_board_alpha_zero", ("uct:1000",), {**BRIEF, **changes})
        for name, changes in STARTS.items()
    },
    "brief_all": Lesson("nine_board_alpha_zero", ("uct:1000",), {**BRIEF, **ChainMap(*STARTS.values())}),
}
"""Rows by name."""


def beaten_by(player: NetworkPlayer, first: Game) -> int:
    """Number of positions in which a player of two has lost, if the other plays every move, from both seats."""
    lost: set[Game] = set()
    for seat in range(2):
        layer = {first}
        while layer:
            lost |= {game for game in layer if game.over and game.returns[seat] < 0}
            running = [game for game in layer if not game.over]
            own = [game for game in running if game.mover == seat]
            chosen = player.choose_many(own) if own else []
            layer = {game.play(action) for game, action in zip(own, chosen, strict=True)}
            layer |= {game.play(action) for game in running if game.mover != seat for action in game.legal}
    return len(lost)


class Check(Callback):
    """Play each accepted network against every move, and note how many positions it loses in.

    Args:
        learner: of the run.
        game: first position.
    """

    def __init__(self, learner: AlphaZero, game: Game) -> None:
        self.learner, self.game = learner, game
        self.seconds, self.lost = 0.0, list[int]()
        self._seen: dict[str, torch.Tensor] = {}

    def on_iteration(self, progress: Progress) -> None:
        begin, best = time.process_time(), self.learner.best
        if not self._seen or any(not torch.equal(self._seen[name], w) for name, w in best.state_dict().items()):
            self._seen = {name: weight.clone() for name, weight in best.state_dict().items()}
            self.lost.append(beaten_by(NetworkPlayer(cast(GameNetwork, best)), self.game))
        self.seconds += time.process_time() - begin


def config_of(lesson: Lesson, seed: int) -> RunConfig[Any]:
    """Settings of a training of one seed, without evaluations in between."""
    settings = {**settings_of(lesson.preset), "seed": seed, "evaluation_interval": NEVER, "evaluation_episodes": 1}
    for name, value in {**lesson.changes, "algorithm.evaluation_players": ()}.items():
        settings = dict(with_override(settings, name.split("."), value))
    return read_config(settings)


def learn(lesson: Lesson, folder: Path, seed: int) -> dict[str, Any]:
    """Train one seed; its CPU seconds, env steps, and what checks found."""
    config = config_of(lesson, seed)
    resume = (folder / "checkpoints").exists()
    begin = time.process_time()
    with global_seed(seed), open_run(config, folder, resume) as run:
        check = Check(cast(AlphaZero, run.learner), new_game(config.env.name))
        result = loop.train(run, Monitor(run, Callbacks([check] if lesson.checked else [])))
    seconds = time.process_time() - begin - check.seconds
    told = {"env_steps": result.env_steps, "cpu_seconds": round(seconds, 1), "resumed": resume}
    return {**told, "lost": check.lost} if lesson.checked else told


def examine(lesson: Lesson, folder: Path, games: int) -> dict[str, Any]:
    """Points and mistakes of a run's network."""
    network = load_network(str(folder))
    game = new_game(network.config.game.name)
    player = NetworkPlayer(network, lesson.simulations)
    opponents = [parse_player(name) for name in lesson.opponents]
    scores = measure_strength(game, player, opponents, games, 0)
    told: dict[str, Any] = {"points": {score.opponent: score.share for score in scores}}
    if game.name in judged_games():
        told["mistakes"] = {
            name: count_mistakes(lambda _: player, positions).share
            for name, positions in judged_positions(game.name).items()
        }
    return told


def measure(name: str, runs: Path, seeds: tuple[int, ...], games: int) -> dict[str, Any]:
    """Train and examine what is missing, and return the row."""
    lesson, by_seed = LESSONS[name], {}
    for seed in seeds:
        folder = runs / name / f"seed-{seed}"
        told = kept(runs / name / f"{seed}.json", partial(learn, lesson, folder, seed))
        found = kept(runs / name / f"{seed}-{games}.json", partial(examine, lesson, folder, games))
        by_seed[str(seed)] = {**told, **found}
        print(name, seed, by_seed[str(seed)], flush=True)
    return {"preset": lesson.preset, "changes": dict(lesson.changes), "games": games, "seeds": by_seed}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Means over seeds with the Wilson interval of all their games, and each seed's points, in Markdown."""
    cells = []
    for name, row in rows.items():
        told = list(row["seeds"].values())
        seconds = f"{np.mean([each['cpu_seconds'] for each in told]):,.0f}"
        steps = f"{told[0]['env_steps']:,}"
        for opponent in told[0]["points"]:
            shares = [each["points"][opponent] for each in told]
            listed = ", ".join(f"{share:.3f}" for share in shares)
            low, high = wilson_interval(sum(shares) * row["games"], len(shares) * row["games"])
            cells.append([name, steps, seconds, opponent, f"{np.mean(shares):.3f} [{low:.3f}, {high:.3f}]", listed])
    return markdown(["row", "env steps", "CPU seconds", "against", "share of the points", "seeds"], cells)


def main(
    only: tuple[str, ...] = (),
    seeds: tuple[int, ...] = (51, 52, 53),
    runs: Path = Path("runs/alpha_zero"),
    games: int = 200,
    out: Path = RESULTS,
) -> None:
    """Measure rows, write them and print the table.

    Args:
        only: names of rows; all by default.
        seeds: training seeds.
        runs: folder of the runs.
        games: games against each opponent.
        out: the JSON file.
    """
    torch.set_num_threads(1)
    rows = measured(LESSONS, partial(measure, runs=runs, seeds=seeds, games=games), only, out)
    print(table(rows))


if __name__ == "__main__":
    tyro.cli(main)
