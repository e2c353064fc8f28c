from __future__ import annotations

from marl.envs.games.connect_four import ConnectFour
from marl.players.simple import FirstLegal, Random


def test_random_draws_every_legal_action_and_no_other_by_its_seed() -> None:
    game = ConnectFour()
    for _ in range(6):
        game = game.play(2)
    drawn = [[player.choose(game) for _ in range(200)] for player in (Random(3), Random(3), Random(4))]
    assert set(drawn[0]) == {0, 1, 3, 4, 5, 6}
    assert drawn[0] == drawn[1] != drawn[2]
    # a sixth each: 33; standard error 5.3
    assert min(drawn[0].count(column) for column in set(drawn[0])) > 15


def test_first_plays_the_first_legal_action() -> None:
    game = ConnectFour()
    assert FirstLegal().choose(game) == 0
    for _ in range(6):
        game = game.play(0)
    assert FirstLegal().choose(game) == 1
    assert FirstLegal().view() is None
