from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from marl.system.run_process import RunProcess

ECHO = """
import json, sys
job = json.loads(sys.stdin.readline())
print("started", file=sys.stderr)
for number in range(job["count"]):
    print(json.dumps({"number": number}), flush=True)
sys.stdin.read()
print("", file=sys.stderr)
print("ended", file=sys.stderr)
sys.exit(job["status"])
"""
"""Tells numbers, waits until its standard input ends, and ends with the status that its job names."""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY)
    yield handle
    os.close(handle)


def start(log: Path, lock: int, count: int = 3, status: int = 7) -> RunProcess:
    return RunProcess([sys.executable, "-c", ECHO], {"count": count, "status": status}, log, lock)


def last_told(process: RunProcess) -> dict[str, int] | None:
    """Last message of the process, after it has sent all of them."""
    told, until = None, time.monotonic() + 20
    while (told is None or told["number"] < 2) and time.monotonic() < until:
        told = process.told() or told
        time.sleep(0.01)
    return told


def test_a_process_reads_its_job_and_tells_where_it_stands(tmp_path: Path, lock: int) -> None:
    process = start(tmp_path / "log", lock)
    assert last_told(process) == {"number": 2}
    assert process.told() is None  # nothing since
    assert process.status is None  # it waits for the end of its input
    process.stop()
    assert process._process.wait(20) == 7
    assert process.status == 7
    process.close()
    assert process._output.closed


def test_printed_are_the_lines_of_this_process_that_are_not_empty(tmp_path: Path, lock: int) -> None:
    (tmp_path / "log").write_text("of a process before\n")
    process = start(tmp_path / "log", lock)
    process.stop()
    process._process.wait(20)
    process.close()
    assert process.printed() == ["started", "ended"]
    assert (tmp_path / "log").read_text().startswith("of a process before\n")


def test_a_process_that_is_killed_has_the_status_of_the_signal(tmp_path: Path, lock: int) -> None:
    process = start(tmp_path / "log", lock)
    process.kill()
    assert process.status == -9
    process.stop()  # which is too late, and no error
    assert process._input.closed and process._output.closed
