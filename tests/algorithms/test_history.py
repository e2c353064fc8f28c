from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from marl.algorithms.history import History, load_shards
from marl.core.errors import FileError
from marl.games.self_play import Samples


def samples(number: int, size: int = 2) -> Samples:
    """Positions that all say ``number``."""
    return Samples(
        np.full((size, 3), number, np.int8),
        np.ones((size, 2), np.bool_),
        np.full(size, number, np.int64),
        np.full((size, 2), 0.5, np.float32),
        np.full((size, 2), number / 100, np.float32),
    )


def shards(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.safetensors"))


def test_positions_of_the_latest_iterations_are_kept() -> None:
    history = History(3)
    assert len(history) == 0
    for iteration in range(1, 6):
        history.add(iteration, samples(iteration, size=iteration))
    assert len(history) == 3 + 4 + 5
    assert history.samples.phase.tolist() == [3] * 3 + [4] * 4 + [5] * 5
    history.add(9, samples(9))  # nothing was left to learn from in three iterations
    assert history.samples.phase.tolist() == [9, 9]
    assert history.state() == {}


def test_a_shard_stays_while_a_checkpoint_that_is_kept_needs_it(tmp_path: Path) -> None:
    """A window of two and two checkpoints: when the third is made, the first may still be the last whole one."""
    history = History(2, tmp_path / "history", keep=2)
    left = []
    for iteration in range(1, 7):
        history.add(iteration, samples(iteration))
        if iteration != 2:  # no checkpoint is made after the second
            state = history.state()
            assert list(state["shards"]) == [f"{number:08d}" for number in history.parts]
            left.append(shards(tmp_path / "history"))
    assert left == [[1], [1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5], [3, 4, 5, 6]]


def test_a_checkpoint_that_is_made_twice_takes_no_shard_from_the_one_before(tmp_path: Path) -> None:
    """A run that was killed between its checkpoint and its policy writes what is missing, as if anew."""
    history = History(1, tmp_path, keep=2)
    for iteration in (1, 2):
        history.add(iteration, samples(iteration))
        state = history.state()
    for _ in range(3):
        other = History(1, tmp_path, keep=2)
        other.load_state(state)
        state = other.state()
    assert shards(tmp_path) == [1, 2]


def test_history_goes_on_from_a_state(tmp_path: Path) -> None:
    history = History(2, tmp_path)
    for iteration in (1, 2, 3):
        history.add(iteration, samples(iteration))
    state = history.state()
    written = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    other = History(2, tmp_path)
    other.load_state(state)
    for name in ("observation", "legal", "phase", "policy", "value"):
        one, two = getattr(history.samples, name), getattr(other.samples, name)
        assert one.dtype == two.dtype and np.array_equal(one, two)
    assert other.state()["shards"] == state["shards"]
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    for each in (history, other):
        each.add(4, samples(4))
        assert each.samples.phase.tolist() == [3, 3, 4, 4]


def test_what_a_killed_run_left_is_written_anew_or_removed(tmp_path: Path) -> None:
    history = History(2, tmp_path)
    for iteration in (1, 2):
        history.add(iteration, samples(iteration))
    state = history.state()
    (tmp_path / "00000003.safetensors").write_text("half a shard")
    (tmp_path / "00000009.safetensors").write_text("of an iteration that was lost")
    other = History(2, tmp_path)
    other.load_state(state)
    other.add(3, samples(3))
    state = other.state()
    assert shards(tmp_path) == [1, 2, 3]
    assert load_shards(tmp_path, state["shards"])[3].phase.tolist() == [3, 3]


def test_a_shard_that_is_missing_or_another_is_named(tmp_path: Path) -> None:
    history = History(2, tmp_path)
    for iteration in (1, 2):
        history.add(iteration, samples(iteration))
    state, path = history.state(), tmp_path / "00000002.safetensors"
    content = path.read_bytes()
    for damaged in (
        content[:-1],
        content[:-1] + bytes([content[-1] ^ 1]),
        (tmp_path / "00000001.safetensors").read_bytes(),
    ):
        path.write_bytes(damaged)
        with pytest.raises(FileError, match=f"{path} is not as the checkpoint names it, so the positions of an iter"):
            History(2, tmp_path).load_state(state)
    path.unlink()
    with pytest.raises(FileError, match=f"{path} is missing, so the positions of an iteration are lost"):
        History(2, tmp_path).load_state(state)
