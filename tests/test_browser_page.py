"""docs/browser.md: its commands are taken as they stand there, and its pictures are small."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from marl.cli import play, render
from marl.cli.options import parse

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "browser.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:] for line in re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0].splitlines()
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_its_commands_are_taken(command: list[str]) -> None:
    name, *options = command
    kind = {"play": play.Arguments, "render": render.Arguments}[name]
    taken = parse(kind, options, f"marl {name}")
    assert taken.web if isinstance(taken, play.Arguments) else taken.out.suffix == ".html"


def test_its_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[.+\]\((.+)\)", PAGE)
    assert len(pictures) == 3
    assert all((DOCS / name).stat().st_size < 150_000 for name in pictures)
