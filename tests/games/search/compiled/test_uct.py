from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba")
import numba

from marl.games.search.compiled.uct import ROOTS, seed_draws


@numba.njit  # type: ignore[untyped-decorator]
def drawn(number: Any) -> Any:
    return np.array([np.random.random() for _ in range(number)])  # noqa: NPY002


def test_seeded_draws_are_those_of_numpy() -> None:
    for seed in (0, 1, 2**32 - 1):
        seed_draws(seed)
        assert drawn(100).tolist() == np.random.RandomState(seed).random_sample(100).tolist()


def test_the_table_of_roots_begins_at_one_visit() -> None:
    """sqrt(ln 2), and sqrt(ln 1023) = sqrt(10 ln 2 - 0.000977)."""
    assert ROOTS[:2].tolist() == [0, 0]
    assert ROOTS[[2, 1023]].tolist() == pytest.approx([0.832555, 2.632583], abs=1e-6)
