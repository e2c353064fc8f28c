from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from marl.envs.games.tic_tac_toe import TicTacToe
from marl.players.match import play_match
from marl.players.specs import make_player
from marl.players.tournament import games
from marl.players.tournament.games import FinishedGame, play_rounds, play_tournament
from marl.players.tournament.plan import TournamentPlan, opening_of, rounds_of

Planned = Callable[..., TournamentPlan]


def without_times(played: list[FinishedGame]) -> list[FinishedGame]:
    return [replace(game, seconds=()) for game in played]


def never() -> bool:
    return False


def test_both_seatings_begin_from_the_same_drawn_position(planned: Planned, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    real = games.play_match

    def noted(game: Any, players: Any) -> Any:
        begun.append((game, [type(player).__name__ for player in players]))
        return real(game, players)

    monkeypatch.setattr(games, "play_match", noted)
    plan = planned("random rules", games=12, plies=3)
    play_tournament(plan, 1, lambda done, total: None, never)
    for number in range(6):
        (first, players), (second, other_way_round) = begun[2 * number : 2 * number + 2]
        assert first == second == opening_of(TicTacToe(), plan, number)
        assert players == other_way_round[::-1] == ["Random", "RulePlayer"]


def test_known_games_end_as_they_must(planned: Planned) -> None:
    """From the empty board first, who takes 1, 4 and so on, loses to the rules from both seats: 5 1 3 4 7 and
    1 5 4 7 2 3."""
    played = play_tournament(planned("first rules", games=4, plies=0), 1, lambda done, total: None, never)
    assert [(game.opening, game.seats) for game in played] == [(0, (0, 1)), (0, (1, 0)), (1, (0, 1)), (1, (1, 0))]
    assert [game.returns for game in played] == [(-1.0, 1.0), (1.0, -1.0)] * 2
    assert [game.moves for game in played] == [(3, 3), (3, 2)] * 2
    assert all(len(game.seconds) == 2 and min(game.seconds) >= 0 for game in played)


def test_what_is_played_does_not_depend_on_processes_or_on_who_else_plays(planned: Planned) -> None:
    counts: list[tuple[int, int]] = []
    plan = planned("random uct:5 rules", games=10, seed=4)
    here = play_tournament(plan, 1, lambda done, total: None, never)
    there = play_tournament(plan, 2, lambda done, total: counts.append((done, total)), never)
    assert without_times(here) == without_times(there)
    assert len(here) == 30
    assert (counts[0], counts[-1]) == ((0, 30), (30, 30))
    assert not multiprocessing.active_children()
    others = play_tournament(planned("first random uct:5", games=10, seed=4), 1, lambda done, total: None, never)
    pair = [replace(game, seats=(game.seats[0] - 1, game.seats[1] - 1)) for game in others if 0 not in game.seats]
    assert without_times(pair) == [game for game in without_times(here) if 2 not in game.seats]
    other = play_tournament(replace(plan, seed=5), 1, lambda done, total: None, never)
    assert without_times(other) != without_times(here)


def test_networks_stay_what_they_are_when_the_tournament_begins(
    planned: Planned, save_network: Callable[..., Path]
) -> None:
    run = save_network()
    plan = planned(f"az:{run}:3 uct:5", games=20)
    first = play_tournament(plan, 1, lambda done, total: None, never)

    def write_another(done: int, total: int) -> None:
        if done == 0:
            save_network(seed=1)
            os.utime(run / "policy" / "policy.safetensors", ns=(1, 1))  # clocks of file systems may be coarse

    for jobs in 1, 2:
        save_network(seed=0)
        assert without_times(play_tournament(plan, jobs, write_another, never)) == without_times(first)
    newer = play_tournament(plan, 1, lambda done, total: None, never)
    assert without_times(newer) != without_times(first)


def test_games_of_a_pair_differ(planned: Planned) -> None:
    plan = planned("random uct:5", games=40, plies=0)
    lengths = {game.moves for game in play_rounds(plan, list(rounds_of(plan))) if game.seats == (0, 1)}
    assert len(lengths) > 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_stopped_tournament_gives_what_is_done(planned: Planned, jobs: int) -> None:
    done: list[int] = []
    plan = planned("random rules first", games=4000)
    played = play_tournament(plan, jobs, lambda count, total: done.append(count), lambda: done[-1] > 0)
    assert 0 < len(played) == done[-1] < 12_000
    assert all(len(game.returns) == 2 for game in played)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("jobs", [1, 2])
def test_of_millions_of_games_only_those_that_are_due_are_made(
    planned: Planned, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def noted(plan: TournamentPlan) -> Any:
        for each in rounds_of(plan):
            made.append(each.opening)
            yield each

    monkeypatch.setattr(games, "rounds_of", noted)
    plan = planned("random first", games=10_000_000)
    played = play_tournament(plan, jobs, lambda done, total: None, lambda: len(made) > 0)
    assert len(made) < 5_000
    assert len(played) < 10_000


def test_networks_play_the_same_in_one_process_and_in_two(planned: Planned, save_network: Callable[..., Path]) -> None:
    """In lock step, from drawn openings in both seats; their opponents have random numbers of each game's own."""
    run, other = save_network(), save_network("other", seed=1)
    plan = planned(f"az:{run} uct:5 az:{other}:3", games=12, seed=2)
    here = play_tournament(plan, 1, lambda done, total: None, never)
    assert len(here) == 36
    assert without_times(play_tournament(plan, 2, lambda done, total: None, never)) == without_times(here)
    alone = play_tournament(planned(f"az:{run} uct:5", games=12, seed=2), 1, lambda done, total: None, never)
    assert without_times(alone) == [game for game in without_times(here) if set(game.seats) == {0, 1}]
    assert len({game.moves for game in here}) > 2
    for game in here[:4]:
        first = opening_of(TicTacToe(), plan, game.opening)
        players = [make_player(plan.players[place], TicTacToe(), 0) for place in game.seats]
        if 1 not in game.seats:
            assert play_match(first, players).moves == game.moves


def test_a_network_is_shared_by_its_games_and_others_are_not(
    planned: Planned, save_network: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: list[Any] = []
    real = games.play_matches

    def noted(starts: Any, players: Any) -> Any:
        tables.extend(players)
        return real(starts, players)

    monkeypatch.setattr(games, "play_matches", noted)
    plan = planned(f"az:{save_network()}:2 random", games=8)
    play_tournament(plan, 1, lambda done, total: None, never)
    kinds = [[type(player).__name__ for player in table] for table in tables]
    assert kinds == [["NetworkPlayer", "Random"], ["Random", "NetworkPlayer"]] * 4
    everyone = {(type(player).__name__, id(player)) for table in tables for player in table}
    assert sorted(kind for kind, _ in everyone) == ["NetworkPlayer"] + ["Random"] * 8
