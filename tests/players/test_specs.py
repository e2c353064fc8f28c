from __future__ import annotations

from dataclasses import replace

import pytest

from marl.core.errors import ConfigError
from marl.envs.games.nine_board import NineBoard
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.searchers import NegamaxPlayer, UCTPlayer
from marl.players.simple import Random
from marl.players.specs import PlayerSpec, make_player, parse_player, player


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("random", PlayerSpec("random", "random")),
        (" first", PlayerSpec("first", "first")),
        ("negamax:9", PlayerSpec("negamax:9", "negamax", depth=9)),
        ("negamax:09", PlayerSpec("negamax:9", "negamax", depth=9)),
        ("uct:1000", PlayerSpec("uct:1000", "uct", simulations=1000)),
        ("uct:0.5s", PlayerSpec("uct:0.5s", "uct", seconds=0.5)),
        ("uct:.25s", PlayerSpec("uct:0.25s", "uct", seconds=0.25)),
        ("uct:2s", PlayerSpec("uct:2s", "uct", seconds=2.0)),
        ("az:runs/nine", PlayerSpec("az:runs/nine", "az", run="runs/nine")),
        ("az:runs/nine:0", PlayerSpec("az:runs/nine:0", "az", simulations=0, run="runs/nine")),
        ("az:runs/nine:0400", PlayerSpec("az:runs/nine:400", "az", simulations=400, run="runs/nine")),
        ("az:runs/nine:.5s", PlayerSpec("az:runs/nine:0.5s", "az", seconds=0.5, run="runs/nine")),
        ("az:C:/runs/nine", PlayerSpec("az:C:/runs/nine", "az", run="C:/runs/nine")),
        ("az:C:/runs/nine:8", PlayerSpec("az:C:/runs/nine:8", "az", simulations=8, run="C:/runs/nine")),
        ("az:a:b:2s", PlayerSpec("az:a:b:2s", "az", seconds=2.0, run="a:b")),
    ],
)
def test_players_are_read(text: str, spec: PlayerSpec) -> None:
    assert parse_player(text) == spec


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "chess",
            r"there is no player 'chess'; there is random, first, .* uct:SECONDSs \(uct:0\.5s\), az:RUN .* and human",
        ),
        ("", r"there is no player ''; there is random"),
        ("UCT:5", r"there is no player 'UCT:5'"),
        ("random:3", r"player 'random:3': random takes no budget; write random"),
        ("negamax", r"player 'negamax': give the depth in moves, 1 to 1,000"),
        ("negamax:0", r"player 'negamax:0': give the depth"),
        ("negamax:-2", r"player 'negamax:-2': give the depth"),
        ("negamax:2.5", r"player 'negamax:2\.5': give the depth"),
        ("negamax:1001", r"player 'negamax:1001': give the depth in moves, 1 to 1,000, e\.g"),
        ("negamax:" + "9" * 5000, r"give the depth"),
        ("uct:\u0663", r"give a budget above 0"),
        ("uct:1000000000", r"give a budget above 0, simulations \(uct:1000; at most 999,999,999\)"),
        ("uct", r"player 'uct': give a budget above 0"),
        ("uct:0", r"player 'uct:0': give a budget above 0, simulations \(uct:1000; .*\) or seconds"),
        ("uct:0s", r"player 'uct:0s': give a budget above 0"),
        ("uct:0.0s", r"player 'uct:0\.0s': give a budget above 0"),
        ("uct:1.5", r"player 'uct:1\.5': give a budget above 0"),
        ("uct:-1", r"player 'uct:-1': give a budget above 0"),
        ("uct:86401s", r"seconds for each move \(uct:0\.5s; at most 86,400\)"),
        ("uct:" + "9" * 400 + "s", r"seconds for each move \(uct:0\.5s; at most 86,400\)"),
        ("az", r"there is no player 'az'; .* az:RUN \(az:runs/nine, az:runs/nine:400\) and human"),
        ("az:", r"there is no player 'az:'"),
        ("az:runs/nine:5x", r"player 'az:runs/nine:5x': give a budget above 0"),
        ("az:runs/nine:0s", r"player 'az:runs/nine:0s': give a budget above 0"),
        ("az:runs/nine:1.5", r"player 'az:runs/nine:1\.5': give a budget above 0"),
        ("uct:nans", r"player 'uct:nans': give a budget above 0"),
    ],
)
def test_what_names_no_player_is_refused_with_what_there_is(text: str, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        parse_player(text)


def test_budgets_reach_the_search() -> None:
    player = make_player(parse_player("uct:37"), TicTacToe(), seed=5)
    assert isinstance(player, UCTPlayer)
    search = player.search
    assert (search.simulations, search.seconds, search.seed, search.solver, search.keep) == (37, None, 5, True, True)
    player = make_player(parse_player("uct:0.25s"), TicTacToe(), seed=5)
    assert isinstance(player, UCTPlayer)
    assert (player.search.simulations, player.search.seconds) == (None, 0.25)
    player = make_player(parse_player("negamax:4"), TicTacToe(), seed=5)
    assert isinstance(player, NegamaxPlayer)
    assert (player.search.depth, player.search.ties) == (4, "soonest")


def test_plain_searches_and_drawn_ties_reach_the_search() -> None:
    player = make_player(replace(parse_player("uct:37"), plain=True), TicTacToe(), seed=5)
    assert isinstance(player, UCTPlayer)
    assert (player.search.solver, player.search.keep) == (False, False)
    player = make_player(replace(parse_player("negamax:9"), ties="random"), TicTacToe(), seed=5)
    assert isinstance(player, NegamaxPlayer)
    assert player.search.ties == "random"


def test_seeds_reach_the_players() -> None:
    def drawn(text: str, seed: int) -> list[int]:
        player = make_player(replace(parse_player(text), ties="random"), NineBoard(), seed)
        return [player.choose(NineBoard()) for _ in range(12)]

    for text in ("random", "uct:2", "negamax:2"):
        assert drawn(text, 1) == drawn(text, 1) != drawn(text, 2)


def test_players_that_cannot_play_a_game_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'rules' knows the rules of thumb of tic_tac_toe only .* play nine_board"):
        make_player(parse_player("rules"), NineBoard(), 0)
    with pytest.raises(ConfigError, match="'negamax:3' plays games of two; three_marks has 3 players"):
        make_player(parse_player("negamax:3"), ThreeMarks(), 0)
    with pytest.raises(ConfigError, match="'human' needs a terminal, and standard input is none"):
        make_player(parse_player("human"), TicTacToe(), 0)
    human = Random(0)
    assert make_player(parse_player("human"), TicTacToe(), 0, lambda: human) is human


def test_a_player_is_made_by_its_name_alone() -> None:
    game = TicTacToe()
    assert [player("random", 5).choose(game) for _ in range(2)] == [Random(5).choose(game)] * 2
    assert player("first").choose(game) == 0
    with pytest.raises(ConfigError, match="player 'human' sits at the terminal of marl play; name a player that plays"):
        player("human")
