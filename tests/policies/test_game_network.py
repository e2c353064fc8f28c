from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_games import Cells, Stones, small_games
from torch import Tensor
from torch.testing import assert_close

from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.games.positions import positions_of
from marl.games.search.configs import GumbelConfig
from marl.networks.configs import ConvTrunkConfig, MLPTrunkConfig, PartsTrunkConfig
from marl.policies.configs import GameNetworkConfig, SavedGameNetworkConfig
from marl.policies.game_network import GameNetwork, NetworkEvaluator, shape_of
from marl.policies.saved import load_policy, save_policy
from marl.tasks.registry import find_task

__all__ = ["small_games"]

MLP, CONV = MLPTrunkConfig(hidden=(8,)), ConvTrunkConfig(channels=4, blocks=1, hidden=(8,))
KINDS = ("last", "first", "cube", "flat", "turns")


def config_of(game: Any, trunk: Any = MLP, **settings: Any) -> SavedGameNetworkConfig:
    config = GameNetworkConfig(trunk=trunk)
    return SavedGameNetworkConfig(**config.model_dump(), game=shape_of(game, config), **settings)


def roster_of(game: Any, features: int | None = None, actions: int | None = None) -> Roster:
    size = int(np.prod(game.observation_shape)) if features is None else features
    action = ActionSpec("discrete", game.num_actions if actions is None else actions)
    return Roster((AgentClass("player", size, action),), (game.num_players,))


def network_of(game: Any, trunk: Any = MLP, **settings: Any) -> GameNetwork:
    """A network that, unlike at the start of training, tells positions apart."""
    network = GameNetwork(roster_of(game), config_of(game, trunk, **settings))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.5)
    return network.eval()


def known(game: Any, logits: list[list[float]], values: list[float] | None = None) -> GameNetwork:
    """A network with given logits of each phase, and the same values, the mover's first, in each position."""
    network = network_of(game)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for head, bias in zip(network.heads, logits, strict=True):
            head.bias.copy_(torch.tensor(bias))
        if values is not None:
            network.value_head.bias.copy_(torch.tensor(values).atanh())
    return network


def seen(legal: list[list[bool]], size: int = 12) -> Observation:
    """Agents of one copy, with what each may do."""
    mask = torch.tensor([legal])
    features = {"player": torch.zeros(1, len(legal), size)}
    return Observation(features, torch.ones(mask.shape[:2], dtype=torch.bool), action_mask={"player": mask})


def test_each_phase_has_a_head_of_its_own_actions() -> None:
    game = Cells.variant("turns")
    network = known(game, [[1.0, 2, 3, 4, 5, 6], [7.0, 8, 9, 10, 11, 12]])
    logits, values = network(torch.randn(2, 12), torch.tensor([1, 0]))
    assert logits.tolist() == [[0] * 6 + [7, 8, 9, 10, 11, 12], [1, 2, 3, 4, 5, 6] + [0] * 6]
    assert values.tolist() == [[0, 0], [0, 0]]


def test_parts_share_the_head_of_a_phase_whose_actions_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts 0 and 1 of the observation change places: with what is read of the whole left out, so do their logits."""
    monkeypatch.setattr(Cells, "parts", ((0, 1, 6, 7), (2, 3, 8, 9), (4, 5, 10, 11)), raising=False)
    monkeypatch.setattr(Cells, "part_actions", ((9, 6), (7, 10), (8, 11)), raising=False)
    network = network_of(Cells.variant("turns"), PartsTrunkConfig(part_hidden=(8, 4), hidden=(6,)))
    assert [type(head).__name__ for head in network.heads] == ["Linear", "PartsHead"]
    with torch.no_grad():
        network.heads[1].of_whole.weight.zero_()
    batch = torch.randn(5, 12)
    moved = batch[:, [2, 3, 0, 1, 4, 5, 8, 9, 6, 7, 10, 11]]
    ones = torch.ones(5, dtype=torch.int64)
    (given, _), (found, _) = network(batch, ones), network(moved, ones)
    assert_close(found[:, [7, 10, 9, 6, 8, 11]], given[:, [9, 6, 7, 10, 8, 11]])
    assert not torch.allclose(given[:, 7], given[:, 9])


def test_actions_of_another_phase_and_illegal_ones_are_never_chosen() -> None:
    """The first agent moves cells 1 or 2, the second has the other phase's 7 or 9; all else is likelier."""
    network = known(Cells.variant("turns"), [[9.0, 1, 2, 9, 9, 9], [99.0, 2, 99, 1, 99, 99]])
    legal = [[action in allowed for action in range(12)] for allowed in ((1, 2), (7, 9))]
    assert network.act(seen(legal), None).action["player"].tolist() == [[2, 7]]
    generator = torch.Generator().manual_seed(0)
    drawn = torch.cat([network.act(seen(legal), None, generator).action["player"] for _ in range(60)])
    assert [set(column.tolist()) for column in drawn.T] == [{1, 2}, {7, 9}]


def test_actions_are_drawn_by_their_probabilities() -> None:
    """Of three legal actions with 20, 30 and 50 %; the fourth is not legal. The tolerance is four deviations."""
    network = known(Cells(), [np.log([0.2, 0.3, 0.5, 9.0, 1.0, 1.0]).tolist()])
    one = seen([[True] * 3 + [False] * 3])
    many = Observation(
        {"player": one.features["player"].repeat(4000, 1, 1)},
        one.alive.repeat(4000, 1),
        action_mask={"player": one.action_mask["player"].repeat(4000, 1, 1)},  # type: ignore[index]
    )
    act = network.act(many, None, torch.Generator().manual_seed(1))
    shares = torch.bincount(act.action["player"].flatten(), minlength=4) / 4000
    assert_close(shares, torch.tensor([0.2, 0.3, 0.5, 0.0]), atol=4 * (0.25 / 4000) ** 0.5, rtol=0)
    assert_close(act.log_prob.flatten().exp(), torch.tensor([0.2, 0.3, 0.5])[act.action["player"].flatten()])
    assert network.act(one, None).action["player"].item() == 2


