from __future__ import annotations

import pytest

from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY
from marl.wrappers.rules.settings import PREDATOR_NAMES, PREY_NAMES, check_links, check_prey_noise


def test_the_names_are_those_of_the_rules() -> None:
    assert tuple(PREY) == PREY_NAMES
    assert tuple(PREDATORS) == PREDATOR_NAMES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ((-0.1, None, 0.0, None), "communication range is -0.1; give zero or more"),
        ((1.0, 0, 0.0, None), "nearest is 0; give 1 or more"),
        ((1.0, 1, 1.0, None), "link_loss is 1.0; give a probability of at least 0 and below 1"),
        ((1.0, 1, (0.5, 0.2), None), r"link_loss is \(0.5, 0.2\)"),
        ((1.0, 1, 0.0, (2.0, 1.0)), r"training_range is \(2.0, 1.0\)"),
    ],
)
def test_links_that_cannot_be_are_refused(
    settings: tuple[float | None, int | None, float | tuple[float, float], tuple[float, float] | None], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_links(*settings)


def test_links_at_the_bounds_are_taken() -> None:
    check_links(0.0, 1, (0.0, 0.99), (0.0, 0.0))
    check_links(None, None, 0.0, None)


@pytest.mark.parametrize("bounds", [(-0.1, 0.5), (0.5, 0.4), (0.5, 1.1)])
def test_prey_noise_is_two_probabilities_the_smaller_first(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="give two probabilities, the smaller first"):
        check_prey_noise(*bounds)
