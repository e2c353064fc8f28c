"""Evaluation of a game's network, for ``marl evaluate``: points against other players, and mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from marl.cli.progress_bars import Counting
from marl.cli.tables import interval_text, plain_table

if TYPE_CHECKING:
    from rich.console import Console

    from marl.players.strength import StrengthReport

__all__ = ["evaluate_game"]

OPPONENTS = ("uct:100", "uct:1000")
"""Players that a network meets whose run names none."""


def evaluate_game(run: str, games: int, seed: int, json: Path | None, console: Console) -> int:
    """Play a network with its search, print tables, and write JSON if asked for.

    Args:
        run: folder of the run.
        games: number of games against each opponent.
        seed: of openings and opponents.
        json: the file; None for none.
        console: prints.

    Returns:
        Exit status.

    Raises:
        ConfigError: if the game, or an opponent, cannot be played.
        FileError: if the run cannot be used.
    """
    from marl.analysis.game_render import game_of_run
    from marl.core.files import save_json
    from marl.games.judges.judged_positions import judged_games
    from marl.games.search.configs import simulations_at
    from marl.players.judge import judge
    from marl.players.network_player import NetworkPlayer
    from marl.players.specs import parse_player
    from marl.players.strength import StrengthReport, measure_strength

    (game, network), name = game_of_run(run), f"az:{run}"
    player, opponents = NetworkPlayer(network), [parse_player(text) for text in _opponents(Path(run))]

    with Counting(console, "games") as show:

        def watch(done: int, total: int, moves: int) -> bool:
            show(done, total)
            return True

        report = StrengthReport(game.name, name, seed, measure_strength(game, player, opponents, games, seed, watch))
    _show(report, simulations_at(player.search), console)
    found = report.as_json()
    if game.name in judged_games():
        from marl.cli.judge import mistakes_table

        with Counting(console, "moves") as told:
            judged = judge(game.name, [name], seed=seed, watch=told)
        console.print(mistakes_table(judged))
        found["mistakes"] = judged.as_json()["players"][0]["buckets"]
    if json is not None:
        save_json(json, found)
        console.print(f"wrote {json}", soft_wrap=True)
    return 0


def _opponents(run: Path) -> tuple[str, ...]:
    """Players that the run's own evaluations meet, or the usual ones."""
    from marl.training.run_config import run_values

    if not (run / "config.yaml").exists():
        return OPPONENTS
    return tuple(run_values(run)["algorithm"]["evaluation_players"]) or OPPONENTS


def _show(report: StrengthReport, simulations: int, console: Console) -> None:
    table = plain_table("against", ("games", "share of the points", "95 % interval", "equals have"))
    for score in report.scores:
        interval = interval_text(score.share_ci95, ".3f")
        table.add_row(score.opponent, f"{score.games:,}", f"{score.share:.3f}", interval, f"{score.even:.3f}")
    console.print(
        f"{report.game}, {report.player} with {simulations} simulations before each move; games begin with drawn "
        f"openings, each from all seats; seed {report.seed}",
        soft_wrap=True,
    )
    console.print(table)
