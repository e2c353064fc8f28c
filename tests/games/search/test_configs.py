from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from marl.games.search.configs import GumbelConfig, PUCTConfig, SearchConfig

SEARCHES: TypeAdapter[Any] = TypeAdapter(SearchConfig)


def test_a_search_is_found_by_its_kind() -> None:
    assert SEARCHES.validate_python({"kind": "puct", "simulations": 8}) == PUCTConfig(simulations=8)
    assert SEARCHES.validate_python({"kind": "gumbel"}) == GumbelConfig()
    assert PUCTConfig(simulations=0).simulations == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "alpha"},
        {"kind": "puct", "considered": 4},
        {"kind": "puct", "simulations": -1},
        {"kind": "puct", "root_temperature": 0},
        {"kind": "puct", "dirichlet_share": 1.5},
        {"kind": "puct", "c_puct": float("inf")},
        {"kind": "gumbel", "considered": 0},
    ],
)
def test_other_settings_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        SEARCHES.validate_python(wrong)
