"""Policy and values of a turn-based game: the network that AlphaZero trains."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from marl.core.game import Game
from marl.core.game_structure import by_seat, part_actions_of, parts_of, phases_of
from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.games.positions import Positions, positions_of
from marl.games.search.valuation import masked_softmax
from marl.maths.distributions import Categorical
from marl.networks.configs import ConvTrunkConfig, PartsTrunkConfig
from marl.networks.game_trunks import ConvTrunk, GameTrunk, MLPTrunk, PartsHead, PartsTrunk
from marl.networks.mlp import linear
from marl.policies.configs import GameNetworkConfig, GameShape, SavedGameNetworkConfig
from marl.policies.policy import Act, Policy

__all__ = ["GameNetwork", "NetworkEvaluator", "shape_of"]


class GameNetwork(Policy):
    """Trunk, a policy head for each phase, and a value head with a number for each player, the mover first.

    In an environment it plays by its policy alone, without search.
    Reference: Silver et al., "A general reinforcement learning algorithm that masters chess, shogi, and Go through
    self-play", Science 362 (2018), https://doi.org/10.1126/science.aar6404.

    Args:
        roster: players of the game as agents of one class.
        config: shape of game and network.

    Raises:
        ValueError: if the game does not fit the roster, or the trunk the game.
    """

    config: SavedGameNetworkConfig

    def __init__(self, roster: Roster, config: SavedGameNetworkConfig) -> None:
        super().__init__(roster, config)
        game = config.game
        self._columns: Tensor
        self._player, self._channels_first = _fitting(roster, game)
        self.trunk = _trunk(config, self._channels_first)
        width = self.trunk.width
        self.heads = nn.ModuleList(_head(self.trunk, game, actions) for actions in game.phases)
        self.value_head = linear(width, game.players, 0.01)
        self.register_buffer("_columns", _columns(game), persistent=False)

    @property
    def device(self) -> torch.device:
        """Device of the parameters; a search asks for it at each evaluation, and a walk over all takes 6 % of those."""
        return self._columns.device

    def forward(self, observation: Tensor, phase: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and values of positions.

        Args:
            observation: ``[B, O]`` of float, as the mover sees it, flattened in the game's order.
            phase: ``[B]`` of int64.

        Returns:
            Logits ``[B, A]``, 0 for actions that the phase does not use, and values ``[B, P]`` in ``[-1, 1]``, the
            mover's first.
        """
        embedding = self.trunk(observation)
        values = torch.tanh(self.value_head(embedding))
        if len(self.heads) == 1:
            return self.heads[0](embedding), values
        logits = torch.cat([embedding.new_zeros(embedding.shape[0], 1), *(head(embedding) for head in self.heads)], 1)
        return logits.gather(1, self._columns[phase]), values

    def value_of(self, games: Sequence[Game]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Value positions that are not finished, without search.

        Returns:
            Probabilities of the actions ``[G, A]``, and values ``[G, P]`` in ``[-1, 1]`` by seat.

        Raises:
            ValueError: for a finished position, or one of another game.
        """
        if any(game.over or game.name != self.config.game.name for game in games):
            raise ValueError(f"give positions of {self.config.game.name} that are not finished")
        positions = positions_of(list(games))
        logits, values = NetworkEvaluator(self).evaluate(positions)
        shares, _ = masked_softmax(logits, positions.legal)
        return shares.astype(np.float64), values

    @torch.no_grad()
    def act(self, observation: Observation, memory: Memory | None, generator: torch.Generator | None = None) -> Act:
        """Draw actions from the policy, or take the likeliest; see `Policy.act`."""
        distribution, _ = self._distribution(observation)
        action = distribution.mode if generator is None else distribution.sample(generator)
        return Act.of(observation, {self._player: action}, distribution.log_prob(action))

    def outputs(self, observation: Observation, memory: Memory | None) -> tuple[dict[str, Tensor], Memory | None]:
        """Log-probabilities of actions, and the value for each player, the agent's own first; see `Policy.outputs`."""
        distribution, values = self._distribution(observation)
        return {f"log_probs_{self._player}": distribution.log_probs, f"outcomes_{self._player}": values}, None

    def _distribution(self, observation: Observation) -> tuple[Categorical, Tensor]:
        """Distribution of each player's action ``[B, N]``, and values ``[B, N, P]``."""
        name = self._player
        legal = (observation.action_mask or {})[name]
        if observation.images is None:
            seen = observation.features[name]
        else:
            seen = observation.images[name]
            seen = seen if self._channels_first else seen.movedim(-3, -1)
        rows = seen.flatten(0, 1).flatten(1).float()
        logits, values = self(rows, self._phase(legal.flatten(0, 1)))
        return Categorical.of(logits.view(*legal.shape), legal), values.view(*legal.shape[:-1], -1)

    def _phase(self, legal: Tensor) -> Tensor:
        """First phase that uses all legal actions ``[B, A]``, as environments do not say which it is."""
        fits = ~(legal[:, None] & (self._columns == 0)).any(-1)
        return fits.int().argmax(1)


class NetworkEvaluator:
    """Evaluation of positions by a network, for search. An `Evaluator`.

    Args:
        network: is put into evaluation mode, and may learn in between.
    """

    def __init__(self, network: GameNetwork) -> None:
        self.network = network.eval()

    def evaluate(self, positions: Positions) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Logits ``[G, A]`` and values ``[G, P]`` by seat; see `Evaluator`."""
        device = self.network.device
        with torch.inference_mode():
            observation = torch.from_numpy(positions.observation).to(device).float()
            logits, values = self.network(observation, torch.from_numpy(positions.phase).to(device))
        found: NDArray[np.float32] = logits.cpu().numpy()
        return found, by_seat(values.cpu().numpy().astype(np.float64), positions.mover)


def shape_of(game: Game, config: GameNetworkConfig) -> GameShape:
    """Sizes of a game for the network that a configuration describes.

    Raises:
        ConfigError: for a trunk of kind parts and a game without parts.
    """
    read = isinstance(config.trunk, PartsTrunkConfig)
    parts = parts_of(game).tolist() if read else None
    return GameShape(
        name=game.name,
        observation=tuple(game.observation_shape),
        players=game.num_players,
        actions=game.num_actions,
        phases=phases_of(game),
        parts=parts,
        part_actions=part_actions_of(game) if read else None,
    )


def _trunk(config: SavedGameNetworkConfig, channels_first: bool) -> GameTrunk:
    game, trunk = config.game, config.trunk
    if isinstance(trunk, ConvTrunkConfig):
        return ConvTrunk(game.observation, channels_first, trunk, config.dropout)
    if isinstance(trunk, PartsTrunkConfig):
        if game.parts is None:
            raise ValueError(f"{game.name} has no parts; take a trunk of kind mlp or conv")
        return PartsTrunk(torch.tensor(game.parts), trunk, config.dropout, coded=game.part_actions is not None)
    return MLPTrunk(int(np.prod(game.observation)), trunk, config.dropout)


def _head(trunk: GameTrunk, game: GameShape, actions: Sequence[int]) -> nn.Module:
    """Policy head of a phase; one for all parts, where its actions are those that the game gives to its parts."""
    of_parts = game.part_actions or ()
    if isinstance(trunk, PartsTrunk) and sorted(action for part in of_parts for action in part) == list(actions):
        return PartsHead(trunk, torch.tensor([[actions.index(action) for action in part] for part in of_parts]))
    return linear(trunk.width, len(actions), 0.01)


def _columns(game: GameShape) -> Tensor:
    """Place of each action of each phase ``[phases, A]`` among the outputs of all heads, from 1; 0 for none."""
    columns, first = torch.zeros(len(game.phases), game.actions, dtype=torch.int64), 1
    for number, actions in enumerate(game.phases):
        columns[number, list(actions)] = torch.arange(first, first + len(actions))
        first += len(actions)
    return columns


def _fitting(roster: Roster, game: GameShape) -> tuple[str, bool]:
    """Class of the players, and True if their images have the game's own order of axes."""
    if len(roster.classes) != 1:
        told = ", ".join(c.name for c in roster.classes)
        raise ValueError(f"{game.name} has players of several classes ({told}); one network plays all seats of a game")
    player = roster.classes[0]
    if player.action.kind != "discrete" or player.action.size != game.actions:
        raise ValueError(f"{game.name} has {game.actions} actions; class {player.name} has {player.action.size}")
    images = [image.shape for image in player.images]
    size = player.feature_size + sum(map(math.prod, images))
    if len(images) > 1 or size != np.prod(game.observation):
        raise ValueError(f"{game.name} shows {game.observation}; class {player.name} observes {size} numbers")
    moved = (*game.observation[2:], *game.observation[:2])  # of a cube it is the last axis that moves; see `ImageSpace`
    return player.name, images == [game.observation] != [moved]
