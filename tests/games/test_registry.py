from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from marl.envs.games.nine_board import NineBoard
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.registry import UnknownGameError, game_names, new_game


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setattr("marl.core.entry_points.entry_points", lambda group: [EntryPoint(name, value, group)])


def test_all_games_of_the_package_are_found_by_their_own_names() -> None:
    assert game_names() == ("connect_four", "nine_board", "quarto", "three_marks", "tic_tac_toe")
    for name in game_names():
        game = new_game(name)
        assert game.name == name
        assert not game.over
    assert new_game("tic_tac_toe") == TicTacToe()


def test_an_unknown_name_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownGameError, match=r"no game 'Tictactoe'; did you mean tic_tac_toe\? Else there is: conn"):
        new_game("Tictactoe")
    offer(monkeypatch, "go", "nothing:Go")
    with pytest.raises(UnknownGameError, match=r"no game 'chess'; there is: go\..* entry-point group 'marl\.games'"):
        new_game("chess")


def test_games_of_other_packages_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other_game.py").write_text("def begin():\n    return 'the first position'\n")
    monkeypatch.syspath_prepend(tmp_path)
    offer(monkeypatch, "other", "other_game:begin")
    assert new_game("other") == "the first position"


def test_a_variant_is_named_after_a_colon() -> None:
    assert new_game("nine_board:1") == new_game("nine_board") == NineBoard()
    assert new_game("nine_board:5").legal == tuple(range(36, 45))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nine_board:0", "nine_board:0: there is no such variant of nine_board: give the first board, 1 to 9"),
        ("nine_board:", "nine_board:: .* give the first board, 1 to 9"),
        ("nine_board:12", "1 to 9"),
        ("tic_tac_toe:1", "tic_tac_toe:1: tic_tac_toe has no variants; write tic_tac_toe"),
    ],
)
def test_a_variant_that_there_is_not_is_refused(text: str, error: str) -> None:
    with pytest.raises(UnknownGameError, match=error):
        new_game(text)
