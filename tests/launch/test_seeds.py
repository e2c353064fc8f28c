from __future__ import annotations

import pytest

from marl.core.errors import ConfigError
from marl.launch.seeds import parse_seeds


@pytest.mark.parametrize(("text", "seeds"), [("3", [1, 2, 3]), ("1", [1]), ("4,1,7", [4, 1, 7]), (" 2 , 3", [2, 3])])
def test_seeds_are_a_number_or_a_list(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "seeds is '0'; give at least 1"),
        ("1,0", "seeds from 1 on"),
        ("-1", "give how many, e.g. 3, or a list, e.g. 1,4,7"),
        ("1,", "give how many"),
        ("two", "give how many"),
        ("1,2,1", "which has 1 twice"),
        ("999999999", "seeds is '999999999'; give at most 10,000 seeds, each below 4,294,967,296"),
        ("9" * 5000, "give at most 10,000 seeds"),
        ("1,4294967296", "give at most 10,000 seeds, each below 4,294,967,296"),
        (",".join(map(str, range(1, 10_002))), "give at most 10,000 seeds"),
    ],
)
def test_seeds_that_will_not_do_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_seeds(text)
