from __future__ import annotations

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from marl.core.config import Config
from marl.maths.schedules import (
    Clock,
    ExponentialDecay,
    Fraction,
    LinearDecay,
    LogarithmicDecay,
    Rate,
    WholeSchedule,
    rate_at,
    values_at,
)


@pytest.mark.parametrize(
    ("episodes", "value"),
    [
        (0, 1.0),  # 1 - log10(1 / 25) = 2.4
        (24, 1.0),  # 1 - log10(1)
        (49, 0.698970),  # 1 - log10(2)
        (99, 0.397940),  # 1 - log10(4)
        (196, 0.103474),  # 1 - log10(7.88)
        (249, 0.1),  # 1 - log10(10)
        (10_000, 0.1),
    ],
)
def test_a_logarithmic_decay_by_hand(episodes: int, value: float) -> None:
    assert LogarithmicDecay(end=0.1, decay=25).value(Clock(episodes=episodes)) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("share_done", "value"), [(0.0, 1.0), (0.25, 0.6), (0.5, 0.2), (1.0, 0.2)])
def test_a_linear_decay_by_hand(share_done: float, value: float) -> None:
    assert LinearDecay(start=1.0, end=0.2, share=0.5).value(Clock(share_done=share_done)) == pytest.approx(value)


@pytest.mark.parametrize("per", ["env_steps", "updates", "episodes"])
def test_an_exponential_decay_by_hand(per: str) -> None:
    decay = ExponentialDecay(start=0.8, end=0.1, factor=0.5, per=per)
    values = [decay.value(Clock(**{per: n})) for n in range(5)]
    assert values == pytest.approx([0.8, 0.4, 0.2, 0.1, 0.1])
    others = {name: 9 for name in ("env_steps", "updates", "episodes") if name != per}
    assert decay.value(Clock(**others)) == 0.8


def test_a_rate_is_a_number_or_is_read_by_its_kind() -> None:
    adapter = TypeAdapter(Rate)
    assert adapter.validate_python({"kind": "logarithmic", "decay": 10}) == LogarithmicDecay(decay=10)
    assert [adapter.validate_python(given) for given in (0.25, 1, "0.5")] == [0.25, 1.0, 0.5]
    assert adapter.validate_python(LinearDecay(start=0.5)) == LinearDecay(start=0.5)
    with pytest.raises(ValidationError, match="start"):
        adapter.validate_python({"kind": "logarithmic", "start": 1.0})
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        adapter.validate_python(2)
    for given in ({"kind": "steep"}, {"start": 1.0}, {"kind": ["linear"]}):
        with pytest.raises(ValidationError, match=r"give a number from 0 to 1, or \{kind: linear, exponential"):
            adapter.validate_python(given)


def test_a_number_stays_and_a_decay_falls() -> None:
    falling = LinearDecay(start=1.0, end=0.0, share=1.0)
    assert [rate_at(rate, Clock(share_done=0.75)) for rate in (0.3, falling)] == [0.3, 0.25]


def test_only_schedules_that_follow_the_share_have_values_at_it() -> None:
    class Inner(Config):
        beta: Fraction = (0.4, 1.0)

    class Settings(Config):
        rate: Fraction = (0.8, 0.2)
        fixed: Fraction = 0.5
        exploration: Rate = Field(default_factory=lambda: LinearDecay(start=1.0, end=0.2, share=0.5))
        other: Rate = Field(default_factory=LogarithmicDecay)
        inner: Inner = Field(default_factory=Inner)
        number: WholeSchedule = (4, 8)

    values = values_at(Settings(), 0.25)
    assert values == {"rate": pytest.approx(0.65), "exploration": 0.6, "inner.beta": pytest.approx(0.55), "number": 5}
