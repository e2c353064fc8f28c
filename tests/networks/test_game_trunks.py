from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from marl.networks.configs import ConvTrunkConfig, MLPTrunkConfig, PartsTrunkConfig
from marl.networks.game_trunks import ConvTrunk, GameTrunk, MLPTrunk, PartsHead, PartsTrunk

PLACES = torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
MLP, CONV = MLPTrunkConfig(hidden=(8, 6)), ConvTrunkConfig(channels=4, blocks=2, hidden=(6,))
PARTS = PartsTrunkConfig(part_hidden=(5, 4), hidden=(6,))
KINDS = ("mlp", "conv", "parts")


def trunk(kind: str, dropout: float = 0.0, channels_first: bool = False) -> GameTrunk:
    """A trunk for observations of 12 numbers, a board of two by three with two planes, whose weights are all drawn."""
    if kind == "mlp":
        made: GameTrunk = MLPTrunk(12, MLP, dropout)
    elif kind == "conv":
        made = ConvTrunk((2, 2, 3) if channels_first else (2, 3, 2), channels_first, CONV, dropout)
    else:
        made = PartsTrunk(PLACES, PARTS, dropout)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(std=0.5)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_position_is_read_alike_whatever_lies_beside_it(kind: str) -> None:
    """In float64, since float32 is summed in another order for another number of positions."""
    read, batch = trunk(kind).double().train(), torch.randn(5, 12, dtype=torch.float64)
    together = read(batch)
    assert together.shape == (5, 6) and read.width == 6
    assert not together[0].equal(together[1])
    for number, one in enumerate(batch):
        assert_close(read(one[None])[0], together[number], atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_reaches_every_parameter_and_number(kind: str) -> None:
    read, batch = trunk(kind), torch.randn(64, 12, requires_grad=True)
    read(batch).square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in read.parameters())
    assert batch.grad is not None and batch.grad.any(0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_is_behind_each_layer_on_the_whole_and_for_training_alone(kind: str) -> None:
    read, batch = trunk(kind, dropout=0.9), torch.randn(64, 12)
    whole: nn.Module = read if kind == "mlp" else read.hidden  # type: ignore[assignment]
    layers = [type(layer) for layer in whole.children()]
    assert layers == [nn.Linear, nn.ReLU, nn.Dropout] * (2 if kind == "mlp" else 1)
    dropped = (read.train()(batch) == 0).float().mean()
    assert dropped > 0.8 > (read.eval()(batch) == 0).float().mean()
    assert read(batch).equal(read(batch))


def test_a_board_is_read_alike_with_its_planes_first_or_last() -> None:
    last, first = trunk("conv"), trunk("conv", channels_first=True)
    first.load_state_dict(last.state_dict())
    board = torch.randn(4, 2, 3, 2)
    assert_close(first(board.permute(0, 3, 1, 2).flatten(1)), last(board.flatten(1)))
    assert not torch.allclose(first(board.flatten(1)), last(board.flatten(1)))


def test_a_convolution_sees_a_cell_and_those_around_it() -> None:
    """At the first layer, the plane's 3 x 3 square around a cell, with zeros outside of the board."""
    read = ConvTrunk((2, 3, 1), False, ConvTrunkConfig(channels=1, blocks=1, hidden=(6,)))
    with torch.no_grad():
        read.first.weight.fill_(1.0)
    board = torch.tensor([[1.0, 0, 0], [0, 0, 10.0]])
    assert read.first(board[None, None]).tolist() == [[[[1, 11, 10], [1, 11, 10]]]]


def test_blocks_pass_on_what_they_get_before_training() -> None:
    deep = ConvTrunk((2, 3, 2), False, CONV)
    x = torch.rand(3, 4, 2, 3)
    for block in deep.blocks:
        assert block(x).equal(x)


def test_parts_in_another_order_are_read_as_weights_in_another_order() -> None:
    read = trunk("parts")
    assert isinstance(read, PartsTrunk)
    order, batch = [2, 0, 1], torch.randn(4, 12)
    moved: Tensor = batch[:, PLACES[order].flatten()]
    expected = read(moved)
    assert not torch.allclose(expected, read(batch))
    weight = read.hidden[0].weight
    with torch.no_grad():
        # the column of what part order[k] gives goes from place k to its own
        weight.copy_(weight.view(6, 3, 4)[:, torch.tensor(order).argsort()].reshape(6, 12).clone())
    assert_close(read(batch), expected)


def test_a_head_that_parts_share_reads_the_whole_and_each_part_s_own_code() -> None:
    """A part with two actions each; the actions of part 0 stand at 5 and 1, of part 1 at 0 and 2, of part 2 at 3, 4."""
    read = PartsTrunk(PLACES, PARTS, coded=True)
    head = PartsHead(read, torch.tensor([[5, 1], [0, 2], [3, 4]]))
    with torch.no_grad():
        head.of_whole.weight.zero_()
        head.of_whole.weight[0, 2] = 100.0
        head.of_whole.bias.copy_(torch.tensor([0.5, 0.0]))
        head.of_part.weight.zero_()
        head.of_part.weight[:, 0] = torch.tensor([1.0, -1.0])
    embedding = torch.zeros(1, 6 + 3 * 4)
    embedding[0, 2] = 1.0
    embedding[0, [6, 10, 14]] = torch.tensor([7.0, 8.0, 9.0])  # first number of each part's code
    assert head(embedding).tolist() == [[108.5, -7.0, -8.0, 109.5, -9.0, 107.5]]


def test_codes_of_parts_are_given_on_behind_the_whole() -> None:
    read, batch = PartsTrunk(PLACES, PARTS, coded=True), torch.randn(2, 12)
    embedding = read(batch)
    assert read.width == 6 + 3 * 4 and embedding.shape == (2, 18)
    assert_close(embedding[:, 10:14], read.encoder(batch[:, 4:8]))


def test_what_is_no_board_is_refused() -> None:
    with pytest.raises(ValueError, match=r"kind conv reads boards of planes; an observation has the shape \(12,\)"):
        ConvTrunk((12,), False, CONV)
