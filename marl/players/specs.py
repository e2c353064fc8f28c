"""Players by their names on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import Literal

from marl.core.errors import ConfigError
from marl.core.game import Game, read_number
from marl.core.limits import MOST_SECONDS
from marl.games.search.negamax import Negamax, Ties
from marl.games.search.uct import UCT
from marl.players.player import Player
from marl.players.rules import RulePlayer
from marl.players.searchers import NegamaxPlayer, UCTPlayer
from marl.players.simple import FirstLegal, Random

__all__ = ["PLAYERS", "PlayerSpec", "make_player", "parse_player", "player", "present_networks"]

Kind = Literal["random", "first", "rules", "negamax", "uct", "az", "human"]
WITHOUT_BUDGET: dict[str, Kind] = {"random": "random", "first": "first", "rules": "rules", "human": "human"}
MOST_DEPTH, MOST_SIMULATIONS = 1000, 10**9 - 1
PLAYERS = {
    "random": "plays any legal action, each as likely",
    "first": "plays the first legal action",
    "rules": "plays tic_tac_toe by hand-written rules",
    "negamax:DEPTH": "searches so many moves ahead, e.g. negamax:9",
    "uct:SIMULATIONS": "plays so many games to the end before each move, e.g. uct:1000",
    "uct:SECONDSs": "does so for so long before each move, e.g. uct:0.5s",
    "az:RUN": "searches with the network that a run trained, as in its training, e.g. az:runs/nine",
    "az:RUN:SIMULATIONS": "does so with so many simulations; az:RUN:0 plays the network alone, without search",
    "az:RUN:SECONDSs": "does so for about so long before each move, e.g. az:runs/nine:0.5s",
    "human": "asks at the terminal",
}
"""A line for each player."""
THERE_IS = (
    "there is random, first, rules (of tic_tac_toe), negamax:DEPTH (negamax:9), uct:SIMULATIONS (uct:1000), "
    "uct:SECONDSs (uct:0.5s), az:RUN (az:runs/nine, az:runs/nine:400) and human"
)


@dataclass(frozen=True)
class PlayerSpec:
    """Specification of a player, from which any number can be made.

    Args:
        text: the player's name as typed.
        kind: kind of player.
        depth: depth of negamax.
        simulations: budget of a search, if it is not of time; None for that of the run's training.
        seconds: budget of a search, if it is of time.
        ties: choice of negamax among equally good actions.
        plain: True for UCT without proofs and without a kept subtree.
        run: folder of the run whose network plays.
    """

    text: str
    kind: Kind
    depth: int = 0
    simulations: int | None = None
    seconds: float | None = None
    ties: Ties = "soonest"
    plain: bool = False
    run: str = ""


def parse_player(text: str) -> PlayerSpec:
    """Read a player's name with its budget, e.g. ``uct:1000``.

    Raises:
        ConfigError: for an unknown player, or a budget that is missing, not wanted or 0.
    """
    name, colon, budget = text.strip().partition(":")
    if name in WITHOUT_BUDGET:
        if colon:
            raise ConfigError(f"player {text!r}: {name} takes no budget; write {name}")
        return PlayerSpec(name, WITHOUT_BUDGET[name])
    if name == "negamax":
        depth = read_number(budget, 1, MOST_DEPTH)
        if depth is None:
            raise ConfigError(f"player {text!r}: give the depth in moves, 1 to {MOST_DEPTH:,}, e.g. negamax:9")
        return PlayerSpec(f"negamax:{depth}", "negamax", depth=depth)
    if name == "uct":
        simulations, seconds = _budget(text, budget, 1)
        return PlayerSpec(_named(name, simulations, seconds), "uct", simulations=simulations, seconds=seconds)
    if name == "az" and budget:
        return _network(text, budget)
    raise ConfigError(f"there is no player {text!r}; {THERE_IS}")


def _network(text: str, rest: str) -> PlayerSpec:
    run, colon, budget = rest.rpartition(":")
    if not colon or not re.match(r"[.0-9]", budget):
        return PlayerSpec(f"az:{rest}", "az", run=rest)
    simulations, seconds = _budget(text, budget, 0)
    name = _named(f"az:{run}", simulations, seconds)
    return PlayerSpec(name, "az", simulations=simulations, seconds=seconds, run=run)


def _budget(text: str, budget: str, least: int) -> tuple[int | None, float | None]:
    """Budget of a search: simulations or seconds, and None for the other."""
    number, simulations = budget.removesuffix("s"), read_number(budget, least, MOST_SIMULATIONS)
    if simulations is not None:
        return simulations, None
    if number != budget and re.fullmatch(r"[0-9]*\.?[0-9]+", number) and 0 < float(number) <= MOST_SECONDS:
        return None, float(number)
    raise ConfigError(
        f"player {text!r}: give a budget above 0, simulations (uct:1000; at most {MOST_SIMULATIONS:,}) or "
        f"seconds for each move (uct:0.5s; at most {MOST_SECONDS:,})"
    )


def _named(name: str, simulations: int | None, seconds: float | None) -> str:
    return f"{name}:{simulations}" if seconds is None else f"{name}:{seconds:g}s"


def player(name: str, seed: int = 0) -> Player:
    """Make a player by its name on the command line.

    Args:
        name: e.g. ``uct:1000`` or ``az:runs/nine``.
        seed: of its draws.

    Raises:
        ConfigError: for an unknown player, or a human.
        FileError: if the network of a run cannot be loaded.
    """
    spec = parse_player(name)
    if spec.kind == "human":
        raise ConfigError("player 'human' sits at the terminal of marl play; name a player that plays by itself")
    return _made(spec, seed)


def make_player(spec: PlayerSpec, game: Game, seed: int, human: Callable[[], Player] | None = None) -> Player:
    """Make a player for one game.

    Args:
        spec: specification of the player.
        game: first position of the game.
        seed: of the player's draws.
        human: makes the player at the terminal; None if there is no terminal.

    Raises:
        ConfigError: if the player cannot play this game, or a human has no terminal.
        FileError: if its network cannot be loaded.
    """
    if spec.kind == "human":
        if human is None:
            raise ConfigError("player 'human' needs a terminal, and standard input is none")
        return human()
    if spec.kind == "rules" and game.name != "tic_tac_toe":
        raise ConfigError(f"player 'rules' knows the rules of thumb of tic_tac_toe only and cannot play {game.name}")
    if spec.kind == "negamax" and game.num_players != 2:
        raise ConfigError(f"player {spec.text!r} plays games of two; {game.name} has {game.num_players} players")
    if spec.kind == "az":
        from marl.players.network_player import load_network  # which imports PyTorch

        load_network(spec.run, game)
    return _made(spec, seed)


@contextmanager
def present_networks(players: Sequence[PlayerSpec]) -> Iterator[tuple[PlayerSpec, ...]]:
    """Players whose networks stay what they are now, whatever their runs write meanwhile.

    Yields:
        The same players; networks are read from copies of their files, which are removed at the end.

    Raises:
        FileError: if a network's file cannot be found.
    """
    with TemporaryDirectory() as folder:
        yield tuple(_with_copy(spec, Path(folder, str(place))) for place, spec in enumerate(players))


def _with_copy(spec: PlayerSpec, folder: Path) -> PlayerSpec:
    """The same player, whose network is read from a copy of the policy's file in a folder that is made."""
    if spec.kind != "az":
        return spec
    from marl.core.serialisation import state_file  # these import PyTorch
    from marl.policies.saved import policy_file
    from marl.tasks.registry import find_policy

    folder.mkdir()
    copyfile(policy_file(find_policy(spec.run)), state_file(folder, "policy"))
    return replace(spec, run=str(folder))


def _made(spec: PlayerSpec, seed: int) -> Player:
    if spec.kind == "random":
        return Random(seed)
    if spec.kind == "first":
        return FirstLegal()
    if spec.kind == "rules":
        return RulePlayer()
    if spec.kind == "negamax":
        return NegamaxPlayer(Negamax(spec.depth, spec.ties, seed))
    if spec.kind == "az":
        from marl.players.network_player import NetworkPlayer, load_network

        return NetworkPlayer(load_network(spec.run), spec.simulations, spec.seconds)
    extras = not spec.plain
    return UCTPlayer(UCT(spec.simulations, spec.seconds, solver=extras, keep=extras, seed=seed))
