from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from marl.analysis.generalisation.arms import TrainedRun
from marl.analysis.generalisation.natives import natives_of
from marl.analysis.generalisation.sizes import Compositions
from marl.core.errors import ConfigError

Variant = Callable[..., TrainedRun]

SIZES = Compositions([], ["A", "B"], 1.0)


def test_natives_are_the_runs_trained_at_one_composition(variant: Variant, tmp_path: Path) -> None:
    for seed in (1, 2):
        variant(f"natives/deep/small-{seed}", seed=seed, env={"team": {"A": 1, "B": 1}})
    variant("natives/large", env={"team": {"A": 3, "B": 1}})
    variant("natives/wider", env={"arena": 2.0})
    variant("natives/mixed", env={"training_teams": {"A": [1, 2], "B": [1, 2]}})
    natives, notes = natives_of(tmp_path / "natives", SIZES)
    assert list(natives) == ["1+1", "3+1"]
    assert "2 of 5 runs" in notes[0]
    assert [run.seed for run in natives["1+1"].runs] == [1, 2]
    assert natives["3+1"].name == "native 3+1"


def test_natives_without_a_policy_are_told(variant: Variant, tmp_path: Path) -> None:
    variant("natives/there")
    shutil.rmtree(variant("natives/not", seed=2).folder / "policy")
    natives, notes = natives_of(tmp_path / "natives", SIZES)
    assert len(natives["2+2"].runs) == 1
    assert notes == [f"Natives without a policy are left out: {tmp_path / 'natives/not'}."]


def test_a_folder_without_natives_is_refused(variant: Variant, tmp_path: Path) -> None:
    variant("natives/x")
    with pytest.raises(ConfigError, match="no run trained at one composition of A, B"):
        natives_of(tmp_path / "natives", Compositions([], ["A", "B"], 2.0))
    with pytest.raises(ConfigError, match="no run trained at one composition of B, A"):
        natives_of(tmp_path / "natives", Compositions([], ["B", "A"], 1.0))


def test_natives_of_two_kinds_at_one_composition_are_refused(variant: Variant, tmp_path: Path) -> None:
    variant("natives/a")
    variant("natives/b", seed=2, total_env_steps=77)
    with pytest.raises(ConfigError, match=r"natives of 2\+2: .*\(total_env_steps 1280 and 77\)"):
        natives_of(tmp_path / "natives", SIZES)
