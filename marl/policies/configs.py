"""Settings of the policies, and their kinds. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, field_validator, model_validator

from marl.core.config import Config
from marl.games.search.configs import PUCTConfig, SearchConfig
from marl.networks.configs import (
    ActorConfig,
    ConvTrunkConfig,
    CriticConfig,
    EncoderConfig,
    GraphConfig,
    MixerConfig,
    MLPTrunkConfig,
    PartsTrunkConfig,
    QHeadConfig,
)

__all__ = [
    "POLICY_KINDS",
    "ActorCriticConfig",
    "EvenBins",
    "GameNetworkConfig",
    "GameShape",
    "PartConfig",
    "PlayerConfig",
    "PolicyConfig",
    "QNetworkConfig",
    "RandomPolicyConfig",
    "RulePolicyConfig",
    "SavedGameNetworkConfig",
    "SavedPolicyConfig",
    "SidesConfig",
    "TableConfig",
    "read_policy_config",
    "with_plain_gcn",
]


class ActorCriticConfig(Config):
    """Networks of the team."""

    kind: Literal["actor_critic"] = "actor_critic"
    """The kind of policy."""
    encoder: EncoderConfig = Field(default_factory=EncoderConfig)
    """Class encoders and memory."""
    graph: GraphConfig = Field(default_factory=GraphConfig)
    """Messages between agents."""
    actor: ActorConfig = Field(default_factory=ActorConfig)
    """Class-shared actors."""
    critic: CriticConfig = Field(default_factory=CriticConfig)
    """Critics, used in training only."""
    normalise_features: bool = False
    """Features enter scaled to mean 0 and standard deviation 1 over all that was seen in training."""
    normalise_value: bool = True
    """Critics predict returns scaled to mean 0 and standard deviation 1."""
    preserve_values: bool = False
    """Critics' last layers change against that scale, so that it moves no value in units of the return."""


class QNetworkConfig(Config):
    """Networks of the team."""

    kind: Literal["q_network"] = "q_network"
    """The kind of policy."""
    encoder: EncoderConfig = Field(default_factory=lambda: EncoderConfig(temporal="none"))
    """Class encoders; temporal must be none."""
    graph: GraphConfig = Field(default_factory=lambda: GraphConfig(kind="none"))
    """Messages between agents."""
    head: QHeadConfig = Field(default_factory=QHeadConfig)
    """From an agent's embedding to the values of its actions, shared by its class."""
    mixer: MixerConfig = Field(default_factory=MixerConfig)
    """From values of the agents to those of the team; used in training only."""
    normalise_features: bool = False
    """Features enter scaled to mean 0 and standard deviation 1 over all that was seen in training."""

    @field_validator("encoder")
    @classmethod
    def _without_memory(cls, encoder: EncoderConfig) -> EncoderConfig:
        if encoder.temporal != "none":
            raise ValueError(
                f"temporal is {encoder.temporal!r}, but a policy of kind 'q_network' learns from a replay, which keeps "
                "no memory; set it to none"
            )
        return encoder


Finite = Annotated[float, Field(allow_inf_nan=False)]


class EvenBins(Config):
    """Bins of one width; values beyond the bounds fall into the outermost."""

    low: Finite
    """Lower end of the first."""
    high: Finite
    """Upper end of the last."""
    count: int = Field(ge=1, le=1_000_000)
    """Number of bins."""

    @model_validator(mode="after")
    def _ascends(self) -> EvenBins:
        if self.low >= self.high:
            raise ValueError(f"low is {self.low} and high is {self.high}; low must be below high")
        return self


class TableConfig(Config):
    """States of a table as bins of observations."""

    kind: Literal["table"] = "table"
    """The kind of policy."""
    bins: tuple[EvenBins | tuple[Finite, ...], ...] | None = None
    """For each number of an observation {low, high, count} or the edges between bins, ascending, with no edge for
    a number that does not count; None for observations that are a state already (Discrete and what is made of it)."""

    @field_validator("bins", mode="before")
    @classmethod
    def _renamed(cls, bins: object) -> object:
        return None if bins == "one_hot" else bins  # its name in earlier versions

    @field_validator("bins")
    @classmethod
    def _ascending(cls, bins: tuple[EvenBins | tuple[float, ...], ...] | None) -> object:
        for number, edges in enumerate(bins or ()):
            if isinstance(edges, tuple) and any(a >= b for a, b in pairwise(edges)):
                raise ValueError(f"bins of number {number} have the edges {list(edges)}; give them in ascending order")
        return bins


class RandomPolicyConfig(Config):
    """There is nothing to set."""

    kind: Literal["random"] = "random"
    """The kind of policy."""


