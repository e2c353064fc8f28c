"""Commands that are killed at a file operation and given again end like those that are not disturbed."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterable

import pytest
from drills import ALTERNATE, SEEDS, TRAIN, Drill, DrillOf, Scenario, spread, told
from file_faults import KILL, TORN, Fault, Operation

PARTS = 4
"""Parts of all kills, so that several workers share them."""
PAIRS = 10


def kills(drill: Drill) -> list[tuple[Operation, Fault]]:
    """A kill before every operation that changes a file or folder, and one in every write."""
    changing = [operation for operation in drill.operations if operation.kind not in ("close", "fsync")]
    torn = [operation for operation in changing if operation.kind == "write"]
    return [(o, Fault(o.number)) for o in changing] + [(o, Fault(o.number, TORN)) for o in torn]


def killed(drill: Drill, cases: Iterable[tuple[Operation, Fault]]) -> str:
    """What ends otherwise than undisturbed."""
    wrong = {}
    for operation, fault in cases:
        assert drill.begin(fault).status in (-signal.SIGKILL, 1), operation  # 1: it was the process of one among many
        wrong[f"{drill.short(operation)}: {fault}"] = drill.amiss()
    return told(wrong)


def test_a_killed_training_goes_on_to_the_same_end(drill_of: DrillOf) -> None:
    drill = drill_of(TRAIN)
    wrong = killed(drill, spread(kills(drill), 20))
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("scenario", [TRAIN, SEEDS, ALTERNATE], ids=lambda scenario: scenario.name)
def test_every_kill_is_survived(scenario: Scenario, part: int, drill_of: DrillOf) -> None:
    drill = drill_of(scenario)
    wrong = killed(drill, kills(drill)[part::PARTS])
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("scenario", [TRAIN, SEEDS, ALTERNATE], ids=lambda scenario: scenario.name)
def test_what_goes_on_may_be_killed_too(scenario: Scenario, drill_of: DrillOf) -> None:
    drill, draw, wrong = drill_of(scenario), random.Random(14), {}
    for _ in range(PAIRS):
        first, again = (Fault(draw.choice(drill.operations).number, draw.choice([KILL, TORN])) for _ in range(2))
        drill.begin(first)
        drill.go_on(again)
        wrong[f"{first.at}, {again.at}"] = drill.amiss()
    lines = told(wrong)
    assert not lines, lines
