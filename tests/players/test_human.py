from __future__ import annotations

import pytest

from marl.envs.games.nine_board import NineBoard
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.aec_game import aec_game
from marl.games.turn_based import to_aec
from marl.players.human import Human
from marl.players.match import play_match
from marl.players.player import Player, Quit
from marl.players.rules import RulePlayer


class Terminal:
    """Types what was written beforehand, and keeps what is shown."""

    def __init__(self, typed: str) -> None:
        self.typed = iter(typed.split("|"))
        self.shown: list[str] = []
        self.views: list[Player] = []
        self.human = Human(self.ask, self.shown.append, self.views.append)

    def ask(self, question: str) -> str:
        self.shown.append(question)
        return next(self.typed)

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


def test_legal_moves_are_listed_and_wrong_input_is_asked_again() -> None:
    terminal, game = Terminal("x|0|5| 5 |1"), TicTacToe().play(TicTacToe().read("5"))
    assert terminal.human.choose(game) == game.read("1")
    assert terminal.shown[0] == "legal moves: 1, 2, 3, 4, 6, 7, 8, 9; or help, undo, hint, view, quit"
    assert terminal.shown.count("player 2, your move: ") == 5
    assert "tic_tac_toe: 'x' names no cell; write a number from 1 to 9" in terminal.text
    assert terminal.text.count("tic_tac_toe: 5 is not legal here; legal are 1, 2, 3, 4, 6, 7, 8, 9") == 2
    with pytest.raises(StopIteration):  # nothing else was typed
        terminal.ask("")


def test_undo_goes_back_to_the_own_last_choice() -> None:
    """The rule player answers 5, 3 and 4 to 9, 1 and 7, and loses."""
    terminal = Terminal("1|9|undo|undo|9|1|7|8")
    boards = []
    match = play_match(
        TicTacToe(), (terminal.human, RulePlayer()), lambda before, action, after: boards.append((action, after))
    )
    backs = [after for action, after in boards if action is None]
    read = TicTacToe().read
    assert backs == [TicTacToe().play(read("1")).play(read("5")), TicTacToe()]
    assert [TicTacToe().describe(action) for action in match.actions] == list("9513748")
    assert match.returns == (1.0, -1.0)


def test_a_hint_names_the_winning_move() -> None:
    terminal, game = Terminal("hint|3"), TicTacToe()
    for move in "1425":
        game = game.play(game.read(move))
    assert terminal.human.choose(game) == game.read("3")
    assert "hint: 3 (sure +1.00, from -1 lost to +1 won)" in terminal.text


def test_view_asks_for_what_the_others_know_and_goes_on() -> None:
    terminal = Terminal("view|1 5")
    assert terminal.human.choose(NineBoard()) == 4
    assert terminal.views == [terminal.human]


def test_an_environment_without_a_board_is_played_by_numbers() -> None:
    env = to_aec(TicTacToe())
    env.reset()
    terminal = Terminal("9|4")
    assert terminal.human.choose(aec_game(env)) == 4
    assert terminal.shown[0] == "legal moves: 0, 1, 2, 3, 4, 5, 6, 7, 8; or help, undo, hint, view, quit"
    assert "tic_tac_toe: '9' is no action; write a number from 0 to 8" in terminal.text


def test_quit_ends_the_game() -> None:
    with pytest.raises(Quit):
        Terminal("quit").human.choose(TicTacToe())


def test_help_tells_what_can_be_typed() -> None:
    terminal, game = Terminal("help|5"), TicTacToe().play(TicTacToe().read("1"))
    assert terminal.human.choose(game) == game.read("5")
    assert "you are player 2 of tic_tac_toe; write a move as it is listed, or" in terminal.shown
    commands = [line.split()[0] for line in terminal.shown if line.startswith("  ")]
    assert commands == ["help", "undo", "hint", "view", "quit"]
    assert terminal.shown.count("legal moves: 2, 3, 4, 5, 6, 7, 8, 9") == 1
