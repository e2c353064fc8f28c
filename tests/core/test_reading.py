from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import FileError
from marl.core.reading import Rows, check_file, parse_json, parse_yaml, read_json, read_text

NINES = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
MERGED = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 10)
)


def test_yaml_is_read_with_its_aliases() -> None:
    text = "a: &a {x: 1, y: [2.5, true, null]}\nb: *a\nc: &c {<<: *a, x: 'é'}\nd: {<<: *c, <<: *a}\n"
    inner, other = {"x": 1, "y": [2.5, True, None]}, {"x": "é", "y": [2.5, True, None]}
    assert parse_yaml(text) == {"a": inner, "b": inner, "c": other, "d": inner}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("seed: 2001-13-45", "month must be in 1..12"),
        ("seed: 2001-11-12", "it has 2001-11-12, a date; put it in quotes to make it text"),
        ("x: !!float abc", "could not convert string to float: 'abc'"),
        ("x: !!int ''", "a value is not of the type that it names"),
        ("x: !!timestamp soon", "a value is not of the type that it names"),
        ("x: !!python/name:os.system", "could not determine a constructor"),
        ("x: " + "[" * 3000, "it is nested deeper than 100 levels"),
        ("x: &x [*x]", "it is nested deeper than 100 levels"),
        ("x: " + "[" * 101 + "]" * 101, "it is nested deeper than 100 levels"),
        ("x: " + "9" * 5000, "it has a number of more than 300 digits"),
        ("x: 0x" + "f" * 5000, "it has a number of more than 300 digits"),
        (NINES, "it has more than 100,000 values, counting what aliases repeat"),
        (MERGED, "merged mappings have more than 1,000 fields"),
        ('x: "\\ud800"', "with half a character"),
        ("x: [", "expected the node content"),
        ("seed: 1\nenv:\n  seed: 2\nseed: 3", "seed is given twice, in lines 1 and 4; leave one"),
        ("env:\n  name: a\n  # far below\n  'name': b", "name is given twice, in lines 2 and 4; leave one"),
        ("- {1: a, 0x1: b}", "0x1 is given twice, in lines 1 and 1"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  y: 1\n  y: 2", "y is given twice, in lines 4 and 5"),
    ],
)
def test_yaml_that_would_hang_or_fail_later_is_refused_at_once(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_yaml(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[" * 5000 + b"]" * 5000, "it is nested deeper than 100 levels"),
        (b"[" * 100_000, "it is nested deeper than 100 levels"),
        (b"9" * 100_000, "it has a number of more than 300 digits"),
        (b'{"x": "\xe9"}', "can't decode byte 0xe9"),
        (b"{", "Expecting property name"),
    ],
)
def test_json_that_would_fail_later_is_refused_at_once(text: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(text)
    assert parse_json(b'{"x": [1, 2.5, null]}') == {"x": [1, 2.5, None]}


def test_files_that_are_none_or_too_large_are_refused_by_name(tmp_path: Path) -> None:
    """A pipe without a writer would be waited for without end."""
    os.mkfifo(tmp_path / "pipe")
    for read in (check_file, read_text, read_json):
        with pytest.raises(FileError, match="pipe is not a file"):
            read(tmp_path / "pipe")
        with pytest.raises(FileError, match=f"{tmp_path} is not a file"):
            read(tmp_path)
        with pytest.raises(FileError, match="gone does not exist"):
            read(tmp_path / "gone")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**11)  # takes no room
    for read in (read_text, read_json):
        with pytest.raises(FileError, match="sparse has 100,000,000,000 bytes; at most"):
            read(tmp_path / "sparse")


def test_files_of_other_letters_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b'"\xe9"')
    with pytest.raises(FileError, match=r"x is not UTF-8: .*position 1"):
        read_text(tmp_path / "x")
    with pytest.raises(FileError, match=r"x is not JSON: .*position 1"):
        read_json(tmp_path / "x")
    (tmp_path / "x").write_text('"é"', encoding="utf-8")
    assert (read_text(tmp_path / "x"), read_json(tmp_path / "x")) == ('"é"', "é")


@pytest.mark.parametrize(
    ("content", "read", "note"),
    [
        (b"1\n2\n", [1, 2], None),
        (b"", [], None),
        (b"1\n2", [1, 2], None),
        (b"1\n[", [1], None),  # a run may be writing it
        (b"1\n\xe9\n3\n", [1, 3], "1 damaged row is left out, the first in line 2"),
        (b"[\n2\n" + b"[" * 5000 + b"\n\n", [2], "3 damaged rows are left out, the first in line 1"),
    ],
)
def test_damaged_rows_are_left_out_and_counted(
    content: bytes, read: list[Any], note: str | None, tmp_path: Path
) -> None:
    (tmp_path / "log").write_bytes(content)
    rows = Rows(tmp_path / "log")
    assert list(rows.read(parse_json)) == read
    assert rows.note == (None if note is None else f"{tmp_path / 'log'}: {note}")


def test_a_row_without_an_end_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 2_500_000 + b"\n7\n")
    rows, longest = Rows(tmp_path / "log"), []

    def parse(line: bytes) -> Any:
        longest.append(len(line))
        return parse_json(line)

    assert (list(rows.read(parse)), rows.damaged, max(longest)) == ([7], 1, 1_000_000)
