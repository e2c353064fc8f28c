from __future__ import annotations

import pytest

from marl.cli.guard import guarded
from marl.core.errors import ConfigError, FileError, TrainingError


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (ConfigError("seed is -1"), 2, "error: seed is -1\n"),
        (FileError("x is truncated"), 2, "error: x is truncated\n"),
        (TrainingError("at env step 5, loss is not finite"), 1, "error: at env step 5, loss is not finite\n"),
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
