"""The trunk of every policy's networks: from observations to one embedding an agent."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.networks.configs import EncoderConfig, GraphConfig
from marl.networks.encoder import TeamEncoder
from marl.networks.feature_normaliser import FeatureNormaliser
from marl.networks.graph_processor import GraphProcessor
from marl.networks.image_encoder import ImageEncoder

__all__ = ["TeamTrunk"]


class TeamTrunk(nn.Module):
    r"""Feature normaliser, image encoders, class encoders with memory, graph processor and norm.

    .. math:: h = \mathrm{norm}(\mathrm{graph}(\mathrm{encoder}(o, m))), \quad
        o = \mathrm{images}(\mathrm{features}(\text{observation}))

    The norm is there if there is a memory or a graph, whose residuals let tokens grow; without either an embedding is
    a token. With ``remembers="heard"`` the memory comes behind the graph:

    .. math:: h = \mathrm{norm}(\mathrm{memory}(\mathrm{graph}(\mathrm{encoder}(o)), m))

    Policies read an observation once, by `read`, and hand what it gives to `forward` and to critics.
    Sources are those of its parts.

    Args:
        roster: the team that is trained; all its declared classes get parameters.
        encoder: shape of the class encoders and the memory.
        graph: shape of the graph processor.
        normalise_features: scale features to mean 0 and standard deviation 1 over all that was seen in training.

    Shapes:
        An observation ``[T, B, ...]`` to embeddings ``[T, B, N, D]``; without a memory any leading axes.

    Raises:
        ValueError: if the parts cannot be made as described.
    """

    def __init__(self, roster: Roster, encoder: EncoderConfig, graph: GraphConfig, normalise_features: bool) -> None:
        super().__init__()
        self.features = FeatureNormaliser(roster, normalise_features)
        self.images = ImageEncoder(roster, encoder)
        self.roster = self.images.roster
        """The roster as it is seen behind `read`."""
        self.encoder = TeamEncoder(self.roster, encoder)
        self.width = self.encoder.width
        self.graph = None if graph.kind == "none" else GraphProcessor(self.width, roster, graph)
        normed = self.has_messages or self.encoder.has_memory
        self.norm = nn.LayerNorm(self.width) if normed else nn.Identity()

    def forward(
        self, observation: Observation, memory: Memory | None = None, started: Tensor | None = None
    ) -> tuple[Tensor, Memory | None]:
        """Embed a stretch of time.

        Args:
            observation: from `read`.
            memory: before the first step; None is an empty one.
            started: ``[T, B]``, True where an episode begins; not needed without a memory.

        Returns:
            Embeddings ``[T, B, N, D]``, and the memory after the last step.
        """
        if self.graph is None:
            tokens, memory = self.encoder(observation, memory, started)
        elif self.encoder.config.remembers == "seen":
            tokens, memory = self.encoder(observation, memory, started)
            tokens = self.graph(tokens, observation)
        else:
            tokens = self.graph(self.encoder.tokens(observation), observation)
            tokens, memory = self.encoder.remember(tokens, observation, memory, started)
        return self.norm(tokens), memory

    def read(self, observation: Observation) -> Observation:
        """The same observation with its features scaled and its images among them."""
        return self.images(self.features(observation))

    @property
    def has_messages(self) -> bool:
        """True if there is a graph processor."""
        return self.graph is not None

    @property
    def has_parameters_for_each_agent(self) -> bool:
        """True if encoders are shared by nobody."""
        return self.encoder.config.sharing == "agent"

    def initial_memory(self, num_copies: int, num_agents: int, device: torch.device) -> Memory | None:
        """An empty memory for ``B`` copies of ``N`` agents; None if nothing is remembered."""
        return self.encoder.initial_memory(num_copies, num_agents, device)

    @staticmethod
    def by_class(embedding: Tensor, observation: Observation) -> dict[str, Tensor]:
        """Embeddings ``[..., N, D]`` of a team as one tensor a class, ``[..., N_c, D]``."""
        counts = [features.shape[-2] for features in observation.features.values()]
        parts = (embedding,) if len(counts) == 1 else embedding.split(counts, -2)
        return dict(zip(observation.features, parts, strict=True))
