from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from marl.system.outputs import lasting_outputs


def test_what_nobody_reads_goes_nowhere_and_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as unread:
        monkeypatch.setattr(sys, "stdout", unread)
        print("pending")
        with lasting_outputs() as errors:
            for _ in range(100):
                print("x" * 1_000)
            assert os.fstat(sys.stdout.fileno()).st_rdev == os.stat(os.devnull).st_rdev
        assert (errors, sys.stdout) == ([], unread)
        print("nor later", flush=True)


@pytest.mark.parametrize("write_through", [False, True])
def test_what_is_read_is_what_was_printed(write_through: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as file:
        monkeypatch.setattr(sys, "stdout", file)
        print("before")
        file.reconfigure(write_through=write_through)
        with lasting_outputs():
            print("x\udcff/é…")
            assert (b"x" in (tmp_path / "log").read_bytes()) == write_through
        print("after")
    assert (tmp_path / "log").read_bytes() == b"before\nx\\udcff/\\xe9\\u2026\nafter\n"


def test_an_output_in_memory_lacks_no_letter_and_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, other = BytesIO(), StringIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding="ascii"))
    monkeypatch.setattr(sys, "stderr", other)
    with lasting_outputs():
        print("é")
        assert sys.stderr is other
    assert raw.getvalue() == b"\\xe9\n"


def test_a_full_disk_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with lasting_outputs() as errors:
            print("x", flush=True)
            print("y", flush=True)
    assert [error.strerror for error in errors] == ["No space left on device"]


CLOSED = """
import os, sys
from marl.system.outputs import lasting_outputs
with lasting_outputs():
    print("x")
    print("y", file=sys.stderr)
    assert not sys.stdin.read()
    with open(sys.argv[1], "w") as file:
        assert file.fileno() > 2
        os.write(1, b"of a library")
assert sys.stdout is sys.stderr is sys.stdin is None
"""


def test_no_file_takes_the_place_of_an_output_that_was_closed(tmp_path: Path) -> None:
    command = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", CLOSED, str(tmp_path / "file")]
    assert subprocess.run(command, check=False).returncode == 0
    assert (tmp_path / "file").read_text() == ""
