from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from envs.tic_tac_toe import TicTacToe
from marl.games import UnknownGameError, game_names, new_game


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setattr("marl.games.entry_points", lambda group: [EntryPoint(name, value, group)])


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


def test_games_of_other_packages_are_found_and_told_if_they_lack_something(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "needy_game.py").write_text("import not_there.inner\n")
    (tmp_path / "other_game.py").write_text("def begin():\n    return 'the first position'\n")
    monkeypatch.syspath_prepend(tmp_path)
    offer(monkeypatch, "other", "other_game:begin")
    assert new_game("other") == "the first position"
    offer(monkeypatch, "needy", "needy_game:begin")
    with pytest.raises(UnknownGameError, match=r"'needy' needs the module 'not_there\.inner'|.* pip install not_there"):
        new_game("needy")
