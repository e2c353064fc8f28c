from __future__ import annotations

import errno
import sys
import warnings
from io import BytesIO, TextIOWrapper

import gymnasium
import pytest

from marl.cli.guard import fail, guarded
from marl.core.errors import ConfigError, EnvironmentFailedError, FileError, Note, TrainingError


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ConfigError("seed is -1"), 2, "error: seed is -1\n"),
        (FileError("x is truncated"), 2, "error: x is truncated\n"),
        (TrainingError("at env step 5, loss is not finite"), 1, "error: at env step 5, loss is not finite\n"),
        (EnvironmentFailedError("copy 3 failed"), 1, "error: copy 3 failed\n"),
        (OSError("disk full"), 1, "error: disk full\n"),
        (OSError(errno.ENOSPC, "No space left on device", "x"), 1, "error: [Errno 28] No space left on device: 'x'\n"),
        (OSError(errno.EACCES, "Permission denied", "x"), 2, "error: [Errno 13] Permission denied: 'x'\n"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "x"), 2, "error: [Errno 36] File name too long: 'x'\n"),
        (ConfigError("x is '\x1b[31m\x07'\nand y"), 2, "error: x is '\\x1b[31m\\x07'\nand y\n"),
        (ConfigError("a" * 2_000 + "b" * 10_000 + "c" * 2_000), 2, f"error: {'a' * 2_000} ... {'c' * 2_000}\n"),
        (KeyboardInterrupt(), 130, "stopped at once\n"),
        (KeyboardInterrupt(15), 143, "stopped at once\n"),
        (SystemExit(2), 2, ""),
        (SystemExit("why"), 0, ""),
    ],
)
def test_errors_of_a_user_become_a_line_and_a_status(
    error: BaseException, status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(arguments: list[str]) -> int:
        assert arguments == ["x"]
        raise error

    assert guarded(command, ["x"]) == status
    assert capsys.readouterr().err == told


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    def command(arguments: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(command, [])


def test_the_status_of_a_command_is_handed_on() -> None:
    assert guarded(lambda arguments: len(arguments), ["a", "b", "c"]) == 3


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
def test_the_label_is_red_in_a_terminal_but_where_colours_are_not_wished(
    no_color: str | None, coloured: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    fail("x", 2)
    assert capsys.readouterr().err == ("\033[1;31merror:\033[0m x\n" if coloured else "error: x\n")


def test_a_path_that_is_no_text_can_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding="ascii"))

    def command(arguments: list[str]) -> int:
        print("wrote x\udcff/é…")
        sys.stdout.flush()
        return 0

    assert guarded(command, []) == 0
    assert raw.getvalue() == b"wrote x\\udcff/\\xe9\\u2026\n"


def test_what_is_printed_onto_a_full_disk_is_not_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert guarded(lambda arguments: print("x") or 0, []) == 1
    told = "error: what was printed is lost: standard output cannot be written ([Errno 28] No space left on device)\n"
    assert capsys.readouterr().err == told


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def command(arguments: list[str]) -> int:
        warnings.warn("x has no checksum", Note, stacklevel=1)
        gymnasium.logger.deprecation("The environment %s is out of date.", "CartPole-v0")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return 0

    assert guarded(command, []) == 0
    first, gymnasiums, *rest = capsys.readouterr().err.splitlines()
    assert first == "note: x has no checksum"
    assert gymnasiums == "note: The environment CartPole-v0 is out of date."  # which it colours
    assert "DeprecationWarning: old" in rest[0]
