"""``marl play``."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich import box
from rich.table import Table

from marl.cli.board_text import board_text, marks_of, won_line
from marl.cli.options import EnvironmentOptions, NamedPlayers, check_seed, named_players, parse, shown
from marl.core.errors import ConfigError, FileError
from marl.system.console import plain_console

if TYPE_CHECKING:
    from rich.console import Console

    from marl.core.game import Game, GameView
    from marl.players.adviser import Adviser
    from marl.players.player import Player, View
    from marl.players.specs import PlayerSpec

__all__ = ["play"]


@dataclass
class Arguments:
    """Play a turn-based game: by hand at the terminal or on a page, or between players; or steer a prey.

    Players: human; random; first (legal action); rules (of tic_tac_toe); negamax:DEPTH;
    uct:SIMULATIONS; uct:SECONDSs for each move; az:RUN, a trained network. A human writes moves as they are
    listed, and help, undo, hint, view (what the opponents know about their last moves) or quit. A page is shown
    to this machine alone.
    On a page a person also steers the side that a trained team meets, which RUN names in place of a game.

    Examples: marl play nine_board human uct:10000;
    marl play connect_four --players uct:1000,negamax:6 --view --seed 1;
    marl play tic_tac_toe --players human,rules --opening "1,9"; marl play connect_four human az:runs/four --web;
    marl play --web --play prey=human predator_team
    """

    game: Annotated[str, tyro.conf.Positional, shown("GAME|RUN")]
    """E.g. tic_tac_toe, nine_board (nine_board:5 begins on board 5), connect_four, three_marks or quarto; or the folder
    of a run, or a policy that comes with the package, against which a person steers."""
    players: Annotated[tuple[str, ...], tyro.conf.Positional, shown("PLAYER PLAYER [PLAYER...]")] = ()
    """One for each seat."""
    named: NamedPlayers = None
    """The same with commas."""
    opening: Annotated[str, shown("MOVE,MOVE,...", "(default: none)")] = ""
    """Moves that were played, as a person writes them, with commas."""
    view: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """After each move of a player that searches, show what it knows: visits, values, best line."""
    hints: Annotated[str | None, shown("PLAYER", "(default: the network that plays, or uct:10000)")] = None
    """Player that searches for the hints a person asks for, e.g. az:RUN."""
    seed: int = 0
    """Seed of the numbers that players draw, below 2^32."""
    web: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Play on a page in the browser; its address is printed."""
    port: Annotated[int | None, shown("N", "(default: any that is free)")] = None
    """Port of the page."""
    environment: tyro.conf.OmitArgPrefixes[EnvironmentOptions] = field(default_factory=EnvironmentOptions)
    """Settings of the environment in which a person steers."""


def play(arguments: list[str]) -> int:
    """Play one game and print it.

    Args:
        arguments: as typed after ``marl play``.

    Returns:
        Exit status.

    Raises:
        ConfigError: if an option cannot be used.
    """
    options = parse(Arguments, arguments, "marl play")
    check_seed(options.seed)
    if options.port is not None and not options.web:
        raise ConfigError(f"--port {options.port} is for a page; add --web")
    if options.environment != EnvironmentOptions():
        return _steered(options)
    from marl.players.adviser import Adviser
    from marl.players.match import play_match, winners
    from marl.players.moves import written
    from marl.players.player import Quit
    from marl.players.specs import parse_player

    console = plain_console()
    start = written(_game(options.game))
    players = named_players(options.players, options.named, "marl play tic_tac_toe human rules")
    specs = [parse_player(text) for text in players]
    if len(specs) != start.num_players:
        raise ConfigError(f"{options.game} has {start.num_players} seats, and the players are {', '.join(players)}")
    game = _opened(start, options.opening)
    adviser = Adviser(None if options.hints is None else parse_player(options.hints), specs, options.seed)
    if options.web:
        from marl.cli.page import serve
        from marl.players.clicks import ClickTable

        table = ClickTable(game, specs, options.seed, options.view, adviser)
        return serve(table.page, table.hear, table.serve, options.port)
    stage = _Stage(specs, game, adviser, options, console)
    marks = marks_of(game)
    told = [f"{marks[seat]} is {_name(seat, specs)}" for seat in sorted(marks)]
    if told:
        console.print(", ".join(told))
    stage.draw(game)
    try:
        match = play_match(game, stage.players, stage.tell)
    except (Quit, EOFError):
        console.print("\nthe game was left unfinished")
        return 0
    line = won_line(stage.shown)
    if line:
        console.print(line)
    console.print(winners(match.returns, [_name(seat, specs) for seat in range(len(specs))]))
    return 0


