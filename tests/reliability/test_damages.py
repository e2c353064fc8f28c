"""A run whose newest checkpoint is damaged goes on from the one before, to the same end."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from drills import MEETING, told
from each_iteration import EachIteration
from outcomes import differences, outcome

from marl.cli.main import main
from marl.core.errors import DamagedError
from marl.training.checkpoints import Checkpoints, load_checkpoint
from marl.training.run_config import read_config
from marl.training.train import train_run

EACH = 75
"""Damages of each of four kinds."""


@dataclass(frozen=True)
class Runs:
    """Runs of one configuration.

    Args:
        whole: the undisturbed one.
        stopped: one that was stopped and saved halfway.
        case: folder of the case under way.
    """

    whole: Path
    stopped: Path
    case: Path

    def amiss(self, folder: Path, damage: Callable[[Path, random.Random], None], draw: random.Random) -> list[str]:
        """Damage the newest checkpoint of a copy of a run, let it go on, and name what is not as it is undisturbed."""
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(folder, self.case / "run")
        newest = Checkpoints(self.case / "run" / "checkpoints").folders[-1]
        while _is_whole(newest):  # a flip in the name of a checksum takes nothing away
            damage(newest, draw)
        damaged = {path.name: path.read_bytes() for path in newest.iterdir()}
        status = main(["train", "--resume", str(self.case / "run")])
        aside = newest.with_name(f"damaged-{newest.name}")
        if status or {path.name: path.read_bytes() for path in aside.glob("*")} != damaged:
            return [f"status {status}, or the damaged checkpoint is not set aside as it was"]
        return differences(outcome(self.case / "run"), outcome(self.whole))


def _is_whole(checkpoint: Path) -> bool:
    try:
        load_checkpoint(checkpoint)
    except DamagedError:
        return False
    return True


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder, threads = tmp_path_factory.mktemp("damages"), torch.get_num_threads()
    config = read_config(MEETING)
    train_run(config, folder / "whole")
    train_run(config, folder / "stopped", callbacks=[EachIteration(lambda progress: progress.env_steps < 112)])
    yield Runs(folder / "whole", folder / "stopped", folder / "case")
    torch.set_num_threads(threads)


def chosen(checkpoint: Path, draw: random.Random) -> tuple[Path, bytearray]:
    path = draw.choice(sorted(checkpoint.iterdir()))
    return path, bytearray(path.read_bytes())


def flip_a_byte(checkpoint: Path, draw: random.Random) -> None:
    path, data = chosen(checkpoint, draw)
    data[draw.randrange(len(data))] ^= draw.randrange(1, 256)
    path.write_bytes(data)


def cut(checkpoint: Path, draw: random.Random) -> None:
    path, data = chosen(checkpoint, draw)
    path.write_bytes(data[: draw.randrange(len(data))])


def zero_a_block(checkpoint: Path, draw: random.Random) -> None:
    path, data = chosen(checkpoint, draw)
    begin, size = draw.randrange(len(data)), draw.choice([16, 512, 4096])
    data[begin : begin + size] = bytes(len(data[begin : begin + size]))
    path.write_bytes(data)


def lose_a_file(checkpoint: Path, draw: random.Random) -> None:
    """Without ``evaluation`` a checkpoint is whole; the evaluation is played again."""
    (checkpoint / f"{draw.choice(['weights', 'state'])}.safetensors").unlink()


DAMAGES = (flip_a_byte, cut, zero_a_block, lose_a_file)


@pytest.mark.crash
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_costs_nothing(damage: Callable[[Path, random.Random], None], runs: Runs) -> None:
    wrong = {}
    for seed in range(EACH):
        folder = runs.stopped if seed % 2 else runs.whole
        wrong[f"{folder.name}, seed {seed}"] = runs.amiss(folder, damage, random.Random(seed))
    lines = told(wrong)
    assert not lines, lines
