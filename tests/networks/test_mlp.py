from __future__ import annotations

import torch
from torch import nn
from torch.testing import assert_close

from marl.networks.mlp import MLP, chain, linear


def test_linear_starts_orthogonal_with_the_gain_asked_for() -> None:
    layer = linear(6, 4, gain=3.0)
    assert_close(layer.weight @ layer.weight.mT, 9 * torch.eye(4), atol=1e-5, rtol=0)
    assert not layer.bias.any()


def test_an_activation_follows_every_layer() -> None:
    network = MLP((3, 5, 2), "tanh")
    assert [type(layer) for layer in network] == [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh]
    assert network(torch.randn(4, 7, 3)).shape == (4, 7, 2)


def test_layers_are_passed_in_order_whatever_the_leading_axes() -> None:
    first, second = MLP((3, 5, 2), "tanh"), MLP((2, 4), output_gain=1.0)
    for shape in ((6, 3), (2, 0, 3), (4, 7, 1, 3)):
        x = torch.randn(shape)
        expected = second[0](first[3](first[2](first[1](first[0](x)))))
        assert_close(second(first(x)), expected)
        assert_close(chain(x, first, second), expected)


def test_an_output_layer_has_its_gain_and_no_activation() -> None:
    network = MLP((3, 5, 2), "gelu", output_gain=0.01)
    assert [type(layer) for layer in network] == [nn.Linear, nn.GELU, nn.Linear]
    assert_close(network[-1].weight @ network[-1].weight.mT, 1e-4 * torch.eye(2), atol=1e-9, rtol=0)
