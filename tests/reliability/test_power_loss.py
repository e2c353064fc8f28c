"""Commands that lost what was not safe on the disk, and are given again, end like those that were not disturbed."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from drills import ALTERNATE, SEEDS, TRAIN, Drill, DrillOf, Scenario, spread, told
from file_faults import Fault, Operation, read_log
from power_loss import Disk, Image, images, write_image

PARTS = 4
CHECKPOINT = re.compile(r"(.*/checkpoints)/(\d+)")


def disk_after(*steps: tuple[Any, ...]) -> Disk:
    """The folder ``/d`` after some operations, each given as kind, name, and place, new name or data."""
    disk = Disk(Path("/d"))
    for number, (kind, name, *more) in enumerate(steps, 1):
        place = next((item for item in more if isinstance(item, int)), 0)
        other = next((f"/d/{item}" for item in more if isinstance(item, str)), "")
        data = next((item for item in more if isinstance(item, bytes)), b"")
        disk.apply(Operation(number, 1, kind, place, f"/d/{name}" if name else "/d", other, data))
    return disk


WRITTEN = (("open", "x"), ("write", "x", 0, b"safe"), ("fsync", "x"), ("write", "x", 4, b"not"))


@pytest.mark.parametrize(
    ("steps", "lost", "named"),
    [
        (WRITTEN, {}, {"x": b"safe"}),
        ((*WRITTEN, ("fsync", "")), {"x": b"safe"}, {"x": b"safe"}),
        ((*WRITTEN, ("fsync", ""), ("rename", "x", "y")), {"x": b"safe"}, {"y": b"safe"}),
        ((*WRITTEN, ("fsync", ""), ("unlink", "x")), {"x": b"safe"}, {}),
        ((*WRITTEN, ("fsync", ""), ("open", "x", os.O_TRUNC)), {"x": b"safe"}, {"x": b""}),
        ((*WRITTEN, ("fsync", ""), ("truncate", "x", 2)), {"x": b"safe"}, {"x": b"sa"}),
        ((("mkdir", "f"), ("open", "f/x"), ("fsync", "f")), {}, {"f": None, "f/x": b""}),
        ((("mkdir", "f"), ("open", "f/x"), ("fsync", "")), {"f": None}, {"f": None, "f/x": b""}),
        ((("mkdir", "f"), ("open", "f/x"), ("fsync", "f"), ("rename", "f", "g"), ("fsync", "")),)
        + ({"g": None, "g/x": b""},) * 2,
    ],
)
def test_what_a_loss_of_power_leaves_by_hand(steps: tuple[Any, ...], lost: Image, named: Image) -> None:
    disk = disk_after(*steps)
    assert (disk.lost(), disk.named()) == (lost, named)


def test_beyond_what_is_promised_anything_may_be_left() -> None:
    disk = disk_after(*WRITTEN)
    left = {disk.mixed(random.Random(seed)).get("x") for seed in range(99)}
    assert left == {None, *(b"safenot"[:length] for length in range(4, 8))}


def test_the_log_misses_no_operation(drill_of: DrillOf, tmp_path: Path) -> None:
    """Else the images would be of another folder: files are written from Python, from Rust and from C."""
    drill = drill_of(TRAIN)
    drill.begin(log=tmp_path / "log")
    disk = Disk(drill.case)
    for operation in read_log(tmp_path / "log"):
        disk.apply(operation)
    paths = drill.case.rglob("*")
    assert disk.whole() == {str(p.relative_to(drill.case)): None if p.is_dir() else p.read_bytes() for p in paths}


def lost(drill: Drill, cases: Iterable[tuple[Operation, str, Image]]) -> str:
    """What ends otherwise than undisturbed after a loss of power."""
    wrong = {}
    for operation, kind, image in cases:
        drill.clear()
        write_image(image, drill.case)
        wrong[f"{drill.short(operation)}: {kind}"] = _gone(drill, operation, image) + drill.amiss()
    return told(wrong)


def _gone(drill: Drill, operation: Operation, image: Image) -> list[str]:
    """Checkpoints that training had gone on from, and that are not there, nor a newer one."""
    saved: dict[str, list[str]] = {}
    for other in drill.operations[: drill.operations.index(operation) + 1]:
        match = CHECKPOINT.fullmatch(other.other.removeprefix(f"{drill.case}/")) if other.kind == "rename" else None
        if match is not None:
            saved.setdefault(match[1], []).append(match[2])
    there = [match for match in map(CHECKPOINT.fullmatch, image) if match is not None]
    return [
        f"{folder}/{numbers[-2]} is gone"
        for folder, numbers in saved.items()
        if len(numbers) > 1 and max((m[2] for m in there if m[1] == folder), default="") < numbers[-2]
    ]


def test_a_training_goes_on_to_the_same_end(drill_of: DrillOf) -> None:
    drill = drill_of(TRAIN)
    wrong = lost(drill, spread(images(drill.case, drill.operations, seed=14), 8))
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("part", range(PARTS))
def test_every_loss_is_survived(part: int, drill_of: DrillOf) -> None:
    drill = drill_of(TRAIN)
    wrong = lost(drill, images(drill.case, drill.operations, seed=14)[part::PARTS])
    assert not wrong, wrong


@pytest.mark.crash
@pytest.mark.parametrize("scenario", [SEEDS, ALTERNATE], ids=lambda scenario: scenario.name)
def test_losses_of_commands_with_many_runs_are_survived(scenario: Scenario, drill_of: DrillOf) -> None:
    drill = drill_of(scenario)
    wrong = lost(drill, spread(images(drill.case, drill.operations, seed=14), 40))
    assert not wrong, wrong


@contextmanager
def mounted(image: Path, folder: Path, *options: str) -> Iterator[None]:
    """Mount an image of a file system at a folder.

    Raises:
        CalledProcessError: if it cannot be mounted.
    """
    command = ["mount", "-o", ",".join(("loop", *options)), str(image), str(folder)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def ext4(tmp_path: Path) -> Path:
    """An image of an empty ext4 file system; tests are skipped where none can be made and mounted."""
    image = tmp_path / "ext4"
    with image.open("wb") as file:
        file.truncate(32 * 2**20)
    folder = tmp_path / "probe"
    folder.mkdir()
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True, text=True)
        with mounted(image, folder):
            pass
    except FileNotFoundError as error:
        pytest.skip(f"no ext4 file system can be made: {error}")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no ext4 file system can be mounted: {error.stderr.strip()}")
    return image


@pytest.mark.crash
@pytest.mark.parametrize("scenario", [TRAIN, ALTERNATE], ids=lambda scenario: scenario.name)
def test_a_copied_ext4_disk_goes_on_to_the_same_end(scenario: Scenario, drill_of: DrillOf, ext4: Path) -> None:
    """The disk is copied where the command was killed: what only the system's memory holds is not in the copy."""
    drill, wrong = drill_of(scenario), {}
    for operation in spread(drill.operations, 20):
        disk, copy, kept = (ext4.with_name(name) for name in ("disk", "copy", "kept"))
        shutil.copyfile(ext4, disk)
        drill.clear()
        with mounted(disk, drill.case, "commit=300"):
            drill.server.run(scenario.begin, drill.case, Fault(operation.number), flushing=True)
            shutil.copyfile(disk, copy)
        with mounted(copy, drill.case):
            shutil.copytree(drill.case, kept, ignore=shutil.ignore_patterns("lost+found"))
        drill.clear()
        shutil.copytree(kept, drill.case, dirs_exist_ok=True)
        shutil.rmtree(kept)
        wrong[drill.short(operation)] = drill.amiss()
    lines = told(wrong)
    assert not lines, lines
