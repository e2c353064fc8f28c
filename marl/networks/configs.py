"""Settings of the networks. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from marl.core.config import Config
from marl.core.limits import MOST_LAYERS, Layers, Width

if TYPE_CHECKING:
    pass

__all__ = [
    "Activation",
    "ActorConfig",
    "ConvTrunkConfig",
    "CriticConfig",
    "EncoderConfig",
    "GraphConfig",
    "MLPTrunkConfig",
    "MixerConfig",
    "PartsTrunkConfig",
    "QHeadConfig",
    "Sharing",
    "TransformerConfig",
]

Activation = Literal["relu", "tanh", "gelu", "silu"]


class ActorConfig(Config):
    """Shape of the actors."""

    hidden: tuple[Width, ...] = Field((), max_length=MOST_LAYERS)
    """Widths of the layers between embedding and logits."""
    activation: Activation = "relu"
    """Activation after each of them."""
    bounded: bool = False
    """Keep the mean of continuous actions between their bounds, by a hyperbolic tangent."""


class CriticConfig(Config):
    """Shape of the critic."""

    sharing: Literal["class", "team", "independent"] = "class"
    """One centralised critic a class, one for the team, or each agent on its own features. Centralised ones see the
    state() of a PettingZoo environment with env.state, or the entities that an environment gives, or else what all
    agents see."""
    hidden: tuple[Width, ...] = Field((64, 64), max_length=MOST_LAYERS)
    """Widths of the layers after entities or agents are pooled (or on an agent's own features)."""
    entity_hidden: tuple[Width, ...] = Field((64, 64), min_length=1, max_length=MOST_LAYERS)
    """Widths of the layers on each entity as an agent sees it, or on what each agent sees."""
    activation: Activation = "relu"
    """Activation after each layer."""
    squash: bool = True
    """Squash what is seen by sign(x) log(1 + |x|) first, as the encoder does."""


class TransformerConfig(Config):
    """Shape of the temporal transformer."""

    layers: Layers = 1
    """Number of blocks."""
    heads: Width = 4
    """Attention heads; they divide the token width."""
    window: Width = 8
    """An agent attends to its present token and so many before it, in each layer."""
    feedforward: Width = 128
    """Hidden width of the feed-forward part."""
    gate: Literal["output", "gru"] = "output"
    """Gated residual: one matrix a gate, or six as in a GRU."""


Sharing = Literal["class", "team", "agent"]


class EncoderConfig(Config):
    """Shape of the class encoders."""

    hidden: tuple[Width, ...] = Field((64, 64), min_length=1, max_length=MOST_LAYERS)
    """Widths of the fully connected layers; the last is the token width D."""
    activation: Activation = "relu"
    """Activation after each layer."""
    squash: bool = True
    """Squash features by sign(x) log(1 + |x|) first: the world has no walls."""
    temporal: Literal["transformer", "gru", "stack", "none"] = "transformer"
    """Memory of each agent's past: attention by a transformer, a state by a gated recurrent unit, the last tokens side
    by side in one layer, or none."""
    remembers: Literal["seen", "heard"] = "seen"
    """Of what the memory is: of what an agent saw, before messages, or of what it saw and heard, behind them."""
    transformer: TransformerConfig = Field(default_factory=TransformerConfig)
    """Shape of the temporal transformer; a stack has its window."""
    sharing: Sharing = "class"
    """Share parameters by the agents of a class, by the whole team, or by nobody."""
    cnn: Literal["auto", "nature", "board"] = "auto"
    """Network for images: three convolutions with strides (Mnih et al. 2015), two of 3x3 that keep a board's size, or
    by size, the first from 36 x 36 on. Each image becomes as many features as the first of hidden."""


class GraphConfig(Config):
    """Shape of the graph processor."""

    kind: Literal["gat", "gcn", "plain_gcn", "none"] = "gat"
    """GATv2 or GCN with edge features, the latter by classes of senders; GCN without either; or no messages."""
    rounds: Layers = 1
    """Rounds of messages at each step."""
    heads: Width = 4
    """Attention heads of GATv2; they divide the token width."""
    route: Literal["auto", "dense", "sparse"] = "auto"
    """dense is dense algebra, sparse scatter along edges; auto is dense up to 64 agents."""


class MLPTrunkConfig(Config):
    """Fully connected layers on the whole observation of a game."""

    kind: Literal["mlp"] = "mlp"
    """Kind of the trunk."""
    hidden: tuple[Width, ...] = Field((256, 256), min_length=1, max_length=MOST_LAYERS)
    """Widths of the layers."""


class ConvTrunkConfig(Config):
    """Residual convolutions on the board."""

    kind: Literal["conv"] = "conv"
    """Kind of the trunk."""
    channels: Width = 64
    """Channels of each convolution."""
    blocks: Layers = 3
    """Residual blocks of two convolutions each."""
    hidden: tuple[Width, ...] = Field((128,), min_length=1, max_length=MOST_LAYERS)
    """Widths of the layers on what they make of the whole board."""


class PartsTrunkConfig(Config):
    """An encoder that all parts of the observation share, such as the boards of nine-board."""

    kind: Literal["parts"] = "parts"
    """Kind of the trunk."""
    part_hidden: tuple[Width, ...] = Field((64, 32), min_length=1, max_length=MOST_LAYERS)
    """Widths of the layers on each part."""
    hidden: tuple[Width, ...] = Field((256,), min_length=1, max_length=MOST_LAYERS)
    """Widths of the layers on what they make of all parts."""


class QHeadConfig(Config):
    """Shape of the heads."""

    hidden: tuple[Width, ...] = Field((), max_length=MOST_LAYERS)
    """Widths of the layers between embedding and values."""
    activation: Activation = "relu"
    """Activation after each of them."""
    dueling: bool = False
    """Add the value of the situation and the advantage of each action, which have networks of their own."""


class MixerConfig(Config):
    """From values of the agents' actions to values that are trained."""

    kind: Literal["none", "vdn", "qmix"] = "none"
    """Each agent learns from its own reward; or the team's value is a sum, or a monotonic function, of theirs."""
    width: Width = 32
    """QMIX only: width of the mixing layer."""
    hidden: tuple[Width, ...] = Field((64,), min_length=1, max_length=MOST_LAYERS)
    """QMIX only: widths of the layers on each entity, which make the mixing weights."""
