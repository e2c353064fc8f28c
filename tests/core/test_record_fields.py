from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pytest
import torch

from marl.core.record_fields import Record, stack
from marl.core.records import Observation, Step


def counted(start: int = 0) -> Observation:
    """Two copies of two agents; every number tells its place."""
    return Observation(
        features={"A": torch.arange(start, start + 4.0).view(2, 2, 1)},
        alive=torch.tensor([[True, False], [True, True]]),
        adjacency=torch.tensor([[False, True], [True, False]]).expand(2, 2, 2),
    )


def test_stacking_makes_a_time_axis_in_every_field() -> None:
    both = stack([counted(), counted(10)])
    assert both.features["A"][..., 0].tolist() == [[[0, 1], [2, 3]], [[10, 11], [12, 13]]]
    assert both.alive.shape == (2, 2, 2)
    assert both.leading_shape == (2, 2)
    assert both.action_mask is None


def test_indexing_reaches_dicts() -> None:
    observation = counted().index(torch.tensor([False, True]))
    assert observation.features["A"][..., 0].tolist() == [[2, 3]]
    assert observation.alive.tolist() == [[True, True]]


def test_pieces_are_what_slices_are() -> None:
    observation = counted()
    step = Step(
        observation, observation, torch.arange(4.0).view(2, 2), observation.alive, observation.alive, {}, torch.ones(2)
    )
    longer = step.map(lambda x: torch.cat([x, x + 1 if x.is_floating_point() else ~x, x[:1]]))
    pieces = longer.split(2)
    assert [len(piece.reward) for piece in pieces] == [2, 2, 1]
    for first, piece in zip((0, 2, 4), pieces, strict=True):
        expected = longer.index(slice(first, first + 2))
        assert piece.next_observation.features["A"].equal(expected.next_observation.features["A"])
        assert piece.observation.alive.equal(expected.observation.alive)
        assert piece.observation.action_mask is None
        assert piece.reward.equal(expected.reward)
        assert piece.info == {}


def test_mapping_reaches_nested_records() -> None:
    observation = counted()
    step = Step(
        observation, observation, torch.zeros(2, 2), observation.alive, observation.alive, {"hits": torch.ones(2)}
    )
    doubled = step.map(lambda x: x * 2 if x.is_floating_point() else x)
    assert doubled.next_observation.features["A"].sum() == 12
    assert doubled.info["hits"].tolist() == [2, 2]


@dataclass(frozen=True)
class Remembering(Record):
    values: torch.Tensor

    @cached_property
    def total(self) -> torch.Tensor:
        return self.values.sum(0)


def test_what_a_record_remembers_is_no_field_of_it() -> None:
    record = Remembering(torch.arange(3.0))
    assert record.total == 3
    assert record.map(lambda x: x + 1).total == 6
    assert [piece.total.item() for piece in record.split(2)] == [1, 2]
    assert stack([record, record]).total.tolist() == [0, 2, 4]


def test_records_are_frozen() -> None:
    with pytest.raises(AttributeError):
        counted().alive = torch.zeros(2, 2)  # type: ignore[misc]
