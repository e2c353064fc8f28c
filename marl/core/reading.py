"""Text, YAML and JSON of others, read within bounds: nothing hangs, and what cannot be used is a `FileError`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from marl.core.errors import FileError

__all__ = ["Rows", "check_file", "parse_json", "parse_yaml", "read_json", "read_text"]

T = TypeVar("T")

MOST_TEXT = 200_000
"""Bytes of a text, e.g. a preset, which has some thousands; PyYAML reads them in about three seconds."""
MOST_JSON = 30_000_000
"""Bytes of JSON; it takes some twenty times as much memory."""
MOST_LOG, MOST_ROW = 10**9, 10**6
"""Bytes of a log, and of one row of it."""
MOST_DEPTH, MOST_DIGITS = 100, 300
"""Levels of nesting, and digits of a whole number."""
MOST_VALUES = 100_000
"""Values of one level of YAML, where an alias counts as what it repeats."""
MOST_MERGED = 1_000
MERGE = "tag:yaml.org,2002:merge"
PLAIN = (str, int, float, list, dict, type(None))
DIGITS = re.compile(rb"[0-9]{%d}" % (MOST_DIGITS + 1))
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: it can be written as an escape, and neither printed nor encoded."""


def check_file(path: Path, most: float = math.inf) -> None:
    """Refuse what is no regular file, such as a pipe, on which everybody would wait, and what is too large.

    Args:
        path: of the file.
        most: largest size in bytes.

    Raises:
        FileError: naming the file; also if it is missing.
        OSError: if the system does not tell.
    """
    if not path.is_file():
        raise FileError(f"{path} {'is not a file' if path.exists() else 'does not exist'}")
    size = path.stat().st_size
    if size > most:
        raise FileError(f"{path} has {size:,} bytes; at most {most:,} are read")


def read_text(path: Path) -> str:
    """Read a short file of UTF-8.

    Raises:
        FileError: if it is missing, no regular file, too large, or not UTF-8.
        OSError: if it cannot be read.
    """
    check_file(path, MOST_TEXT)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: {error}") from error


def read_json(path: Path) -> Any:
    """Read a file of JSON.

    Raises:
        FileError: if it is missing, no regular file, too large, or not JSON.
        OSError: if it cannot be read.
    """
    check_file(path, MOST_JSON)
    try:
        return parse_json(path.read_bytes())
    except ValueError as error:
        raise FileError(f"{path} is not JSON: {error}") from error


def parse_json(text: bytes) -> Any:
    """Read JSON as plain values.

    Raises:
        ValueError: saying why it cannot be read.
    """
    if len(text) > MOST_JSON:
        raise ValueError(f"it has {len(text):,} bytes; at most {MOST_JSON:,} are read")
    return _plain(lambda: json.loads(text), text)


def parse_yaml(text: str) -> Any:
    """Read YAML as plain values.

    Raises:
        ValueError: saying why it cannot be read.
    """
    return _plain(lambda: yaml.load(text, _Loader), text.encode(errors="replace"), MOST_VALUES)


def _plain(load: Callable[[], Any], text: bytes, most_values: float = math.inf) -> Any:
    if DIGITS.search(text):
        raise ValueError(f"it has a number of more than {MOST_DIGITS} digits")
    try:
        value = load()
    except RecursionError as error:
        raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    # PyYAML raises whatever its conversions do: for !!int '', !!bool x, !!timestamp x
    except (TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise ValueError(f"a value is not of the type that it names ({error})") from error
    _check_plain(value, most_values)
    return value


def _check_plain(value: Any, most_values: float) -> None:
    """Refuse what is too deep, too much or too long to be handled and printed.

    Raises:
        ValueError: saying which it is.
    """
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels")
        if len(level) > most_values:
            raise ValueError(f"it has more than {most_values:,} values, counting what aliases repeat")
        for item in level:
            if not isinstance(item, PLAIN):
                raise ValueError(f"it has {item!s:.80}, a {type(item).__name__}; put it in quotes to make it text")
            if isinstance(item, int) and abs(item) >= 10**MOST_DIGITS:
                raise ValueError(f"it has a number of more than {MOST_DIGITS} digits")
            if isinstance(item, str) and SURROGATE.search(item):
                raise ValueError(f"it has the text {item[:80]!r} with half a character")
        level = [part for item in level for part in _parts(item)]


def _parts(item: Any) -> list[Any]:
    return [*item, *item.values()] if isinstance(item, dict) else item if isinstance(item, list) else []


class _Loader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice, and in which merged mappings (``<<``) cannot multiply without end."""

    def compose_mapping_node(self, anchor: Any) -> Any:
        node = super().compose_mapping_node(anchor)
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE:
                value, line = self.construct_object(key), key.start_mark.line + 1
                if value in lines:
                    raise yaml.YAMLError(f"{key.value} is given twice, in lines {lines[value]} and {line}; leave one")
                lines[value] = line
        return node

    def flatten_mapping(self, node: Any) -> None:
        before = len(node.value)
        super().flatten_mapping(node)
        if before < len(node.value) > MOST_MERGED:
            raise yaml.YAMLError(f"merged mappings have more than {MOST_MERGED:,} fields")


@dataclass
class Rows:
    """Rows of a log, of which some may be damaged.

    Args:
        path: of the log.
        damaged: number of rows left out so far.
        first: number of the first of them, counted from 1.
    """

    path: Path
    damaged: int = 0
    first: int = 0

    def read(self, parse: Callable[[bytes], T]) -> Iterator[T]:
        """Parse each row, and count those that cannot be.

        A last row without its end is left out and not counted: a run that still trains may be writing it.

        Args:
            parse: from a line to a row; raises ValueError, TypeError, LookupError or AttributeError for a damaged one.

        Raises:
            FileError: if the file is missing, no regular file, or too large.
            OSError: if it cannot be read.
        """
        check_file(self.path, MOST_LOG)
        with self.path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(MOST_ROW), b""), 1):
                try:
                    row = parse(line)
                except (ValueError, TypeError, LookupError, AttributeError):
                    if line.endswith(b"\n"):
                        self.damaged, self.first = self.damaged + 1, self.first or number
                else:
                    yield row

    @property
    def note(self) -> str | None:
        """Sentence about the damaged rows; None if there are none."""
        if not self.damaged:
            return None
        rows = "1 damaged row is" if self.damaged == 1 else f"{self.damaged:,} damaged rows are"
        return f"{self.path}: {rows} left out, the first in line {self.first}"
