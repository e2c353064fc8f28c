from __future__ import annotations

import pytest
from pydantic import ValidationError

from marl.core.config import Config


class Settings(Config):
    number: int = 0
    share: float = 0.0


def test_whole_numbers_go_to_a_thousand_million_million() -> None:
    assert Settings(number=10**15, share=1e30).number == 10**15
    for number in (10**15 + 1, -(10**15) - 1, "9" * 400):
        with pytest.raises(ValidationError, match="the number is too large; give at most 1,000,000,000,000,000"):
            Settings.model_validate({"number": number})
