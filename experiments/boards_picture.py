"""Picture of docs/games.md: positions of three games, and what UCT with 1,000 simulations finds in them.

Usage: python experiments/boards_picture.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from marl.games.board_picture import draw_board
from marl.games.registry import new_game
from marl.players.adviser import Adviser
from marl.players.moves import read_move, written
from marl.players.specs import parse_player

PICTURE = Path(__file__).parents[1] / "docs/pictures/boards.png"
MOVES = {"nine_board": "5 3 1 4 5 2 6", "connect_four": "4 4 3 5 3", "quarto": "p5 6 p12 7"}
WIDTH, GAP, COLOURS = 400, 10, 64


def board(name: str, moves: str) -> Image.Image:
    """Position after some moves, with the statistics of a search."""
    game, before = written(new_game(name)), None
    for move in moves.split():
        game, before = written(game.play(read_move(game, move))), game
    view = Adviser(parse_player("uct:1000"))(game)
    return Image.fromarray(draw_board(game, before, view.statistics).pixels(WIDTH))


def main() -> None:
    """Draw the boards side by side, in few colours."""
    boards = [board(name, moves) for name, moves in MOVES.items()]
    sheet = Image.new("RGB", (len(boards) * (WIDTH + GAP) - GAP, max(each.height for each in boards)), "white")
    for number, each in enumerate(boards):
        sheet.paste(each, (number * (WIDTH + GAP), 0))
    sheet.quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