def _game(name: str) -> Game:
    """First position of a game.

    Raises:
        ConfigError: for an unknown name; for a run it says how one plays with it.
    """
    from marl.games.registry import UnknownGameError, new_game

    try:
        return new_game(name)
    except UnknownGameError as unknown:
        run = name.removeprefix("az:")
        with suppress(FileError):  # it is no run either
            raise ConfigError(f"{name} is a run, and no game; {_played_with(run)}") from unknown
        raise


def _played_with(run: str) -> str:
    """Words on how one plays with a run."""
    from marl.policies.game_network import GameNetwork
    from marl.policies.saved import load_policy
    from marl.tasks.registry import find_policy

    policy = load_policy(find_policy(run)).policy
    if not isinstance(policy, GameNetwork):
        return f"where its team has an opponent, a person steers that: marl play --web --play prey=human {run}"
    game = policy.config.game
    others = " ".join([f"az:{run}"] * (game.players - 1))
    return f"its network is a player: marl play {game.name} human {others}"


def _steered(options: Arguments) -> int:
    if not options.environment.play:
        raise ConfigError("settings of an environment are for steering in it; add --play prey=human")
    if not options.web:
        raise ConfigError("--play is for a page on which a person steers; add --web")
    if options.players or options.named or options.opening or options.view:
        raise ConfigError("--play is for a team's environment, which has neither players, --opening nor --view")
    from marl.cli.play_side import play_side

    return play_side(Path(options.game), options.environment, options.seed, options.port)


def _opened(game: GameView, opening: str) -> GameView:
    """Position after the moves of an opening.

    Raises:
        ConfigError: naming the move that cannot be played.
    """
    from marl.core.game import IllegalActionError
    from marl.players.moves import read_move

    for number, move in enumerate(opening.split(",") if opening.strip() else (), 1):
        try:
            game = game.play(read_move(game, move))
        except IllegalActionError as error:
            raise ConfigError(f"--opening: move {number}: {error}") from error
    if game.over:
        raise ConfigError(f"--opening {opening!r} ends the game; give fewer moves")
    return game


class _Stage:
    """Players of a game, and all that is shown of it."""

    def __init__(
        self, specs: list[PlayerSpec], game: Game, adviser: Adviser, options: Arguments, console: Console
    ) -> None:
        from marl.players.moves import written
        from marl.players.specs import make_player

        self.specs, self.adviser, self.views, self.console = specs, adviser, options.view, console
        self.shown = written(game)
        human = self._human if sys.stdin.isatty() else None
        self.players = [make_player(spec, game, options.seed + seat, human) for seat, spec in enumerate(specs)]

    def _human(self) -> Player:
        from marl.players.human import Human

        return Human(self.console.input, self.console.print, self.show_views, self.adviser)

    def show_views(self, human: Player) -> None:
        """Show the knowledge of all others about their last choices."""
        views = [player.view() for player in self.players if player is not human]
        for view in views:
            if view is not None:
                _show_view(view, self.console)
        if not any(views):
            self.console.print("nobody who searches has moved yet")

    def tell(self, before: Game, action: int | None, after: Game) -> None:
        """Show a move that was made, or taken back."""
        from marl.players.moves import written

        if before == after:
            self.console.print("there is no move of yours to take back")
            return
        if action is None:
            self.console.print("\ntaken back")
        else:
            self.console.print(f"\n{_name(before.mover, self.specs)} plays {written(before).describe(action)}")
            view = self.players[before.mover].view() if self.views else None
            if view is not None:
                _show_view(view, self.console)
        self.draw(after, None if action is None else before)

    def draw(self, game: Game, before: Game | None = None) -> None:
        """Draw the board, with the move that led to it marked."""
        from marl.players.moves import written

        self.shown = written(game)
        board = board_text(self.shown, None if before is None else written(before))
        self.console.print("", board, "", sep="\n", soft_wrap=True)


def _name(seat: int, specs: list[PlayerSpec]) -> str:
    return f"player {seat + 1} ({specs[seat].text})"


def _show_view(view: View, console: Console) -> None:
    """Show a player's knowledge about its last choice: its move first, then the most visited ones."""
    from marl.players.moves import line_words, written

    game = written(view.game)
    seat = game.mover
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("move")
    priors = any(each.prior is not None for each in view.statistics)
    for column in (view.unit, "value", "proven", *(["prior"] if priors else [])):
        table.add_column(column, justify="right")
    for each in sorted(view.statistics, key=lambda each: (each.action != view.action, -each.visits)):
        value = f"{each.value[seat]:+.3f}" if each.visits else "-"
        prior = [] if each.prior is None else [f"{each.prior:.3f}"]
        table.add_row(game.describe(each.action), f"{each.visits:,}", value, "yes" if each.proven else "", *prior)
    console.print(
        f"{view.effort:,} {view.unit}; best line {line_words(game, view.principal_variation)}", soft_wrap=True
    )
    console.print(table)
