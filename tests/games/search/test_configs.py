from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from marl.games.search.configs import GumbelConfig, PUCTConfig, SearchConfig, simulations_at

SEARCHES: TypeAdapter[Any] = TypeAdapter(SearchConfig)


def test_a_search_is_found_by_its_kind() -> None:
    assert SEARCHES.validate_python({"kind": "puct", "simulations": 8}) == PUCTConfig(simulations=8)
    assert SEARCHES.validate_python({"kind": "gumbel"}) == GumbelConfig()
    assert PUCTConfig(simulations=0).simulations == 0


@pytest.mark.parametrize(("given", "found"), [(8, [8, 8, 8]), ([4, 16], [4, 7, 16]), ([16, 0], [16, 12, 0])])
def test_simulations_may_follow_a_schedule(given: Any, found: list[int]) -> None:
    """At a quarter of training 4 + 12 / 4 and 16 - 16 / 4; a little later 7.12 and 11.84 are rounded."""
    search = SEARCHES.validate_python({"kind": "gumbel", "simulations": given})
    assert [simulations_at(search, share) for share in (0, 0.25, 1)] == found
    assert (simulations_at(search, 0.26), simulations_at(search)) == tuple(found[1:])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "alpha"},
        {"kind": "puct", "considered": 4},
        {"kind": "puct", "simulations": -1},
        {"kind": "puct", "simulations": [8, -1]},
        {"kind": "puct", "simulations": [8, 16, 32]},
        {"kind": "puct", "simulations": [8, 10**15 + 1]},
        {"kind": "puct", "root_temperature": 0},
        {"kind": "puct", "dirichlet_share": 1.5},
        {"kind": "puct", "c_puct": float("inf")},
        {"kind": "gumbel", "considered": 0},
    ],
)
def test_other_settings_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        SEARCHES.validate_python(wrong)
