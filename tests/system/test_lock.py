from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from marl.core.errors import ConfigError
from marl.system.lock import in_use, sole_user


def test_one_command_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with sole_user(folder):
        with pytest.raises(ConfigError, match=r"another marl command works in .*/runs; wait"), sole_user(folder):
            pass
        (folder / "x").touch()
    with sole_user(folder):
        assert folder.is_dir()


def test_others_see_that_a_folder_is_in_use(tmp_path: Path) -> None:
    assert not in_use(tmp_path)
    with sole_user(tmp_path):
        assert in_use(tmp_path)
    assert not in_use(tmp_path)
    with sole_user(tmp_path):  # looking took nothing
        pass


def test_a_folder_that_is_left_empty_goes_again_with_those_that_were_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with sole_user(tmp_path / "there" / "runs" / "x"):
        assert (tmp_path / "there" / "runs" / "x").is_dir()
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]
    with sole_user(tmp_path / "there"):
        pass
    assert (tmp_path / "there").is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/x cannot be made or opened .*; name another"):
        sole_user(tmp_path / "file" / "x").__enter__()


def test_a_process_that_is_gone_holds_no_lock_nor_do_its_forks(tmp_path: Path) -> None:
    script = """
import os, sys, time
from pathlib import Path
from marl.system.lock import sole_user
with sole_user(Path(sys.argv[1])):
    if os.fork() == 0:
        os.write(1, b".")
        sys.stdin.read()  # it lives on
    else:
        os.write(1, b".")
        time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(2) == b".."  # both have begun
    with pytest.raises(ConfigError), sole_user(tmp_path):
        pass
    process.kill()
    process.wait()
    with sole_user(tmp_path):
        pass
    process.communicate()  # which ends the fork


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.warns(UserWarning, match="this file system knows no locks"), sole_user(tmp_path) as lock:
        os.fstat(lock)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(lock)
