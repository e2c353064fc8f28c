from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_games import Stones, small_games

import marl.players.game_film
import marl.training.game_evaluation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.evaluation.episodes import StoppedError
from marl.networks.configs import MLPTrunkConfig
from marl.players.game_film import Moment
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, shape_of
from marl.training.game_evaluation import GameEvaluation
from marl.training.run_config import read_config

__all__ = ["small_games"]


def network_of(game: Any) -> GameNetwork:
    config = GameNetworkConfig(trunk=MLPTrunkConfig(hidden=(8,)))
    size, action = int(np.prod(game.observation_shape)), ActionSpec("discrete", game.num_actions)
    roster = Roster((AgentClass("player", size, action),), (game.num_players,))
    search = {"kind": "puct", "simulations": 30}
    described = {**config.model_dump(), "game": shape_of(game, config), "search": search}
    return GameNetwork(roster, SavedGameNetworkConfig.model_validate(described))


@pytest.fixture
def evaluation(small_games: None) -> GameEvaluation:
    """Of four games of stones against each of two players."""
    algorithm = {"name": "alpha_zero", "evaluation_players": ["first", "uct:30"]}
    values = {"env": {"name": "stones"}, "algorithm": algorithm, "evaluation_episodes": 4}
    return GameEvaluation(read_config(values), Stones())


def test_points_against_each_player(evaluation: GameEvaluation) -> None:
    """After two drawn moves 3, 2 or 1 stones are left: a search wins two games of three sizes, whoever moves, against
    one that sees as much each opening is won once from its two seats."""
    told: list[tuple[int, int]] = []
    measures = evaluation.measure(network_of(Stones()), lambda ended, of, moves: told.append((ended, of)) is None)
    assert measures["points/uct:30"] == 0.5
    assert set(measures) == {"points/first", "points/uct:30"}
    assert measures["points/first"] >= 0.5
    assert told[-1] == (8, 8) and {of for _, of in told} == {8}
    assert evaluation.measure(network_of(Stones()), lambda ended, of, moves: True) == measures


def test_it_stops_when_asked_to(evaluation: GameEvaluation) -> None:
    with pytest.raises(StoppedError):
        evaluation.measure(network_of(Stones()), lambda ended, of, moves: False)


def test_a_game_that_cannot_be_drawn_has_no_picture(evaluation: GameEvaluation) -> None:
    assert evaluation.draw(network_of(Stones()), lambda: True) is None


def test_a_game_is_drawn_with_what_was_searched(evaluation: GameEvaluation, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Moment] = []
    picture = np.zeros((2, 2, 3), np.uint8)
    for module in (marl.training.game_evaluation, marl.players.game_film):
        monkeypatch.setattr(module, "drawable", lambda game: game)
    monkeypatch.setattr(marl.training.game_evaluation, "sheet", lambda moments: (shown.extend(moments), picture)[1])
    assert evaluation.draw(network_of(Stones()), lambda: True) is picture
    assert shown[-1].game.over and not shown[0].game.over
    assert sum(each.visits for each in shown[0].statistics) > 0 and shown[0].statistics[0].prior is not None
    with pytest.raises(StoppedError):
        evaluation.draw(network_of(Stones()), lambda: False)


def test_without_an_arena_the_mean_share_of_points_says_which_network_is_better(small_games: None) -> None:
    def score(**changes: Any) -> Any:
        algorithm = {"name": "alpha_zero", "evaluation_players": ["first"], "search": {"kind": "gumbel"}, **changes}
        values = {"env": {"name": "stones"}, "algorithm": algorithm}
        return GameEvaluation(read_config(values), Stones()).score

    assert score(arena=None)({"points/first": 0.25, "points/uct:30": 0.75}) == 0.5
    assert score(arena=None, evaluation_players=[])({}) is None
    assert score(arena={"games": 4})({"points/first": 0.25}) is None
