"""Positions of the latest iterations, on the disk in a shard each."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from marl.core.environment import State
from marl.core.errors import DamagedError
from marl.core.files import digest, make_folder
from marl.core.serialisation import load_state, save_state, state_file
from marl.games.self_play import Samples

__all__ = ["History", "check_shards", "load_shards"]


class History:
    """Positions of the latest iterations to learn from.

    A shard is written when a checkpoint is made, and the checkpoint names it by its hash. It is removed once no
    checkpoint that is kept needs it.

    Args:
        window: iterations that are kept.
        folder: of the shards; None to keep nothing on the disk.
        keep: number of checkpoints that are kept.
    """

    def __init__(self, window: int, folder: Path | None = None, keep: int = 1) -> None:
        self.window, self.folder, self.keep = window, folder, keep
        self.parts: dict[int, Samples] = {}
        self._digests: dict[int, str] = {}
        self._needed: list[list[int]] = []  # by each of the latest checkpoints
        self._joined: Samples | None = None

    def __len__(self) -> int:
        return sum(map(len, self.parts.values()))

    @property
    def samples(self) -> Samples:
        """All positions, the oldest first."""
        if self._joined is None:
            self._joined = Samples.joined(list(self.parts.values()))
        return self._joined

    def add(self, iteration: int, samples: Samples) -> None:
        """Keep the positions of an iteration, and forget those too old."""
        self.parts[iteration] = samples
        for old in [number for number in self.parts if number <= iteration - self.window]:
            del self.parts[old]
        self._joined = None

    def begin_with(self, parts: dict[int, Samples]) -> None:
        """Keep the positions of another run, by its iterations, the latest of them."""
        for number, samples in parts.items():
            self.add(number, samples)

    def state(self) -> State:
        """Hashes of the shards, which are on the disk on return.

        Raises:
            OSError: if one cannot be written.
        """
        if self.folder is None:
            return {}
        make_folder(self.folder)
        for number, samples in self.parts.items():
            if number not in self._digests:
                save_state(self.folder, _name(number), {f.name: _tensor(samples, f.name) for f in fields(Samples)})
                self._digests[number] = digest(state_file(self.folder, _name(number)))
        # the checkpoint of this state is not written yet, so those before it are still needed
        before = [numbers for numbers in self._needed if numbers != list(self.parts)]  # it may be written a second time
        self._needed = [*before[-self.keep :], list(self.parts)]
        needed = {number for numbers in self._needed for number in numbers}
        for path in self.folder.glob("[0-9]*.safetensors"):
            if int(path.stem) not in needed:
                path.unlink()
        self._digests = {number: name for number, name in self._digests.items() if number in needed}
        return {"shards": {_name(number): self._digests[number] for number in self.parts}, "needed": self._needed}

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` gave.

        Raises:
            DamagedError: naming a shard that is missing or not as it was.
        """
        if self.folder is None or not state:
            return
        self.parts = load_shards(self.folder, state["shards"])
        self._digests = {int(name): found for name, found in state["shards"].items()}
        self._needed, self._joined = [list(numbers) for numbers in state["needed"]], None


def check_shards(folder: Path, shards: dict[str, str]) -> None:
    """Check that shards are as a checkpoint names them, by name and hash.

    Raises:
        DamagedError: naming a shard that is missing or not as it was.
    """
    for name, wished in shards.items():
        path = state_file(folder, name)
        if not path.exists() or digest(path) != wished:
            told = "not as the checkpoint names it" if path.exists() else "missing"
            raise DamagedError(f"{path} is {told}, so the positions of an iteration are lost")


def load_shards(folder: Path, shards: dict[str, str]) -> dict[int, Samples]:
    """Read shards by name and hash.

    Raises:
        DamagedError: naming a shard that is missing or not as it was.
    """
    check_shards(folder, shards)
    names, parts = [f.name for f in fields(Samples)], {}
    for shard in shards:
        stored = load_state(folder, shard)
        parts[int(shard)] = Samples(**{name: stored[name].numpy() for name in names})
    return parts


def _name(number: int) -> str:
    return f"{number:08d}"


def _tensor(samples: Samples, name: str) -> Any:
    return torch.from_numpy(getattr(samples, name))
