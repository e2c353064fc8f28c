"""Make the files of `marl.games.judges`: positions of a game with the value of every move under perfect play.

Usage: python experiments/make_judge.py connect_four|nine_board [--positions 1000] [--seed 1] [--out FOLDER]

Positions come from random legal moves, as many as are drawn between two bounds; none is there twice, and turned or
mirrored it is the same. Connect four is solved by bitbully (https://github.com/MarkusThill/BitBully, AGPL), which
nothing else here imports: pip install bitbully. Its book holds all positions after 12 moves; 12 to 14 moves are left
out. The end is that of play in which the winner wins as soon and the loser loses as late as possible. Where 17 cells
or fewer are free, our negamax must find the same values. Nine-board is solved by it alone, and of its positions those
are kept in which a mistake is possible and no move wins at once: random play leaves so many open twos that in most
others there is nothing to find.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from marl.core.files import save_json
from marl.core.game import Game
from marl.core.game_structure import symmetries_of
from marl.games.judges.judged_positions import VALUES
from marl.games.registry import new_game
from marl.games.search.negamax import Negamax

FORMAT = (
    "Each bucket has one text a position: the moves from the first position, one character each, as a person writes "
    "them; a space; and for each legal move, in the order of their numbers, its value under perfect play for the "
    "player who makes it: + won, = drawn, - lost."
)
SIGNS = {value: sign for sign, value in VALUES.items()}
CELLS, CHECKED = 42, 17
MOST_SEARCHED = 1_000_000
"""Positions that a search to one depth may take before deeper ones are given up."""
LATE = (30, 39)
"""Least and largest number of moves played in nine-board's positions."""

Solved = tuple[str, list[float]]
"""Bucket and value of each legal move."""


@dataclass(frozen=True)
class Source:
    """Positions of a game's judge.

    Args:
        stages: least and largest number of moves played, by name.
        buckets: names of the buckets.
        solve: from the moves, the position and the stage to bucket and values; None to leave the position out.
        text: description of positions and buckets, for the file.
    """

    stages: dict[str, tuple[int, int]]
    buckets: tuple[str, ...]
    solve: Callable[[list[int], Game, str], Solved | None]
    text: str


def connect_four() -> Source:
    """Six buckets by the number of moves played and the number to the end."""
    from importlib.metadata import version

    from bitbully.bitbully_core import BitBullyCore, BoardCore
    from bitbully_databases import BitBullyDatabases

    solver, negamax = BitBullyCore(BitBullyDatabases.get_database_path("12-ply-dist")), Negamax(CHECKED)

    def solve(moves: list[int], game: Game, stage: str) -> Solved:
        board = BoardCore()
        assert board.setBoard(moves)
        every = solver.scoreMoves(board)
        scores = [every[column] for column in game.legal]
        # with a drawn game the board fills; a win or a loss is scored by the discs that its player has left
        left = BitBullyCore.scoreToMovesLeft(max(scores), board) if max(scores) else CELLS - len(moves)
        difficulty = "easy" if left < 14 else "medium" if left <= 28 else "hard"
        values = [float(np.sign(score)) for score in scores]
        if CELLS - len(moves) <= CHECKED and values != [each.value for each in negamax.explore(game, exact=True)]:
            raise ValueError(f"bitbully and negamax differ after {moves}")
        return f"{stage} {difficulty}", values

    return Source(
        {"begin": (2, 11), "middle": (15, 28), "end": (29, CELLS - 1)},
        ("begin easy", "begin medium", "begin hard", "middle easy", "middle medium", "end easy"),
        solve,
        f"Values by bitbully {version('bitbully')}. begin: 2 to 11 moves were played; middle: 15 to 28; end: more. "
        "easy: fewer than 14 moves to the end under perfect play; medium: 14 to 28; hard: more.",
    )


def nine_board() -> Source:
    """One bucket of late positions, which negamax solves."""
    negamax = Negamax(depth=1)

    def solve(moves: list[int], game: Game, stage: str) -> Solved | None:
        values = nine_board_values(negamax, game, MOST_SEARCHED)
        return None if values is None or min(values) == max(values) else (stage, values)

    return Source(
        {"late": LATE},
        ("late",),
        solve,
        "Values by negamax. late: 30 to 39 moves were played, not all moves are equally good, and none wins at once.",
    )


def nine_board_values(negamax: Negamax, game: Game, most: int) -> list[float] | None:
    """Value of each legal move; None if one wins at once, or more than ``most`` positions do not decide all."""
    if any(game.play(action).returns[game.mover] == 1 for action in game.legal):
        return None
    depth = 4
    while True:  # the game ends, so that a search is deep enough at last
        found = negamax.explore(game, exact=True, depth=depth)
        if all(each.unfinished == 0 or abs(each.value) == 1 for each in found):
            return [each.value for each in found]
        if sum(each.positions for each in found) > most:
            return None
        depth += 2


def signature(game: Game) -> bytes:
    """Observation of the mover, the least of all turned and mirrored ones."""
    symmetries, seen = symmetries_of(game), game.observe(game.mover).ravel()
    assert symmetries is not None
    return min(seen[permutation].tobytes() for permutation in symmetries.observation)


def drawn(start: Any, plies: int, generator: np.random.Generator) -> tuple[list[int], Any]:
    """Random legal moves, and the position after them; it may be over before so many were made."""
    moves, game = [], start
    while len(moves) < plies and not game.over:
        moves.append(int(generator.choice(game.legal)))
        game = game.play(moves[-1])
    return moves, game


def written(start: Any, moves: list[int], values: list[float]) -> str:
    """Position as a text of the file; see `FORMAT`."""
    game, text = start, ""
    for move in moves:
        text += game.describe(move)[-1]
        game = game.play(move)
    return f"{text} {''.join(SIGNS[value] for value in values)}"


def fill(start: Game, source: Source, positions: int, seed: int) -> dict[str, list[str]]:
    """Draw and solve positions until each bucket has as many as wanted."""
    generator, seen = np.random.default_rng(seed), set()
    buckets: dict[str, list[str]] = {bucket: [] for bucket in source.buckets}
    while open_buckets := [bucket for bucket, lines in buckets.items() if len(lines) < positions]:
        stage = generator.choice(open_buckets).split()[0]
        moves, game = drawn(start, int(generator.integers(*source.stages[stage], endpoint=True)), generator)
        if game.over or (known := signature(game)) in seen:
            continue
        solved = source.solve(moves, game, stage)
        if solved is not None and solved[0] in open_buckets:
            seen.add(known)
            buckets[solved[0]].append(written(start, moves, solved[1]))
            print("  ".join(f"{bucket} {len(lines)}" for bucket, lines in buckets.items()), end="\r", flush=True)
    return buckets


def main(
    game: Annotated[Literal["connect_four", "nine_board"], tyro.conf.Positional],
    positions: int = 1000,
    seed: int = 1,
    out: Path = Path(__file__).parents[1] / "marl/games/judges",
) -> None:
    """Make the file of a game."""
    source = {"connect_four": connect_four, "nine_board": nine_board}[game]()
    content = {
        "game": game,
        "format": FORMAT,
        "positions": f"After random legal moves; turned or mirrored, none is there twice. {source.text}",
        "command": f"python experiments/make_judge.py {game} --positions {positions} --seed {seed}",
        "buckets": fill(new_game(game), source, positions, seed),
    }
    save_json(out / f"{game}.json", content, indent=0)
    print(f"\nwrote {out / game}.json")


if __name__ == "__main__":
    tyro.cli(main)
