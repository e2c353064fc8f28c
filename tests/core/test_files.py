from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from marl.core.files import atomic_path, save_json


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with atomic_path(pipe) as path:
        path.write_text("all of it")
    assert os.read(reader, 100) == b"all of it"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"No such device or address: '.*pipe'"), atomic_path(tmp_path / "pipe"):
        pass


def test_a_crash_while_writing_leaves_the_file_before(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("before")

    def crash() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half of wh")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]


def test_json_ends_with_a_line_end_unless_it_is_one_line(tmp_path: Path) -> None:
    save_json(tmp_path / "x.json", {"a": [1, None]})
    assert (tmp_path / "x.json").read_text() == '{\n "a": [\n  1,\n  null\n ]\n}\n'
    save_json(tmp_path / "x.json", {"a": [1, None]}, indent=None)
    assert (tmp_path / "x.json").read_text() == '{"a": [1, null]}'


def test_nan_is_refused_before_a_file_is_touched_unless_it_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_json(path, {"a": float("nan")})
    assert not list(tmp_path.iterdir())
    save_json(path, {"a": float("inf")}, allow_nan=True)
    assert path.read_text() == '{\n "a": Infinity\n}\n'


def test_a_write_that_fails_names_its_file(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"table\.json"),
        atomic_path(tmp_path / "table.json"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as the system's calls on a descriptor do
