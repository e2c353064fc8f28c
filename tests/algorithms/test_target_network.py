from __future__ import annotations

import pytest
from torch import nn

from marl.algorithms.configs import HardTarget, SoftTarget


def filled(number: float) -> nn.Linear:
    layer = nn.Linear(2, 1)
    for parameter in layer.parameters():
        nn.init.constant_(parameter, number)
    return layer


def numbers(layer: nn.Linear) -> list[float]:
    return [*layer.weight.flatten().tolist(), *layer.bias.tolist()]


def test_a_hard_target_becomes_the_network_at_every_multiple() -> None:
    target, network = filled(0), filled(0)
    held = []
    for updates in range(1, 8):
        for parameter in network.parameters():
            nn.init.constant_(parameter, updates)
        HardTarget(every=3).follow(target, network, updates)
        held.append(numbers(target))
    assert held == [[x] * 3 for x in (0, 0, 3, 3, 3, 6, 6)]


def test_a_copy_does_not_share_the_parameters() -> None:
    target, network = filled(0), filled(5)
    HardTarget(every=1).follow(target, network, 1)
    nn.init.constant_(network.weight, 9)
    assert numbers(target) == [5, 5, 5]


def test_a_soft_target_goes_its_share_of_the_way_each_time() -> None:
    target, network = filled(0), filled(8)
    held = []
    for updates in range(1, 4):
        SoftTarget(rate=0.25).follow(target, network, updates)
        held.append(numbers(target))
    assert held == [[x] * 3 for x in (2, 3.5, 4.625)]  # + (8 - x) / 4
    assert numbers(network) == [8, 8, 8]


@pytest.mark.parametrize("kind", [HardTarget(every=1), SoftTarget(rate=1)])
def test_the_whole_way_is_a_copy_that_no_gradient_goes_through(kind: HardTarget | SoftTarget) -> None:
    target, network = filled(0), filled(7)
    kind.follow(target, network, 1)
    assert numbers(target) == [7, 7, 7]
    assert all(parameter.is_leaf for parameter in target.parameters())
