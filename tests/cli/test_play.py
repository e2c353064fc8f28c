from __future__ import annotations

import io

import pytest

from marl.cli.main import main


class Keyboard(io.StringIO):
    """A terminal at which something is typed."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def play(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["play", *arguments])
    return status, *capsys.readouterr()


def test_two_players_play_and_every_board_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = play(capsys, "tic_tac_toe", "first", "rules")
    assert (status, err) == (0, "")
    moves = [line for line in out.splitlines() if " plays " in line]
    assert moves == [
        f"player {seat + 1} ({name}) plays {move}"
        for (seat, name), move in zip([(0, "first"), (1, "rules")] * 3, "154723", strict=True)
    ]
    assert out.count("---+---+---") == 2 * 7
    assert " X | X | O \n---+---+---\n X | O | 6 \n---+---+---\n O | 8 | 9 " in out
    assert out.startswith("X is player 1 (first), O is player 2 (rules)\n")
    assert out.endswith("the line goes from row 1, column 3 to row 3, column 1\nplayer 2 (rules) wins\n")


def test_an_opening_comes_first_and_one_seed_plays_one_game(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("connect_four", "--players", "uct:50,negamax:3", "--opening", "4, 4,4", "--view", "--seed")
    status, out, _ = play(capsys, *command, "1")
    assert status == 0
    empty = "\n. . . . . . ."
    told = "X is player 1 (uct:50), O is player 2 (negamax:3)\n"
    assert out.startswith(f"{told}{3 * empty}\n. . . X . . .\n. . . O . . .\n. . . X . . .\n")
    assert out.index("player 2 (negamax:3) plays") < out.index("player 1 (uct:50) plays")
    assert "50 simulations; best line " in out
    assert " positions; best line " in out
    assert play(capsys, *command, "1")[1] == out
    assert play(capsys, *command, "2")[1] != out


def test_a_drawn_game_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = play(capsys, "tic_tac_toe", "--players", "negamax:9,negamax:9")
    assert (status, out.splitlines()[-1]) == (0, "drawn")


def test_a_person_plays_at_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Opposite corners beat the rules; 2 is taken back, a wrong cell asked again."""
    monkeypatch.setattr("sys.stdin", Keyboard("undo\n1\n2\nundo\n5\n[/]\n9\n7\n4\n8\n"))
    status, out, err = play(capsys, "tic_tac_toe", "--players", "human,rules")
    assert (status, err) == (0, "")
    assert "legal moves: 1, 2, 3, 4, 5, 6, 7, 8, 9; or help, undo, hint, view, quit" in out
    assert out.count("taken back") == 1
    assert out.count("there is no move of yours to take back") == 1
    assert "tic_tac_toe: '[/]' names no cell" in out
    assert "tic_tac_toe: 5 is not legal here" in out
    assert out.endswith("player 1 (human) wins\n")


def test_a_person_sees_what_the_search_knows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("view\n1 5\nview\nhint\nquit\n"))
    status, out, _ = play(capsys, "nine_board", "--players", "human,uct:200")
    assert status == 0
    assert out.index("nobody who searches has moved yet") < out.index("200 simulations; best line 5 ")
    assert "move" in out
    assert "hint: " in out
    assert out.endswith("the game was left unfinished\n")


def test_hints_come_from_the_player_that_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("1\n2\nhint\nquit\n"))
    status, out, _ = play(capsys, "tic_tac_toe", "human", "first", "--hints", "uct:90")
    assert (status, "hint: " in out) == (0, True)
    status, _, err = play(capsys, "tic_tac_toe", "human", "first", "--hints", "first")
    assert (status, "first gives no hints; name a player that searches" in err) == (2, True)


def test_the_end_of_input_ends_the_game(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Keyboard("5\n"))
    status, out, _ = play(capsys, "tic_tac_toe", "--players", "human,first")
    assert status == 0
    assert out.endswith("the game was left unfinished\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("go --players first,first", "there is no game 'go'; there is: connect_four, nine_board, quarto, three_marks"),
        (
            "predator_team",
            "is a run, and no game; where its team has an opponent, a person steers that: marl play --web",
        ),
        ("tic_tac_toe --players first", "tic_tac_toe has 2 seats, and the players are first"),
        ("three_marks first first", "three_marks has 3 seats, and the players are first, first"),
        ("tic_tac_toe", "nobody plays; name the players after the game: marl play tic_tac_toe human rules"),
        (
            "tic_tac_toe first rules --players first,rules",
            "named after the game, first rules, and as --players",
        ),
        ("tic_tac_toe --players first,chess", "there is no player 'chess'; there is random"),
        ("tic_tac_toe --players first,uct:0", "player 'uct:0': give a budget above 0"),
        ("tic_tac_toe --players first,human", "player 'human' needs a terminal, and standard input is none"),
        ("tic_tac_toe --players first,first --seed -1", "--seed is -1; give at least 0"),
        ("tic_tac_toe --players first,first --opening 5,5", "--opening: move 2: tic_tac_toe: 5 is not legal here; "),
        ("nine_board --players first,first --opening 5,5,5", "--opening: move 3: nine_board: 5 is not legal here; l"),
        ("tic_tac_toe --players first,first --opening 1,x", "--opening: move 2: tic_tac_toe: 'x' names no cell; "),
        ("tic_tac_toe --players first,first --opening 1,4,2,5,3", "--opening '1,4,2,5,3' ends the game; give fewer"),
        ("tic_tac_toe --players first,first --opening 1,4,2,5,3,9", "move 6: tic_tac_toe: the game is over, 9 cannot"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = play(capsys, *arguments.split())
    assert status == 2
    assert error in err
