"""Seeds of many runs, as a person writes them."""

from __future__ import annotations

from collections import Counter

from marl.core.errors import ConfigError
from marl.core.limits import MOST_SEEDS, SEED_BELOW
from marl.core.wording import argument

__all__ = ["parse_seeds"]


def parse_seeds(text: str) -> list[int]:
    """Read a number of seeds, ``"3"`` for 1, 2, 3, or a list of them, ``"1,4,7"``.

    Raises:
        ConfigError: if it cannot be read, there are more than 10,000 seeds, one is below 1 or not below 2^32, or one
            comes twice.
    """
    given = f"{argument('seeds')} is {text!r}"
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise ConfigError(f"{given}; give how many, e.g. 3, or a list, e.g. 1,4,7")
    numbers = [int(part) if len(part) < 11 else SEED_BELOW for part in parts]
    if min(numbers) < 1:
        raise ConfigError(f"{given}; give at least 1, or seeds from 1 on")
    if (numbers[0] if len(numbers) == 1 else len(numbers)) > MOST_SEEDS or max(numbers) >= SEED_BELOW:
        raise ConfigError(f"{given}; give at most {MOST_SEEDS:,} seeds, each below {SEED_BELOW:,}")
    repeated = next((number for number, times in Counter(numbers).items() if times > 1), None)
    if repeated is not None:
        raise ConfigError(f"{given}, which has {repeated} twice")
    return list(range(1, numbers[0] + 1)) if len(numbers) == 1 else numbers
