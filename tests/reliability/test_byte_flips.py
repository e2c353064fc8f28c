"""A damaged file is refused, or holds what was saved: it is never loaded as something else."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stored_runs import flat

from marl.analysis.generalisation.cell_evaluations import CellEvaluation, EvaluationStore
from marl.core.errors import FileError
from marl.evaluation.episodes import EpisodeTable
from marl.policies.saved import load_policy
from marl.training.checkpoints import load_checkpoint

EVALUATION = CellEvaluation({"name": "meeting"}, 2, 50, 1, True, False, None, "random", {})


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        file: its path in the folder that all are in.
        load: reads it from there.
    """

    file: str
    load: Callable[[Path], Any]


def load_stored_policy(folder: Path) -> Any:
    saved = load_policy(folder / "policy")
    return dict(saved.policy.state_dict()), saved.policy.config, saved.policy.roster, saved.environment


def load_evaluation(folder: Path) -> Any:
    return vars(EvaluationStore(folder / "plays").load(EVALUATION, ["contacts"]))


KINDS = (
    Kind("checkpoint/weights.safetensors", lambda folder: load_checkpoint(folder / "checkpoint")),
    Kind("checkpoint/state.safetensors", lambda folder: load_checkpoint(folder / "checkpoint")),
    Kind("policy/policy.safetensors", load_stored_policy),
    Kind(f"plays/{EVALUATION.key}.json", load_evaluation),
)


@pytest.fixture
def saved(run: Path, tmp_path: Path) -> Path:
    """A folder with a file of each kind."""
    folder = tmp_path / "saved"
    shutil.copytree(max((run / "checkpoints").iterdir()), folder / "checkpoint")
    shutil.copytree(run / "policy", folder / "policy")
    draw = np.random.default_rng(14)
    table = EpisodeTable(
        draw.integers(1, 50, 50).astype(np.float64),
        draw.normal(size=50),
        {"contacts": draw.integers(0, 9, 50).astype(np.float64)},
        {"contacts": np.where(draw.random(50) < 0.2, np.nan, draw.integers(0, 50, 50))},
    )
    EvaluationStore(folder / "plays").save(EVALUATION, table)
    return folder


def held(content: Any) -> dict[str, Any]:
    """What a file holds, bit for bit, in a form that can be compared."""
    parts = content if isinstance(content, tuple) else (content,)
    leaves = {name: value for place, part in enumerate(parts) for name, value in flat(part, str(place)).items()}
    return {name: _bits(value) for name, value in leaves.items()}


def _bits(value: Any) -> Any:
    array = value.numpy() if torch.is_tensor(value) else value
    return (array.dtype, array.shape, array.tobytes()) if isinstance(array, np.ndarray) else repr(value)


def flipped(data: bytes, draw: random.Random) -> bytes:
    """Data with one to eight bits of a byte turned over."""
    place, bits = draw.randrange(len(data)), draw.randrange(1, 256)
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


@pytest.mark.parametrize("flips", [40, pytest.param(250, marks=pytest.mark.crash)])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.file.partition("/")[0])
@pytest.mark.filterwarnings("ignore")
def test_a_file_that_loads_holds_what_was_saved(kind: Kind, flips: int, saved: Path) -> None:
    path, draw = saved / kind.file, random.Random(14)
    whole, expected = path.read_bytes(), held(kind.load(saved))
    silent = []
    for number in range(flips):
        path.write_bytes(flipped(whole, draw))
        try:
            found = held(kind.load(saved))
        except FileError:
            continue
        if found != expected:
            silent.append(number)
    assert not silent, f"{len(silent)} of {flips} damaged files were loaded as something else"
    path.write_bytes(whole)
    assert held(kind.load(saved)) == expected
