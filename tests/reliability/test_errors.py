"""A file operation that fails ends a command in words, and nothing is lost by it."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest
from command_server import Ended
from drills import ALTERNATE, SEEDS, TRAIN, Drill, DrillOf, Scenario, spread, told
from file_faults import Fault, Operation

PARTS = 4
ERRORS = {
    "open": (errno.EMFILE, errno.ENOSPC, errno.EACCES, errno.EIO),
    "write": (errno.ENOSPC, errno.EIO),
    "fsync": (errno.EIO, errno.ENOSPC),
    "truncate": (errno.EIO, errno.EACCES),
    "close": (errno.EIO, errno.ENOSPC),
    "rename": (errno.EACCES, errno.EIO, errno.ENOSPC),
    "link": (errno.ENOSPC, errno.EACCES),
    "mkdir": (errno.EACCES, errno.ENOSPC, errno.EIO),
    "unlink": (errno.EACCES, errno.EIO),
    "rmdir": (errno.EACCES, errno.EIO),
}
"""Errors that each kind of operation may end with."""


def failures(drill: Drill) -> list[tuple[Operation, Fault]]:
    """Each operation with one of its errors, in turn, and each fourth that needs space on a disk that stays full."""
    once = [(o, Fault(o.number, ERRORS[o.kind][o.number % len(ERRORS[o.kind])])) for o in drill.operations]
    growing = [operation for operation in drill.operations if operation.kind in ("open", "write", "mkdir")]
    return once + [(o, Fault(o.number, errno.ENOSPC, lasting=True)) for o in growing[::4]]


def failed(drill: Drill, cases: Iterable[tuple[Operation, Fault]]) -> str:
    """What is said or ends otherwise than it should."""
    wrong = {}
    for operation, fault in cases:
        said = _unsaid(drill.begin(fault), drill, operation, fault)
        wrong[f"{drill.short(operation)}: {fault}"] = said + drill.amiss()
    return told(wrong)


def _unsaid(ended: Ended, drill: Drill, operation: Operation, fault: Fault) -> list[str]:
    """What the end of a command should say, and does not; an error that harms nothing need not be told."""
    words = ended.told or ended.printed
    if ended.status == 0 and "Traceback" not in words:
        return []
    expected = {
        "exit status 1": ended.status == 1 or "cannot be made" in words,
        "no traceback": "Traceback" not in words,
        "the folder": drill.scenario.out in words,
        "the last good checkpoint": "cannot be made" in words or _last_checkpoint(drill, operation, fault) in words,
    }
    return [f"{name} missing in {words.splitlines()[-1:]}" for name, there in expected.items() if not there]


def _last_checkpoint(drill: Drill, operation: Operation, fault: Fault) -> str:
    """Last checkpoint of the run that an operation belongs to; empty if there is none.

    On a disk that stays full, the process of one run among many has nowhere left to say it.
    """
    runs = [path for path in Path(operation.path).parents if (path / "checkpoints").is_dir()]
    if not runs or (fault.lasting and drill.scenario is SEEDS):
        return ""
    saved = max((runs[0] / "checkpoints").glob("[0-9]*"), default=None)
    return "" if saved is None else str(saved.relative_to(runs[0].parent))


def test_a_training_that_cannot_write_says_so_and_goes_on_later(drill_of: DrillOf) -> None:
    drill = drill_of(TRAIN)
    wrong = failed(drill, spread(failures(drill), 8))
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("part", range(PARTS))
def test_every_failure_is_told_and_survived(part: int, drill_of: DrillOf) -> None:
    drill = drill_of(TRAIN)
    wrong = failed(drill, failures(drill)[part::PARTS])
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("scenario", [SEEDS, ALTERNATE], ids=lambda scenario: scenario.name)
def test_failures_of_commands_with_many_runs_are_told_and_survived(scenario: Scenario, drill_of: DrillOf) -> None:
    drill = drill_of(scenario)
    wrong = failed(drill, spread(failures(drill), 40))
    assert not wrong, wrong
