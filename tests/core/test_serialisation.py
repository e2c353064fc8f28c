from __future__ import annotations

import binascii
import json
import os
import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from marl.core.errors import DamagedError, FileError, Note
from marl.core.records import Memory
from marl.core.serialisation import load_state, record_of, save_state, state_of

STATE: dict[str, Any] = {
    "tensors": {
        "float": torch.tensor([1.5, -2.25]),
        "double": torch.tensor(0.1, dtype=torch.float64),
        "bool": torch.tensor([[True], [False]]),
        "bytes": torch.arange(5, dtype=torch.uint8),
        "empty": torch.zeros(0, 3),
    },
    "number": 7,
    "seed": 2**100,
    "text": "a/b",
    "nothing": None,
    "list": [1.0, "two", {"deep": 3}],
    "empty": {},
}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    return bool(one == other)


def test_a_nested_state_comes_back_as_it_was(tmp_path: Path) -> None:
    save_state(tmp_path, "state", STATE)
    assert same(load_state(tmp_path, "state"), STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]


def test_a_record_comes_back_through_its_state(tmp_path: Path) -> None:
    memory = Memory(torch.rand(2, 3, 1, 4, 5), torch.rand(2, 3, 1, 4, 5), torch.tensor([[True] * 4, [False] * 4]))
    save_state(tmp_path, "state", {"memory": memory})
    back = record_of(Memory, load_state(tmp_path, "state")["memory"])
    assert same(state_of(back), state_of(memory))


def test_tensors_that_share_memory_are_stored_apart(tmp_path: Path) -> None:
    whole = torch.arange(6.0)
    save_state(tmp_path, "state", {"whole": whole, "part": whole[2:4], "turned": whole.view(2, 3).T})
    back = load_state(tmp_path, "state")
    assert back["part"].tolist() == [2.0, 3.0]
    assert back["turned"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]


@pytest.mark.parametrize(
    ("state", "message"),
    [({1: 2}, "key 1 of the state is not a string"), ({"a": object()}, "not JSON serializable")],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_written(
    state: dict[Any, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=message):
        save_state(tmp_path, "state", state)
    assert not list(tmp_path.iterdir())


def test_names_that_would_collide_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="two tensors would be named '/a/b'"):
        save_state(tmp_path, "state", {"a/b": torch.zeros(1), "a": {"b": torch.zeros(1)}})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"state\.safetensors does not exist"):
        load_state(tmp_path, "state")


@pytest.mark.parametrize("kept", [0, 5, 40, -1], ids=["empty", "in the length", "in the header", "last byte lost"])
def test_a_truncated_file_is_refused(kept: int, tmp_path: Path) -> None:
    save_state(tmp_path, "state", STATE)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileError, match=r"state\.safetensors is (truncated or not of this package|damaged)"):
        load_state(tmp_path, "state")


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "state.safetensors").write_bytes(pickle.dumps({"state": print}))
    with pytest.raises(FileError, match="not of this package"):
        load_state(tmp_path, "state")


def test_safetensors_of_another_package_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, tmp_path / "state.safetensors")
    with pytest.raises(FileError, match="not of this package"):
        load_state(tmp_path, "state")


def test_no_byte_can_change_unnoticed(tmp_path: Path) -> None:
    """Each byte of a file once, by another value each: it is refused, or what is loaded is what was saved."""
    state = {"weights": torch.tensor([1.5, -2.25]), "text": "a", "number": 7}
    save_state(tmp_path, "state", state)
    path = tmp_path / "state.safetensors"
    content, loaded = path.read_bytes(), 0
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 + place % 255
        path.write_bytes(changed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Note)  # a changed name of the checksum makes a file without one
                back = load_state(tmp_path, "state")
        except DamagedError:
            continue
        loaded += 1
        assert same(back, state)
    assert loaded < 10


def test_the_checksum_is_that_of_the_file_without_it(tmp_path: Path) -> None:
    save_state(tmp_path, "state", {"weights": torch.arange(3.0)})
    content = (tmp_path / "state.safetensors").read_bytes()
    found = re.search(rb'crc32\\": \\"([0-9a-f]{8})', content)
    assert found is not None
    assert int(found[1], 16) == binascii.crc32(content.replace(found[1], b"00000000"))


def test_a_file_without_a_checksum_is_read_with_a_note(tmp_path: Path) -> None:
    header = json.dumps({"dict": {"w": {"tensor": "/w"}, "n": {"value": 7}}})
    save_file({"/w": torch.tensor([1.5])}, tmp_path / "old.safetensors", {"state": header})
    with pytest.warns(Note, match=r"old\.safetensors has no checksum, as it was written by an earlier version"):
        assert load_state(tmp_path, "old") == {"w": torch.tensor([1.5]), "n": 7}


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "state.safetensors")
    with pytest.raises(DamagedError, match="is not a file"):
        load_state(tmp_path, "state")
