from __future__ import annotations

from collections.abc import Callable

import pytest

from marl.cli.help_text import help_text, wrapped
from marl.cli.main import COMMANDS

Cli = Callable[..., tuple[int, str, str]]

USAGE = """usage: marl walk FAR

  walk   one foot before the other, again and again
  on a   way that is much longer than the line

Those who walk see more than those who ride.
"""


def test_long_lines_go_on_in_the_second_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "42")
    assert wrapped(USAGE).splitlines() == [
        "usage: marl walk FAR",
        "",
        "  walk   one foot before the other, again",
        "         and again",
        "  on a   way that is much longer than the",
        "         line",
        "",
        "Those who walk see more than those who",
        "ride.",
    ]


def test_examples_have_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    text = help_text("""Walk far.

    Not run. Examples: marl walk far; marl walk --to sea --over hills --by night""")
    assert [line.rstrip(" \u2060") for line in text.splitlines()] == [
        "  Walk far.",
        "",
        "  Not run.",
        "",
        "  Examples:",
        "    marl walk far",
        "    marl walk --to sea --over hills --by",
        "        night",
    ]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_help_is_wider_than_the_terminal(command: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = cli(*filter(None, [command]), "--help")
    assert [line for line in out.splitlines() if len(line) > 80 and not line.startswith("usage:")] == []
    assert "; marl " not in out
