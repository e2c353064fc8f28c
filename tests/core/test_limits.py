from __future__ import annotations

import numpy as np
import pytest

from marl.core.errors import ConfigError
from marl.core.limits import check_between, check_switches


@pytest.mark.parametrize("value", [None, 1, 10_000])
def test_numbers_up_to_both_bounds_will_do(value: int | None) -> None:
    check_between("--jobs", value, 1, 10_000)


@pytest.mark.parametrize(
    ("value", "error"), [(0, "--jobs is 0; give at least 1"), (10_001, "--jobs is 10001; give at most 10,000")]
)
def test_a_number_beyond_a_bound_is_refused_with_the_bound(value: int, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        check_between("--jobs", value, 1, 10_000)


@pytest.mark.parametrize("value", ["off", "False", None, 2])
def test_what_is_neither_true_nor_false_is_no_switch(value: object) -> None:
    with pytest.raises(ConfigError, match=f"messages is {value!r}; give True or False"):
        check_switches(deterministic=True, messages=value)  # type: ignore[arg-type]
    check_switches(messages=False, deterministic=np.True_)
