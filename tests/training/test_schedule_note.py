from __future__ import annotations

from typing import Any

import pytest

from marl.training.run_config import read_config
from marl.training.schedule_note import schedule_notes

State = dict[str, Any]


def test_a_run_that_goes_on_for_longer_tells_what_its_schedules_do(preset: State) -> None:
    """1,000 of 1,000 env steps become 1,000 of 4,000: from 0.001 back to a quarter of the way from 0.003."""
    config = read_config({**preset, "total_env_steps": 4000})
    (note,) = schedule_notes(config, {"total_env_steps": 1000}, 1000)
    assert note == (
        "schedules follow the share of total_env_steps that is done, now 1,000 of 4,000 and before of 1,000: "
        "learning_rate goes from 0.001 to 0.0025"
    )


@pytest.mark.parametrize("former", [{"total_env_steps": 4000}, {"total_env_steps": "long"}, {"total_env_steps": 0}, {}])
def test_without_another_length_there_is_nothing_to_tell(former: State, preset: State) -> None:
    assert schedule_notes(read_config({**preset, "total_env_steps": 4000}), former, 1000) == []


def test_constants_stay(preset: State) -> None:
    config = read_config({**preset, "algorithm": {"name": "a2c", "learning_rate": 0.1}, "total_env_steps": 4000})
    assert schedule_notes(config, {"total_env_steps": 1000}, 1000) == []
