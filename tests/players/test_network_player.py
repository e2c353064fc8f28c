from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from game_positions import positions

from marl.cli.main import main
from marl.core.errors import ConfigError, FileError, Note
from marl.envs.games.three_marks import ThreeMarks
from marl.envs.games.tic_tac_toe import TicTacToe
from marl.games.search.configs import GumbelConfig, PUCTConfig
from marl.players import network_player
from marl.players.network_player import NetworkPlayer, load_network
from marl.players.specs import make_player, parse_player, player
from marl.policies.saved import load_policy
from marl.system.lock import sole_user
from marl.tasks.registry import shipped_policies

SaveNetwork = Callable[..., Path]


def player_of(run: Path, budget: str = "", game: Any = None) -> Any:
    return make_player(parse_player(f"az:{run}{budget}"), TicTacToe() if game is None else game, 0)


def test_without_search_the_networks_likeliest_legal_action_is_played(save_network: SaveNetwork) -> None:
    run = save_network()
    network: Any = load_policy(run / "policy").policy
    for game in positions(TicTacToe(), 20, 4):
        logits, _ = network(torch.from_numpy(game.observe(game.mover)).float().reshape(1, -1), torch.tensor([0]))
        assert player_of(run, ":0").choose(game) == max(game.legal, key=lambda action: logits[0, action].item())


def test_a_search_has_its_simulations_or_those_of_the_training(save_network: SaveNetwork) -> None:
    run = save_network()
    for budget, simulations in (("", 6), (":20", 20), (":1", 1)):
        made = player_of(run, budget)
        assert made.view() is None
        chosen = made.choose(TicTacToe())
        view = made.view()
        assert (view.game, view.action) == (TicTacToe(), chosen)
        assert view.effort == simulations == sum(each.visits for each in view.statistics)
        assert sum(each.prior for each in view.statistics) == pytest.approx(1)
        assert view.principal_variation[0] == chosen
        assert len(view.principal_variation) > (simulations == 20)
        assert len(view.statistics) == 9


def test_many_positions_are_searched_in_parts_as_they_are_together(
    save_network: SaveNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network's numbers may differ by rounding only, and these positions are no ties."""
    games, run = positions(TicTacToe(), 20, 3), save_network()
    together = player_of(run).choose_many(games)
    monkeypatch.setattr(network_player, "MOST_AT_ONCE", 8)
    assert player_of(run).choose_many(games) == together
    assert len(set(together)) > 3


class Clock:
    """Clock that goes on with each simulation of a search, and a search that counts them."""

    def __init__(self, seconds: float, most: int = 10**9) -> None:
        self.now, self.seconds, self.most, self.asked = 0.0, seconds, most, list[int]()

    def run(self, search: Any, positions: Any, generator: Any, noise: bool, deadline: float) -> Any:
        left = int((deadline - self.now) / self.seconds + 1e-6)
        number = max(1, min(search.config.simulations, left, self.most))
        self.asked.append(search.config.simulations)
        self.now += number * self.seconds
        visits = np.full((len(positions), 1), number)
        return SimpleNamespace(visits=visits, action=np.zeros(len(positions), np.int64))


@pytest.mark.parametrize(("kind", "room"), [("puct", 2), ("gumbel", 1)])
def test_a_budget_of_time_has_room_for_what_seems_to_fit_and_more_for_puct(
    kind: Any, room: int, save_network: SaveNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten milliseconds a simulation: of 1 s the 32 of the trial take 0.32, and 68 more fit; then 100, as is known."""
    clock, network = Clock(0.01), load_network(str(save_network()))
    network.config = network.config.model_copy(update={"search": PUCTConfig() if kind == "puct" else GumbelConfig()})
    monkeypatch.setattr(network_player.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(network_player.BatchSearch, "run", lambda *given, **named: clock.run(*given, **named))
    made = NetworkPlayer(network, seconds=1.0)
    for end in (1.0, 2.0):
        made.choose(TicTacToe())
        assert clock.now == pytest.approx(end, abs=0.011)
    assert clock.asked == pytest.approx([32, 68 * room, 100 * room], abs=1)
    clock.seconds = 0.02  # the machine is busy
    made.choose(TicTacToe())
    assert clock.now == pytest.approx(3.0, abs=0.021)


def test_a_run_of_another_game_or_kind_is_refused(save_network: SaveNetwork, tmp_path: Path) -> None:
    own = save_network()
    with pytest.raises(ConfigError, match=f"{own} plays tic_tac_toe; it cannot play three_marks"):
        player_of(own, game=ThreeMarks())
    team = next(iter(shipped_policies()))
    with pytest.raises(ConfigError, match=f"{team} has no network of a game; az plays what marl train GAME_alpha_zero"):
        player_of(Path(team))
    with pytest.raises(FileError, match=f"{tmp_path}/none does not exist; name the folder of a run"):
        player_of(tmp_path / "none")
    for seed in (1, 2):
        save_network(f"several/seed-{seed}")
    several = tmp_path / "several"
    with pytest.raises(
        FileError, match=f"{several} holds runs of several seeds; name one of them, e.g. {several}/seed-1$"
    ):
        player_of(several)
    assert isinstance(player_of(several / "seed-2"), NetworkPlayer)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="empty"):
        player_of(tmp_path / "empty")


def test_options_of_a_team_are_refused_for_a_game(
    save_network: SaveNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save_network()
    for line in (["evaluate", run], ["render", run, "--out", tmp_path / "x.gif"]):
        assert main([*map(str, line), "--team", "A=2"]) == 2
        assert "team is 'A=2': tic_tac_toe has no team to choose; leave it out" in capsys.readouterr().err


@pytest.mark.parametrize("before", ["", "az:"])
def test_a_run_in_place_of_a_game_is_told_how_one_plays_with_it(
    before: str, save_network: SaveNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    run = save_network(game="three_marks")
    assert main(["play", f"{before}{run}"]) == 2
    line = f"marl play three_marks human az:{run} az:{run}"
    assert f"{before}{run} is a run, and no game; its network is a player: {line}\n" in capsys.readouterr().err


def test_a_network_is_read_once_and_anew_when_its_run_has_written_another(save_network: SaveNetwork) -> None:
    run = save_network()
    assert player(f"az:{run}:3").choose(TicTacToe()) == player_of(run, ":3").choose(TicTacToe())
    first = load_network(str(run), TicTacToe())
    assert load_network(str(run), TicTacToe()) is first
    assert load_network(str(run / "policy"), TicTacToe()).value_head.bias.equal(first.value_head.bias)
    save_network(seed=1)
    os.utime(run / "policy" / "policy.safetensors", ns=(1, 1))  # clocks of file systems may be coarse
    assert not load_network(str(run), TicTacToe()).value_head.bias.equal(first.value_head.bias)


def test_of_a_run_that_still_trains_it_is_said_what_plays(save_network: SaveNetwork) -> None:
    run = save_network()
    with sole_user(run), pytest.warns(Note, match=rf"{run} still trains: az:{run} plays its best network of so far"):
        load_network(str(run))
