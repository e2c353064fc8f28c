from __future__ import annotations

from typing import Any

import pytest
import torch

from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.world import World


def line(*x: float, alive: list[bool] | None = None) -> World:
    """Predators on a line, one copy."""
    position = torch.tensor([[[at, 0.0] for at in x]])
    there = torch.ones(1, len(x), dtype=torch.bool) if alive is None else torch.tensor([alive])
    return World(position, torch.zeros_like(position), there, num_prey=0)


def heard(graph: MessageGraph, world: World, generator: torch.Generator | None = None) -> list[list[int]]:
    return graph(world, generator)[0].int().tolist()


def test_range_reaches_up_to_the_distance() -> None:
    # distances: 0-1 0.5, 1-2 0.75, 0-2 1.25; the range is included
    assert heard(MessageGraph(range=0.75), line(0, 0.5, 1.25)) == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert heard(MessageGraph(range=0.74), line(0, 0.5, 1.25)) == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert heard(MessageGraph(range=0.0), line(0, 0.5)) == [[0, 0], [0, 0]]


def test_unlimited_hears_all_but_oneself() -> None:
    assert heard(MessageGraph(), line(0, 5, 900)) == [[0, 1, 1], [1, 0, 1], [1, 1, 0]]


def test_nearest_hears_the_nearest_within_range() -> None:
    # 0 at 0, 1 at 1, 2 at 3, 3 at 7: the nearest of each is 1, 0, 1, 2
    world = line(0, 1, 3, 7)
    assert heard(MessageGraph(nearest=1), world) == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    assert heard(MessageGraph(range=2.0, nearest=1), world)[3] == [0, 0, 0, 0]
    assert heard(MessageGraph(range=3.5, nearest=2), world)[2] == [1, 1, 0, 0]
    assert heard(MessageGraph(nearest=9), world) == heard(MessageGraph(), world)


def test_absent_neither_hear_nor_are_heard() -> None:
    world = line(0, 1, 2, alive=[True, False, True])
    assert heard(MessageGraph(), world) == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    assert heard(MessageGraph(nearest=1), world) == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_a_range_is_symmetric_and_nobody_hears_itself() -> None:
    generator = torch.Generator().manual_seed(0)
    position = torch.rand(200, 6, 2, generator=generator)
    world = World(position, torch.zeros_like(position), torch.ones(200, 6, dtype=torch.bool), 0)
    for graph in (MessageGraph(range=0.4), MessageGraph(range=0.4, link_loss=0.3)):
        adjacency = graph(world, generator)
        assert adjacency.equal(adjacency.mT)
        assert not adjacency.diagonal(dim1=-2, dim2=-1).any()
        assert adjacency.any()


def test_links_are_lost_as_often_as_said() -> None:
    position = torch.zeros(4000, 3, 2)
    world = World(position, position, torch.ones(4000, 3, dtype=torch.bool), 0)
    graph = MessageGraph(link_loss=0.3)
    kept = graph(world, torch.Generator().manual_seed(1)).float().sum() / (4000 * 6)
    # 12,000 independent pairs: standard error 0.0042
    assert abs(kept - 0.7) < 0.017
    assert graph(world).float().sum() == 4000 * 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"range": -0.1}, "range is -0.1; give zero or more"),
        ({"range": float("nan")}, "range is nan"),
        ({"nearest": 0}, "nearest is 0; give 1 or more"),
        ({"link_loss": 1.0}, "link_loss is 1.0; give a probability"),
        ({"link_loss": -0.2}, "link_loss is -0.2"),
        ({"link_loss": (0.5, 0.2)}, "the smaller first"),
    ],
)
def test_bad_input_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MessageGraph(**options)


def test_an_episode_s_range_takes_the_place_of_the_range() -> None:
    position = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]]).expand(3, 2, 2)
    world = World(position, torch.zeros(3, 2, 2), torch.ones(3, 2, dtype=torch.bool), num_prey=0)
    graph = MessageGraph(range=0.1, training_range=(0.0, 4.0))
    heard = graph(world, None, torch.tensor([[0.5, 0.0], [1.0, 0.0], [3.0, 0.0]]))
    assert heard[:, 0, 1].tolist() == [False, True, True]
    assert not graph(world).any()


def test_training_ranges_are_drawn_evenly_between_their_bounds() -> None:
    both = MessageGraph(training_range=(1.0, 3.0), link_loss=0.25).draw(4000, torch.Generator().manual_seed(0))
    assert both is not None
    drawn = both[:, 0]
    assert (both[:, 1] == 0.25).all()
    assert 1 <= drawn.min() < 1.01
    assert 2.99 < drawn.max() <= 3
    assert abs(drawn.mean() - 2) < 4 * (2 / 12**0.5) / 4000**0.5
    assert MessageGraph(range=1.0, link_loss=0.25).draw(4, torch.Generator()) is None


def test_losses_are_drawn_evenly_and_hold_for_an_episode() -> None:
    graph = MessageGraph(link_loss=(0.2, 0.6))
    drawn = graph.draw(4000, torch.Generator().manual_seed(0))
    assert drawn is not None
    assert drawn[:, 0].isinf().all()  # unlimited range
    assert 0.2 <= drawn[:, 1].min() < 0.201
    assert 0.599 < drawn[:, 1].max() <= 0.6
    world = World(torch.zeros(4000, 2, 2), torch.zeros(4000, 2, 2), torch.ones(4000, 2, dtype=torch.bool), 0)
    episode = torch.tensor([[torch.inf, 0.0], [torch.inf, 0.75]]).repeat(2000, 1)
    heard = graph(world, torch.Generator().manual_seed(1), episode)[:, 0, 1]
    assert heard[0::2].all()
    # 2,000 pairs: standard error 0.0097
    assert abs(heard[1::2].float().mean() - 0.25) < 0.04


@pytest.mark.parametrize("bounds", [(-1.0, 2.0), (2.0, 1.0)])
def test_training_ranges_in_the_wrong_order_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"training_range is .* the smaller first"):
        MessageGraph(training_range=bounds)
