from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.networks.feature_normaliser import FeatureNormaliser


def of_two(features: list[list[float]], alive: list[list[bool]]) -> Observation:
    """Rows of two agents with one feature each, ``[B, N]``."""
    return Observation({"solo": torch.tensor(features)[..., None]}, torch.tensor(alive))


def normaliser_of_two(active: bool = True) -> FeatureNormaliser:
    return FeatureNormaliser(Roster((AgentClass("solo", 1, ActionSpec("discrete", 2)),), (2,)), active)


def test_features_get_the_moments_of_all_that_the_living_saw() -> None:
    """Living rows 1, 3 and then 5, 7, 9: mean 5, variance 8; the dead agent's 100 counts for nothing."""
    normaliser = normaliser_of_two()
    normaliser.update(of_two([[1.0, 3.0]], [[True, True]]))
    normaliser.update(of_two([[5.0, 7.0], [9.0, 100.0]], [[True, True], [True, False]]))
    scaled = normaliser(of_two([[5.0, 5.0 + 8**0.5]], [[True, True]])).features["solo"]
    assert_close(scaled[0, :, 0], torch.tensor([0.0, 1.0]))


def test_features_count_where_an_agent_is_to_move() -> None:
    """Rows 1, 3, 5 and 7, of which those of the agents whose turn it is are 1 and 7: mean 4, variance 9."""
    normaliser, seen = normaliser_of_two(), of_two([[1.0, 3.0], [5.0, 7.0]], [[True, True], [True, True]])
    normaliser.update(replace(seen, acting=torch.tensor([[True, False], [False, True]])))
    scaled = normaliser(of_two([[4.0, 7.0]], [[True, True]])).features["solo"]
    assert_close(scaled[0, :, 0], torch.tensor([0.0, 1.0]))


def test_features_are_cut_and_one_that_never_varied_stays_finite() -> None:
    normaliser = normaliser_of_two()
    normaliser.update(of_two([[4.0, 4.0]], [[True, True]]))
    scaled = normaliser(of_two([[4.0, 5.0]], [[True, True]])).features["solo"]
    assert_close(scaled[0, :, 0], torch.tensor([0.0, 10.0]))


def test_features_pass_unchanged_before_anything_was_seen_and_after_a_rollout_without_the_living() -> None:
    normaliser, seen = normaliser_of_two(), of_two([[2.0, -3.0]], [[False, False]])
    normaliser.update(seen)
    assert_close(normaliser(seen).features["solo"], seen.features["solo"])


def test_an_inactive_one_of_features_keeps_nothing() -> None:
    normaliser, seen = normaliser_of_two(active=False), of_two([[2.0, -3.0]], [[True, True]])
    normaliser.update(seen)
    assert normaliser(seen) is seen
    assert not normaliser.state_dict()


def test_the_largest_numbers_are_scaled_as_others_are() -> None:
    """Mean 0 and deviation 3e38, the square of which no float32 holds."""
    normaliser = normaliser_of_two()
    for _ in range(2):
        normaliser.update(of_two([[3e38, -3e38]], [[True, True]]))
    scaled = normaliser(of_two([[3e38, -3e38]], [[True, True]])).features["solo"]
    assert_close(scaled[0, :, 0], torch.tensor([1.0, -1.0]))
    assert all(buffer.isfinite().all() for buffer in normaliser.buffers())


def test_moments_of_many_steps_are_not_rounded_away() -> None:
    """Two twos after 2^26 ones move the mean by less than float32 tells from 1."""
    normaliser = normaliser_of_two()
    normaliser.update(of_two([[1.0, 1.0]], [[True, True]]))
    normaliser.get_buffer("number_solo").fill_(2.0**26)
    normaliser.update(of_two([[2.0, 2.0]], [[True, True]]))
    assert float(normaliser.get_buffer("mean_solo")) == pytest.approx(1 + 2 / (2**26 + 2), abs=1e-12)


def test_moments_of_older_files_are_taken_over() -> None:
    """They were float32."""
    normaliser = normaliser_of_two()
    old = {"number_solo": torch.tensor(4.0, dtype=torch.float64)}
    normaliser.load_state_dict({**old, "mean_solo": torch.tensor([3.0]), "variance_solo": torch.tensor([4.0])})
    scaled = normaliser(of_two([[3.0, 7.0]], [[True, True]])).features["solo"]
    assert_close(scaled[0, :, 0], torch.tensor([0.0, 2.0]))
    assert normaliser.get_buffer("variance_solo").dtype == torch.float64


@pytest.mark.parametrize("active", [True, False])
def test_categories_become_places_and_are_not_scaled(active: bool) -> None:
    """Numbers of three and two values are five features; the class beside it measures something."""
    spec = ActionSpec("discrete", 2)
    roster = Roster((AgentClass("A", 2, spec, (3, 2)), AgentClass("B", 1, spec)), (2, 1))
    normaliser = FeatureNormaliser(roster, active)
    numbers = torch.tensor([[[2, 0], [0, 1]]], dtype=torch.int32)
    seen = Observation({"A": numbers, "B": torch.tensor([[[7.0]]])}, torch.ones(1, 3, dtype=torch.bool))
    normaliser.update(seen)
    read = normaliser(seen).features
    assert read["A"].tolist() == [[[0, 0, 1, 1, 0], [1, 0, 0, 0, 1]]]
    assert read["A"].dtype == torch.float32
    assert read["B"].item() == (0 if active else 7)  # its own mean
    assert {name.rsplit("_", 1)[1] for name in normaliser.state_dict()} == ({"B"} if active else set())


@pytest.mark.parametrize("active", [True, False])
def test_pictures_are_read_as_float(active: bool) -> None:
    normaliser = normaliser_of_two(active)
    seen = Observation({"solo": torch.tensor([[[0], [255]]], dtype=torch.uint8)}, torch.ones(1, 2, dtype=torch.bool))
    normaliser.update(seen)
    read = normaliser(seen).features["solo"]
    assert read.dtype == torch.float32
    assert read.flatten().tolist() == ([-1, 1] if active else [0, 255])
