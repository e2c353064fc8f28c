"""Settings of AlphaZero. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from marl.algorithms.learner_config import LearnerConfig
from marl.core.config import Config
from marl.core.limits import MOST_GAMES, MOST_ROUNDS, Processes
from marl.games.search.configs import PUCTConfig, SearchConfig, simulations_at
from marl.maths.schedules import PositiveSchedule

__all__ = ["AlphaZeroConfig", "ArenaConfig", "SelfPlayConfig"]


class SelfPlayConfig(Config):
    """Games of the best network against itself, in lock step; the run's num_copies is how many go on at once."""

    games: int | None = Field(None, ge=1, le=MOST_GAMES)
    """An iteration is so many games from their beginning to their end; None ends it after rollout_length moves of each
    game, and games go on in the next."""
    groups: int = Field(1, ge=1, le=1_024)
    """Groups of games, each with random numbers of its own; a process plays one or several."""
    processes: Processes = 1
    """Processes that play the groups, at most as many as groups; auto is as many as there are cores. Results do not
    depend on it."""
    temperature_moves: int = Field(12, ge=0)
    """First moves of a game that puct draws by its visits; later ones, and all of gumbel, are the best."""
    random_moves: int = Field(0, ge=0)
    """A game begins after 0 to so many moves that are drawn evenly, unless it begins in the archive."""
    archive_share: float = Field(0.5, ge=0, lt=1)
    """Share of games that begin in an archive of positions in which others of their group were, drawn evenly
    (Go-Exploit, arXiv 2302.12359); not 1, as games would begin later and later."""
    archive_size: int = Field(10_000, ge=1)
    """Positions that each group's archive keeps, the latest."""
    random_games: int = Field(0, ge=0, le=MOST_GAMES)
    """Games of random moves that the first iteration learns from too."""
    outcome_share: float = Field(0.5, ge=0, le=1)
    """Share of the outcome in what the value learns; the rest is the search's value of the position."""

    @model_validator(mode="after")
    def _a_group_for_each_process(self) -> Self:
        if self.processes != "auto" and self.processes > self.groups:
            raise ValueError(
                f"processes is {self.processes} and groups is {self.groups}; a group is played by one process, so give "
                "at least as many groups"
            )
        return self


class ArenaConfig(Config):
    """Games of the network that learns against the best one, which it replaces if it is better."""

    every: int = Field(10, ge=1)
    """Iterations between arenas."""
    games: int = Field(40, ge=2, le=MOST_GAMES)
    """Games of each; rounded up so that each opening is played from all seats."""
    threshold: float = Field(0.51, gt=0, lt=1)
    """Share of the points from which the new network is the best; a draw is half a point for two players. Draws alone
    do not count as better."""
    random_moves: int = Field(2, ge=0)
    """Moves of each opening, drawn evenly."""
    temperature_moves: int = Field(0, ge=0)
    """First moves after it that puct draws by its visits; later ones, and all of gumbel, are the best."""
    on_rejection: Literal["keep", "restore"] = "keep"
    """keep goes on learning; restore takes the best network and its optimiser back."""


class AlphaZeroConfig(LearnerConfig):
    """Settings of AlphaZero."""

    policy_kinds: ClassVar[tuple[str, ...]] = ("game",)
    purpose: ClassVar[str] = "turn-based games by self-play: a network learns what a tree search with it finds"
    name: Literal["alpha_zero"] = "alpha_zero"
    """The algorithm."""
    search: SearchConfig = Field(default_factory=PUCTConfig)
    """Search before each move, {kind: puct} or {kind: gumbel}."""
    self_play: SelfPlayConfig = Field(default_factory=SelfPlayConfig)
    """Games to learn from."""
    arena: ArenaConfig | None = Field(default_factory=ArenaConfig)
    """Games that decide whether a new network is better; null takes each new one."""
    learning_rate: PositiveSchedule = 1e-3
    """Learning rate."""
    optimiser: Literal["adam", "sgd"] = "adam"
    """Adam, or gradient descent with momentum 0.9."""
    batch_size: int = Field(256, ge=1)
    """Positions of each step of the optimiser."""
    reuse: float = Field(4.0, gt=0, le=MOST_ROUNDS)
    """Number of times that each position is drawn, roughly."""
    epochs: int | None = Field(None, ge=1, le=MOST_ROUNDS)
    """In place of reuse, the number of times that each iteration draws all positions that are kept."""
    window: int = Field(20, ge=1)
    """Iterations whose positions are kept."""
    most_positions: int | None = Field(None, ge=1)
    """Positions of an iteration that are kept, the latest; None for all."""
    symmetries: bool = True
    """Turn each position that is drawn by a symmetry of the game, if it names some."""
    value_coef: float = Field(1.0, ge=0)
    """Weight of the value loss."""
    weight_decay: float = Field(1e-4, ge=0)
    """Weight of half the squared norm of all weights (L2)."""
    max_grad_norm: float | None = Field(5.0, gt=0)
    """Gradients are scaled down to this norm; None leaves them."""
    initial_history: Path | None = None
    """Begin with the positions that another run has kept."""
    evaluation_players: tuple[str, ...] = ()
    """Players of games that evaluations play against, e.g. [uct:100, uct:1000]."""

    @field_validator("search")
    @classmethod
    def _searches(cls, search: SearchConfig) -> SearchConfig:
        if min(simulations_at(search, share_done) for share_done in (0, 1)) < 1:
            raise ValueError("simulations is 0; a network learns from a search, so give at least 1")
        return search
