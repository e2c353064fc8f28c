from __future__ import annotations

import math
import random

import pytest

from marl.maths.running_window import RunningWindow

SMALLEST, LARGEST = 5e-324, 1.7e308


def draw(generator: random.Random) -> float:
    """Numbers of all sizes, some of them again and again."""
    return generator.choice([generator.gauss(0, 1) * 10.0 ** generator.randint(-300, 300), 0.1, -0.0, SMALLEST])


@pytest.mark.parametrize("size", [1, 3, 100])
def test_each_window_has_the_bits_of_the_sum_over_it(size: int) -> None:
    generator = random.Random(size)
    window, values = RunningWindow(size), []
    for _ in range(1000):
        values.append(draw(generator))
        window.add(values[-1])
        recent = values[-size:]
        expected = (len(recent), math.fsum(recent) / len(recent), min(recent), max(recent))
        assert (len(window), window.mean, window.minimum, window.maximum) == expected


def test_nothing_is_left_of_a_huge_value_that_dropped_out() -> None:
    window = RunningWindow(2)
    for value in (LARGEST, 4 * SMALLEST, 0.0):
        window.add(value)
    assert (window.mean, window.maximum) == (2 * SMALLEST, 4 * SMALLEST)


def test_what_is_not_finite_drops_out_again() -> None:
    window = RunningWindow(2)
    assert math.isnan(window.mean)
    assert math.isnan(window.minimum)
    for value in (math.inf, math.nan):
        window.add(value)
    assert math.isnan(window.mean)
    assert window.maximum == math.inf
    for value in (1.0, 2.0):
        window.add(value)
    assert (window.mean, window.minimum, window.maximum) == (1.5, 1.0, 2.0)