@pytest.mark.parametrize(("variant", "values"), [("last", [0.9, -0.3]), ("cube", [0.9, -0.3, 0.1])])
def test_an_evaluator_gives_values_by_seat(variant: str, values: list[float]) -> None:
    """A position of each mover: its own value is the first that the network gives, the next seat's the second."""
    game: Any = Cells.variant(variant)
    games = [game]
    for action in range(game.num_players - 1):
        games.append(games[-1].play(action))
    network = known(game, [[0.0] * game.num_actions], values)
    logits, found = NetworkEvaluator(network.train()).evaluate(positions_of(games))
    assert not network.training
    assert logits.shape == (len(games), game.num_actions)
    first, second, *third = values
    by_hand = {2: [[first, second], [second, first]], 3: [[first, second, *third], [*third, first, second]]}
    expected = by_hand[game.num_players]
    if third:
        expected.append([second, *third, first])
    assert_close(found, np.array(expected), atol=1e-6, rtol=0)
    swapped = known(game, [[0.0] * game.num_actions], [second, first, *third])
    _, other = NetworkEvaluator(swapped).evaluate(positions_of(games))
    assert_close(other[0, :2], found[0, [1, 0]])


def test_a_network_values_positions_by_itself() -> None:
    """Logits of the first two cells; when the first is taken all others are as likely, and the likeliest not legal."""
    network = known(Cells(), [[900.0, 900.0 + float(np.log(3)), 0, 0, 0, 0]], [0.5, -0.25])
    taken = Cells().play(0).play(1)
    shares, values = network.value_of([Cells(), Cells().play(0), taken])
    assert_close(shares[0], np.array([0.25, 0.75, 0, 0, 0, 0]), atol=1e-4, rtol=0)
    assert_close(shares[1], np.array([0, 1.0, 0, 0, 0, 0]))
    assert_close(shares[2], np.array([0, 0, 0.25, 0.25, 0.25, 0.25]))
    assert_close(values, np.array([[0.5, -0.25], [-0.25, 0.5], [0.5, -0.25]]), atol=1e-6, rtol=0)
    over = taken.play(2).play(3).play(4).play(5)
    for wrong in ([over], [Cells(), Stones()]):
        with pytest.raises(ValueError, match="give positions of cells that are not finished"):
            network.value_of(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_a_position_is_read_alike_in_an_environment_and_in_a_search(kind: str, small_games: None) -> None:
    """Environments give images with their channels first, games have them where they like."""
    task, game = find_task(f"cells:{kind}"), Cells.variant(kind)
    environment = task.make(task.config_type.model_validate({"name": f"cells:{kind}"}), 1)
    trunk = MLP if kind == "flat" else CONV
    network = GameNetwork(environment.roster, config_of(game, trunk))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(std=0.5)
    given: list[Tensor] = []
    network.register_forward_hook(lambda module, inputs, outputs: given.append(outputs[0]))
    observation, current = environment.reset(0), game
    for _ in range(3):
        network.act(observation, None)
        expected, _ = NetworkEvaluator(network).evaluate(positions_of([current]))
        legal = list(current.legal)
        assert_close(given[-2][current.mover, legal], torch.from_numpy(expected)[0, legal])
        name = environment.roster.classes[0].name
        action = {name: torch.full((1, game.num_players), legal[-1])}
        observation, current = environment.step(action).observation, current.play(legal[-1])
    environment.close()


def test_a_network_is_the_same_in_a_file(tmp_path: Path) -> None:
    game = Cells.variant("turns")
    network = network_of(game, CONV, search=GumbelConfig(simulations=5))
    save_policy(tmp_path, network, {"name": "cells:turns"})
    saved = load_policy(tmp_path)
    assert isinstance(saved.policy, GameNetwork) and not saved.policy.training
    assert saved.environment == {"name": "cells:turns"}
    assert saved.policy.config == network.config
    given = torch.randn(4, 12), torch.tensor([0, 1, 0, 1])
    for one, other in zip(saved.policy(*given), network(*given), strict=True):
        assert one.equal(other)


def test_what_does_not_fit_is_refused() -> None:
    parts = PartsTrunkConfig(part_hidden=(4,), hidden=(4,))
    with pytest.raises(ConfigError, match="cells has no parts; take a trunk of kind mlp or conv"):
        shape_of(Cells(), GameNetworkConfig(trunk=parts))
    without = config_of(Cells()).model_copy(update={"trunk": parts})
    with pytest.raises(ValueError, match="cells has no parts; take a trunk of kind mlp or conv"):
        GameNetwork(roster_of(Cells()), without)
    with pytest.raises(ValueError, match=r"conv reads boards of planes; an observation has the shape \(6,\)"):
        GameNetwork(roster_of(Stones()), config_of(Stones(), CONV))
    with pytest.raises(ValueError, match="cells has 6 actions; class player has 5"):
        GameNetwork(roster_of(Cells(), actions=5), config_of(Cells()))
    with pytest.raises(ValueError, match=r"cells shows \(2, 3, 2\); class player observes 11 numbers"):
        GameNetwork(roster_of(Cells(), features=11), config_of(Cells()))
    action = ActionSpec("discrete", 6)
    two = Roster((AgentClass("A", 12, action), AgentClass("B", 12, action)), (1, 1))
    with pytest.raises(ValueError, match=r"cells has players of several classes \(A, B\); one network plays all"):
        GameNetwork(two, config_of(Cells()))
