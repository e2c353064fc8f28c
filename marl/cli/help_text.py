"""Help of commands, wrapped at words to the width of the terminal, with one example a line."""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from typing import TypeVar

import tyro

__all__ = ["help_text", "parse_options", "wrapped"]

T = TypeVar("T")

APART = "\n  \u2060\n"
"""Line between paragraphs that looks empty: tyro makes two of an empty one, and joins lines that begin with letters."""


def parse_options(kind: type[T], arguments: list[str], command: str) -> T:
    """Parse the options of a command.

    Args:
        kind: class of the options; its docstring is the help.
        arguments: as typed after the command.
        command: the command, for help.
    """
    return tyro.cli(kind, args=arguments, prog=command, description=help_text(kind.__doc__ or ""))


def help_text(docstring: str) -> str:
    """Paragraphs of a docstring, wrapped; examples, which semicolons part, have a line each."""
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return APART.join(_paragraph(" ".join(paragraph.split()), "  ") for paragraph in paragraphs)


def wrapped(usage: str) -> str:
    """A text with prose, and lines of two columns, of which long ones go on in the second."""
    blocks = usage.rstrip("\n").split("\n\n")
    return "\n\n".join(_columns(block) if "\n  " in f"\n{block}" else _fill(block) for block in blocks) + "\n"


def _paragraph(text: str, indent: str) -> str:
    start, named, rest = text.partition("Example")
    if not named or ": " not in rest:
        return _fill(text, indent, indent)
    examples = [example.strip().rstrip(".") for example in rest.partition(": ")[2].split(";")]
    lines = [_fill(example, 2 * indent, 4 * indent) for example in examples]
    told = "\n".join([f"{indent}Examples:", *lines])
    return _fill(start, indent, indent) + APART + told if start else told


def _columns(block: str) -> str:
    second, lines = 0, []
    for line in block.splitlines():
        body = line.lstrip()
        first = len(line) - len(body)
        gap = re.search(r"  +", body)
        second = first + (gap.end() if gap else 0) if gap or not second else second
        lines.append(_fill(line, "", " " * max(second, first)))
    return "\n".join(lines)


def _fill(text: str, indent: str = "", further: str = "") -> str:
    return textwrap.fill(
        text,
        max(40, shutil.get_terminal_size().columns),
        initial_indent=indent,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )
