from __future__ import annotations

import warnings

import pytest

from marl.cli.guard import guarded
from marl.core.errors import ConfigError, EnvironmentFailedError, FileError, Note, TrainingError


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ConfigError("seed is -1"), 2, "error: seed is -1\n"),
        (FileError("x is truncated"), 2, "error: x is truncated\n"),
        (TrainingError("at env step 5, loss is not finite"), 1, "error: at env step 5, loss is not finite\n"),
        (EnvironmentFailedError("copy 3 failed"), 1, "error: copy 3 failed\n"),
        (OSError("disk full"), 1, "error: disk full\n"),
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


def test_a_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def command(arguments: list[str]) -> int:
        warnings.warn("x has no checksum", Note, stacklevel=1)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return 0

    assert guarded(command, []) == 0
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == "note: x has no checksum"
    assert "DeprecationWarning: old" in rest[0]
