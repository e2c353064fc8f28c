from __future__ import annotations

import pytest

from marl.envs.games.connect_four import ConnectFour
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.negamax import Negamax
from marl.games.search.uct import UCT
from marl.players.searchers import NegamaxPlayer, UCTPlayer


def test_who_has_not_chosen_yet_knows_nothing() -> None:
    assert NegamaxPlayer(Negamax(3)).view() is None
    assert UCTPlayer(UCT(10)).view() is None


def test_uct_tells_the_visits_of_its_choice() -> None:
    player, game = UCTPlayer(UCT(500, seed=3)), ConnectFour()
    action = player.choose(game)
    view = player.view()
    assert view is not None
    assert (view.game, view.action, view.effort, view.unit) == (game, action, 500, "simulations")
    assert sum(each.visits for each in view.statistics) == 500
    assert max(view.statistics, key=lambda each: each.visits).action == action == view.principal_variation[0]


@pytest.mark.parametrize("ties", ["soonest", "first", "random"])
def test_negamax_tells_exact_values_and_a_line_that_begins_with_its_choice(ties: str) -> None:
    """X has corners 1 and 9 and O the centre and corner 3: 7 alone is no loss, and by 4 and 8 it wins."""
    game = TicTacToe()
    for move in "1593":
        game = game.play(game.read(move))
    player = NegamaxPlayer(Negamax(9, ties))  # type: ignore[arg-type]
    assert game.describe(player.choose(game)) == "7"
    view = player.view()
    assert view is not None
    values = {game.describe(each.action): each.value[0] for each in view.statistics}
    assert values == {"2": -1.0, "4": -1.0, "6": -1.0, "7": 1.0, "8": -1.0}
    assert view.unit == "positions"
    for seed in range(5):
        player = NegamaxPlayer(Negamax(9, ties, seed))  # type: ignore[arg-type]
        action, view = player.choose(TicTacToe()), player.view()
        assert view is not None
        assert view.action == view.principal_variation[0] == action
