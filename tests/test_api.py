from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from small_tag import small_env  # noqa: F401  # `preset` and `run` are of simple_tag here
from stranger import NAME, Stranger, forget, stranger  # noqa: F401

import marl
from marl.core.errors import ConfigError, FileError
from marl.core.trust import UntrustedError

MEASURES = ("contacts_per_episode", "return_per_predator", "share_with_contact", "first_contact_step")


def test_evaluating_a_run(run: Path) -> None:
    result = marl.evaluate(run, episodes=30, seed=7, team="A=3,B=1", prey="still", max_cycles=50)
    told = {name: value for name, value in result.items() if not isinstance(value, dict)}
    assert told == {
        "prey": "still",
        "max_cycles": 50,
        "backend": "batched",
        "episodes": 30,
        "episodes_cut": 0,
        "messages": True,
        "deterministic": False,
        "seed": 7,
    }
    assert result["team"] == {"A": 3, "B": 1}
    for measure in MEASURES:
        extremes = {"minimum", "maximum"} if measure == "return_per_predator" else set()
        assert set(result[measure]) == {"mean", "ci95"} | extremes
    assert result["episode_length"] == {"mean": 50.0, "ci95": [50.0, 50.0]}
    low, high = result["contacts_per_episode"]["ci95"]
    assert low <= result["contacts_per_episode"]["mean"] <= high
    json.dumps(result, allow_nan=False)


def test_evaluating_repeats_by_seed_and_warns_of_nothing(run: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = marl.evaluate(run, episodes=20, seed=1)
        assert marl.evaluate(run, episodes=20, seed=1) == first
        assert marl.evaluate(run, episodes=20, seed=2) != first
        assert marl.evaluate(run, episodes=20, seed=1, messages=False) != first
        assert marl.evaluate(run, episodes=20, seed=1, deterministic=True) != first
        alone = marl.evaluate(run, episodes=1, max_cycles=1)
    assert alone["contacts_per_episode"]["ci95"] is None
    assert alone["first_contact_step"] == {"mean": None, "ci95": None}


def test_references_play_without_a_run() -> None:
    settings = {"name": "simple_tag", "team": "A=2,B=2"}
    chase = marl.evaluate(policy="chase", settings=settings, episodes=60, prey="still")
    random = marl.evaluate(policy="random", settings=settings, episodes=60, prey="still")
    assert chase["share_with_contact"]["mean"] == 1.0
    assert random["contacts_per_episode"]["mean"] < 0.2 * chase["contacts_per_episode"]["mean"]


def test_a_reference_plays_in_the_world_of_a_run(run: Path) -> None:
    env = marl.make(run)
    chase = marl.reference("chase", env)
    settings = {"name": "simple_tag", "max_cycles": 12, "communication": {"link_loss": 0.2}}
    by_name = marl.evaluate(run, policy="chase", episodes=10)
    assert marl.evaluate(chase, settings=settings, episodes=10) == by_name
    assert by_name["max_cycles"] == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prey": "nonsense"}, "prey is 'nonsense'; what there is: random, still, flee"),
        ({"team": "A=1,Z=1"}, "class 'Z', which is not declared"),
        ({"bogus": 1}, "bogus is 1: there is no such field"),
        ({"episodes": 0}, "episodes is 0; give at least 1"),
        ({"messages": "off"}, "messages is 'off'; give True or False"),
        ({"num_obstacles": 4}, "class 'A' was trained with 10 features .* and here has 14"),
    ],
)
def test_what_cannot_be_played_is_refused(arguments: dict[str, Any], message: str, run: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.evaluate(run, **arguments)


def test_somebody_must_play_something(run: Path) -> None:
    with pytest.raises(ConfigError, match="needs settings"):
        marl.evaluate(marl.load(run))
    with pytest.raises(ConfigError, match="nobody plays"):
        marl.evaluate(settings={"name": "simple_tag"})


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="holds no trained policy"):
        marl.evaluate(tmp_path)


def test_a_policy_folder_is_enough(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run / "policy", tmp_path / "elsewhere")
    assert marl.evaluate(tmp_path / "elsewhere", episodes=5) == marl.evaluate(run, episodes=5)


def test_the_package_hands_on_the_public_list() -> None:
    from marl import api

    assert marl.__all__ == api.__all__
    assert [name for name in api.__all__ if getattr(marl, name) is not getattr(api, name)] == []


def test_importing_does_nothing_and_loads_little(tmp_path: Path) -> None:
    script = """
import random, sys
before = random.getstate()
import marl
assert random.getstate() == before
assert "torch" not in sys.modules and "numpy" not in sys.modules
assert set(dir(marl)) >= {"train", "load", "make", "evaluate", "reference"}
try:
    marl.bogus
except AttributeError as error:
    assert "no attribute 'bogus'" in str(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame": "absolute"}, "frame is 'absolute', but the policy was trained with 'relative'"),
        ({"classes": {"A": ["prey"], "B": ["landmarks"]}}, "classes.A is .* but the policy was trained with"),
    ],
)
def test_settings_that_change_what_features_mean_are_refused(run: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.evaluate(run, episodes=2, **changes)


def test_a_policy_that_does_not_fit_is_refused_without_a_run_too(run: Path) -> None:
    settings = {"name": "simple_tag", "num_obstacles": 5}
    with pytest.raises(ConfigError, match="class 'A' was trained with"):
        marl.evaluate(marl.load(run), episodes=2, settings=settings)


def test_a_strangers_module_is_imported_only_if_it_is_trusted(stranger: Stranger) -> None:  # noqa: F811
    calls: list[Callable[..., Any]] = [
        partial(marl.make, stranger.run),
        partial(marl.evaluate, stranger.run, episodes=2),
        partial(marl.evaluate, stranger.run / "policy", episodes=2, policy="random"),
        partial(marl.train, None, stranger.run, resume=True, total_env_steps=96),
    ]
    for call in calls:
        with pytest.raises(UntrustedError, match=r"import it first or give trust=\['strange.maze'\]"):
            call()
    assert not marl.load(stranger.run).training
    assert marl.compare([stranger.run])["curves"][0]["seeds"] == [1]
    assert stranger.imports == 0
    assert calls[0](trust=["strange"]).num_copies == 1
    assert stranger.imports == 1
    for call in calls:  # it is imported already
        call()


def test_a_module_that_the_caller_names_is_trusted(stranger: Stranger, tmp_path: Path) -> None:  # noqa: F811
    calls: list[Callable[[], object]] = [
        lambda: marl.make({"name": NAME}),
        lambda: marl.evaluate(episodes=2, policy="random", settings={"name": NAME}),
        lambda: marl.train(stranger.preset, tmp_path / "x"),
        lambda: marl.train(None, stranger.run, resume=True, env__name=NAME),
        lambda: marl.train(None, stranger.run, resume=True, trust="strange", total_env_steps=96),
    ]
    for count, call in enumerate(calls, 1):
        call()
        assert stranger.imports == count
        forget()
