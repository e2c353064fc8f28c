from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.analysis.generalisation.arms import TrainedRun, read_trained_run
from marl.analysis.generalisation.natives import natives_of
from marl.analysis.generalisation.plan import make_plan
from marl.analysis.generalisation.records import Protocol
from marl.analysis.generalisation.sizes import compositions

Variant = Callable[..., TrainedRun]


def notes_of(runs: list[TrainedRun], natives: Path | None = None, prey: str = "random", arena: Any = "fixed") -> str:
    sizes = compositions(runs[0], "1+1,2+2", prey, arena)
    found = {} if natives is None else natives_of(natives, sizes)[0]
    return "\n".join(make_plan(runs, found, sizes, Protocol(5, 3)).notes)


def test_missing_natives_come_with_the_command_that_trains_them(variant: Variant, tmp_path: Path) -> None:
    variant("natives/a", env={"team": {"A": 1, "B": 1}})
    text = notes_of([variant("x")], tmp_path / "natives")
    assert "No natives of 2+2, so no ratio there." in text
    assert "marl train PRESET --native-grid 2+2 --seeds 1 --out FOLDER" in text


def test_natives_of_another_budget_or_prey_are_told(variant: Variant, tmp_path: Path) -> None:
    variant("natives/a", total_env_steps=99, env={"team": {"A": 1, "B": 1}})
    variant("natives/b", total_env_steps=99, env={"team": {"A": 3, "B": 1}})
    text = notes_of([variant("x")], tmp_path / "natives", "flee")
    assert "x and native 1+1, native 3+1 were not trained alike: total_env_steps 1280 and 99." in text
    assert "Against prey flee native 1+1, native 3+1 are natives of the composition only" in text
    assert "not trained alike" not in notes_of([variant("y", total_env_steps=99)], tmp_path / "natives")
    assert "natives of the composition only" not in notes_of([variant("z")], tmp_path / "natives")


def test_runs_that_are_their_own_natives_and_policies_that_come_twice_are_told(
    variant: Variant, tmp_path: Path
) -> None:
    variant("natives/a", scale=2.0)
    other = variant("x-2", seed=2, scale=3.0)
    text = notes_of([variant("x-1", scale=2.0), other], tmp_path / "natives")
    assert "1 of the 2 runs of x are native 2+2s as well" in text
    assert "the same policy" not in text
    text = notes_of([other, variant("y", seed=3, scale=3.0)], tmp_path / "natives")
    assert f"{other.folder} and {tmp_path / 'y'} are the same policy, which counts more than once." in text
    assert "as well" not in text


@pytest.mark.parametrize(
    ("seeds", "told", "not_told"),
    [
        ((1,), ["x-1: one training seed, so the interval is over episodes"], ["Few seeds"]),
        ((1, 2, 3), ["75 % with 3", "cuts none: it is their mean"], ["one training seed"]),
        ((1, 2, 3, 4), ["87.5 % with 4"], ["cuts none"]),
    ],
)
def test_few_seeds_are_told(variant: Variant, seeds: tuple[int, ...], told: list[str], not_told: list[str]) -> None:
    text = notes_of([variant(f"x-{seed}", seed=seed) for seed in seeds])
    assert all(words in text for words in told)
    assert not any(words in text for words in not_told)


def test_unfinished_training_is_told(variant: Variant) -> None:
    run = variant("x")
    (run.folder / "checkpoints" / "000000000512").mkdir(parents=True)
    assert f"{run.folder} has trained 512 of its 1,280 env steps." in notes_of([run])
    (run.folder / "checkpoints" / "000000001280").mkdir()
    assert "has trained" not in notes_of([run])


def test_the_arena_is_told(variant: Variant) -> None:
    assert "half-width times sqrt(predators / 4)" in notes_of([variant("x")], arena="density")


def test_what_agents_of_other_teams_take_is_told(preset: dict[str, Any], tmp_path: Path) -> None:
    preset["policy"]["encoder"]["sharing"] = "agent"
    marl.train({**preset, "total_env_steps": 256}, out=tmp_path / "x")
    assert "class's agent i mod n, n of A=2,B=2." in notes_of([read_trained_run(tmp_path / "x")])


def test_agents_of_drawn_teams_take_those_of_the_largest(preset: dict[str, Any], tmp_path: Path) -> None:
    preset["policy"]["encoder"]["sharing"] = "agent"
    preset["env"] |= {"training_teams": {"A": [1, 3], "B": [2, 5]}}
    marl.train({**preset, "total_env_steps": 256}, out=tmp_path / "x")
    assert "n of A=3,B=5." in notes_of([read_trained_run(tmp_path / "x")])