class RulePolicyConfig(Config):
    """A hand-written rule that plays a side."""

    kind: Literal["rule"] = "rule"
    """The kind of policy."""
    rule: str
    """Rule of the environment by its name, or `MODULE:FUNCTION`."""


TrunkConfig = Annotated[MLPTrunkConfig | ConvTrunkConfig | PartsTrunkConfig, Field(discriminator="kind")]


class GameNetworkConfig(Config):
    """Network that reads positions of a turn-based game."""

    kind: Literal["game"] = "game"
    """The kind of policy."""
    trunk: TrunkConfig = Field(default_factory=MLPTrunkConfig)
    """Layers that the heads share: {kind: mlp}, {kind: conv} or, for a game that names its parts, {kind: parts}."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Share of the units of fully connected layers that are dropped in training."""


class GameShape(Config):
    """Sizes of a game that a network is made from."""

    name: str
    """Name of the game."""
    observation: tuple[int, ...] = Field(min_length=1, max_length=4)
    """Shape of an observation."""
    players: int = Field(ge=1, le=1_000)
    """Number of players."""
    actions: int = Field(ge=1, le=1_000_000)
    """Number of actions."""
    phases: tuple[tuple[int, ...], ...] = Field(min_length=1, max_length=1_000)
    """Actions that each phase uses."""
    parts: tuple[tuple[int, ...], ...] | None = None
    """Places of each part in an observation, flattened; None unless the trunk needs them."""
    part_actions: tuple[tuple[int, ...], ...] | None = None
    """Actions that belong to each part, if the game gives them to its parts."""


class SavedGameNetworkConfig(GameNetworkConfig):
    """Network of one game, with the search that it plays by."""

    game: GameShape
    """The game."""
    search: SearchConfig = Field(default_factory=PUCTConfig)
    """Search of the player ``az:RUN``."""


def _kind_of(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "actor_critic" if kind is None else str(kind)


Tagged = (
    Annotated[ActorCriticConfig, Tag("actor_critic")]
    | Annotated[QNetworkConfig, Tag("q_network")]
    | Annotated[TableConfig, Tag("table")]
    | Annotated[RandomPolicyConfig, Tag("random")]
)
PolicyConfig = Annotated[Tagged | Annotated[GameNetworkConfig, Tag("game")], Discriminator(_kind_of)]
"""Settings of any policy; ``kind`` tells which, and is that of actor and critic if it is not given."""


def _player_kind(value: Any) -> str:
    return "rule" if _kind_of(value) == "rule" else "policy"


class PlayerConfig(Config):
    """A policy that plays a side."""

    policy: Annotated[
        Annotated[PolicyConfig, Tag("policy")] | Annotated[RulePolicyConfig, Tag("rule")], Discriminator(_player_kind)
    ]
    """Its settings."""
    knows: tuple[str, ...] = ()
    """Classes that it was trained with, in order; empty for those of the side."""
    others: tuple[str, ...] = ()
    """Classes of other sides that its critic sees."""
    entity_size: int | None = Field(None, ge=0, le=1_000_000)
    """Width of the entities that it was trained with; None for that of the environment."""


class PartConfig(Config):
    """One side of several."""

    name: str
    """Its name."""
    classes: tuple[str, ...]
    """Classes that it plays."""
    players: tuple[PlayerConfig, ...] = Field(min_length=1)
    """Its policy, or a pool of which one plays each episode."""
    fixed: bool = False
    """True where it is not trained."""


class SidesConfig(Config):
    """Policies of several sides, as a run with `sides` has them."""

    kind: Literal["sides"] = "sides"
    """The kind of policy."""
    sides: tuple[PartConfig, ...] = Field(min_length=1)
    """The sides."""


SavedPolicyConfig = Annotated[
    Tagged | Annotated[SidesConfig, Tag("sides")] | Annotated[SavedGameNetworkConfig, Tag("game")],
    Discriminator(_kind_of),
]
"""Settings of a policy as its file has them."""


POLICY_KINDS = ("actor_critic", "q_network", "table", "random", "game")
"""Their names."""


def read_policy_config(values: Mapping[str, Any]) -> Config:
    """Settings of a policy from the values of a file.

    Raises:
        pydantic.ValidationError: if they will not do.
    """
    return TypeAdapter(PolicyConfig).validate_python(dict(values))


def with_plain_gcn(settings: Any) -> Any:
    """Settings of policies as they are called today, from those of formats 1 to 3, whose ``gcn`` had no edges."""
    if isinstance(settings, list | tuple):
        return [with_plain_gcn(each) for each in settings]
    if not isinstance(settings, Mapping):
        return settings
    plain = {"kind": "plain_gcn"} if settings.get("kind") == "gcn" else {}  # no other kind has this name
    return {name: with_plain_gcn(value) for name, value in settings.items()} | plain
