"""The library that counts file operations and lets them fail."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from file_faults import KILL, TORN, Fault, build_library, missing, read_log

ARM = "import ctypes, os; ctypes.CDLL(None).faults_arm(b'{folder}', {at}, {kind}, {lasting}, b'{log}')\n"
WRITES = """
def attempt(work):
    try:
        work()
    except OSError as error:
        print(error.errno)

def write():
    with open("x", "wb", 0) as file:
        file.write(b"four")

attempt(write)
attempt(write)
attempt(lambda: os.unlink("x"))
"""
"""Open, write and close; the same again; unlink."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    return build_library(tmp_path_factory.mktemp("library"))


def run(script: str, library: Path, folder: Path, fault: Fault | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script in ``folder/in``, whose file operations are logged to ``folder/log``."""
    (folder / "in").mkdir()
    fault = fault or Fault(0, 0)
    arm = ARM.format(folder=folder / "in", log=folder / "log", **{**vars(fault), "lasting": int(fault.lasting)})
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    command = [sys.executable, "-c", arm + script]
    return subprocess.run(command, cwd=folder / "in", env=environment, capture_output=True, text=True, check=False)


def logged(folder: Path) -> list[tuple[str, str, str, bytes]]:
    operations = read_log(folder / "log")
    assert [operation.number for operation in operations] == list(range(1, len(operations) + 1))
    relative = [
        [os.path.relpath(path, folder / "in") if path else "" for path in (o.path, o.other)] for o in operations
    ]
    return [(o.kind, *names, o.data) for o, names in zip(operations, relative, strict=True)]


def test_operations_below_the_folder_are_logged_in_order(library: Path, tmp_path: Path) -> None:
    script = """
os.mkdir("a")
with open("a/x", "w") as file:
    file.write("hello")
    file.flush()
    os.fsync(file.fileno())
open(os.path.dirname(os.getcwd()) + "/outside", "w").close()
open("a/x").close()
os.truncate("a/x", 2)
os.rename("a/x", "a/y")
end = os.open("a", os.O_RDONLY)
os.fsync(end)
os.unlink("y", dir_fd=end)
os.rmdir("a")
"""
    assert run(script, library, tmp_path).returncode == 0
    assert logged(tmp_path) == [
        ("mkdir", "a", "", b""),
        ("open", "a/x", "", b""),
        ("write", "a/x", "", b"hello"),
        ("fsync", "a/x", "", b""),
        ("close", "a/x", "", b""),
        ("truncate", "a/x", "", b""),
        ("rename", "a/x", "a/y", b""),
        ("fsync", "a", "", b""),
        ("unlink", "a/y", "", b""),
        ("rmdir", "a", "", b""),
    ]


def test_what_rust_writes_and_what_a_forked_process_does_count_too(library: Path, tmp_path: Path) -> None:
    script = """
import numpy, safetensors.numpy
process = os.fork()
if process == 0:
    os._exit(os.mkdir("a") is not None)
os.waitpid(process, 0)
safetensors.numpy.save_file({"x": numpy.arange(3)}, "y")
"""
    assert run(script, library, tmp_path).returncode == 0
    kinds = [(kind, path) for kind, path, _, _ in logged(tmp_path)]
    assert kinds[0] == ("mkdir", "a")
    assert kinds[1][0] == "open" and ("write", kinds[1][1]) in kinds and kinds[1][1] != "a"


@pytest.mark.parametrize(
    ("fault", "left"),
    [(Fault(1), None), (Fault(2), b""), (Fault(2, TORN), b"fo"), (Fault(3, KILL), b"four"), (Fault(7), b"four")],
    ids=str,
)
def test_a_process_is_killed_before_an_operation_or_in_a_write(
    fault: Fault, left: bytes | None, library: Path, tmp_path: Path
) -> None:
    assert run(WRITES, library, tmp_path, fault).returncode == -signal.SIGKILL
    path = tmp_path / "in" / "x"
    assert (path.read_bytes() if path.exists() else None) == left


@pytest.mark.parametrize(
    ("fault", "errors"),
    [
        (Fault(0, errno.EIO), []),
        (Fault(1, errno.EMFILE), [errno.EMFILE]),
        (Fault(2, errno.ENOSPC), [errno.ENOSPC]),
        (Fault(2, errno.ENOSPC, lasting=True), [errno.ENOSPC, errno.ENOSPC]),
        (Fault(3, errno.EIO), [errno.EIO]),
        (Fault(7, errno.EACCES), [errno.EACCES]),
    ],
    ids=str,
)
def test_an_operation_fails_once_or_until_space_is_found(
    fault: Fault, errors: list[int], library: Path, tmp_path: Path
) -> None:
    done = run(WRITES, library, tmp_path, fault)
    assert (done.returncode, done.stdout.split()) == (0, [str(error) for error in errors])
    assert (tmp_path / "in" / "x").exists() == (errors == [errno.EACCES])
