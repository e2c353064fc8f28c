"""Saved policies play as opponents where they fit, and are refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from saved_opponents import LONE_PREY, PREY_SIDE, against, make, save

from marl.core.errors import FileError
from marl.envs.simple_tag.known_opponents import is_saved_policy
from marl.envs.simple_tag.learnt_opponents import load_opponents
from marl.policies.saved import load_policy, save_policy
from marl.wrappers.rules.prey import Opponents
from marl.wrappers.rules.world import World


def test_the_only_class_takes_any_number(saved: dict[str, Path]) -> None:
    opponents = load_opponents(saved["lone"], "prey", 3, 3, 2)
    assert isinstance(opponents, Opponents)
    tag = make(against("prey", saved["lone"]), num_copies=4)
    tag.reset(0)
    one = opponents(tag.world, torch.Generator().manual_seed(0))
    assert one.shape == (4, 3)
    # without memory the first of three acts as it would alone
    single = World(tag.world.position[:, [0, 1, 2, 3, 6, 7]], tag.world.velocity[:, :4], tag.world.alive, num_prey=1)
    features = load_opponents(saved["lone"], "prey", 1, 3, 2).views(single.mirrored)["P"]
    torch.testing.assert_close(opponents.views(tag.world.mirrored)["P"][:, :1], features)
    assert opponents.state() == {"memory": None}
    opponents.begin(torch.ones(4, dtype=torch.bool), torch.Generator())


@pytest.mark.parametrize(
    ("which", "side", "size", "others", "obstacles", "message"),
    [
        ("predators", "prey", 3, 3, 2, "was trained as predators and cannot play the prey"),
        ("prey", "predators", 3, 3, 2, "was trained as prey and cannot play the predators"),
        ("prey", "prey", 3, 4, 2, "'P' was trained to see 3 predators and would see 4 here, with 3 prey"),
        ("prey", "prey", 3, 3, 1, "'P' was trained to see 2 landmarks and would see 1 here, with 3 prey"),
        # 2 landmarks and 3 predators are as wide as 4 landmarks and 2 predators
        ("lone", "prey", 1, 2, 4, "'P' was trained to see 2 landmarks and would see 4 here, with 1 prey, 2 predators"),
        ("predators", "predators", 3, 2, 2, "'B' was trained to see 3 prey and would see 2 here"),
        ("prey", "prey", 4, 3, 2, "team of {'P': 1, 'Q': 2}; here 4 play, and it has several classes"),
    ],
)
def test_what_does_not_fit_is_refused(
    which: str, side: str, size: int, others: int, obstacles: int, message: str, saved: dict[str, Path]
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        load_opponents(saved[which], side, size, others, obstacles)
    assert str(saved[which]) in str(refused.value)


def test_a_single_class_that_sees_teammates_keeps_its_number(tmp_path: Path) -> None:
    herd = {**PREY_SIDE, "team": {"Q": 2}, "classes": {"Q": ("predators", "teammates")}}
    folder = save(tmp_path / "herd", herd)
    load_opponents(folder, "prey", 2, 3, 2)
    load_opponents(folder, "prey", 2, 3, 0)
    with pytest.raises(ValueError, match="'Q' was trained to see 1 teammates and would see 2 here"):
        load_opponents(folder, "prey", 3, 3, 2)
    # 4 * 3 predators + 4 * 1 teammate and 4 * 2 predators + 4 * 2 teammates are as wide
    with pytest.raises(ValueError, match="'Q' was trained to see 3 predators and would see 2 here"):
        load_opponents(folder, "prey", 3, 2, 2)


def test_a_class_that_sees_the_nearest_few_plays_among_any_number(tmp_path: Path) -> None:
    herd = {**PREY_SIDE, "team": {"Q": 2}, "classes": {"Q": ("predators:2", "teammates:1", "landmarks:2")}}
    folder = save(tmp_path / "herd", herd)
    for size, others, obstacles in ((2, 3, 2), (1, 1, 0), (5, 8, 4)):
        opponents = load_opponents(folder, "prey", size, others, obstacles)
        tag = make({"team": {"A": others}, "num_prey": size, "num_obstacles": obstacles, "prey": str(folder)})
        tag.reset(0)
        assert opponents(tag.world, torch.Generator()).shape == (3, size)


def test_a_policy_that_acts_continuously_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "smooth", {**LONE_PREY, "continuous_actions": True})
    with pytest.raises(ValueError, match="smooth acts continuously; opponents must act discretely"):
        load_opponents(folder, "prey", 1, 3, 2)


def test_a_policy_of_another_task_is_refused(saved: dict[str, Path], tmp_path: Path) -> None:
    save_policy(tmp_path / "foreign", load_policy(saved["prey"]).policy, {"name": "corridor"})
    with pytest.raises(ValueError, match="foreign was trained in 'corridor', not in simple_tag"):
        load_opponents(tmp_path / "foreign", "prey", 3, 3, 2)
    with pytest.raises(ValueError, match="foreign was trained in 'corridor', not in simple_tag"):
        load_opponents(tmp_path / "foreign", "predators", 3, 3, 2)


def test_folders_that_hold_no_policy(saved: dict[str, Path], tmp_path: Path) -> None:
    assert is_saved_policy(saved["prey"])
    run = tmp_path / "run"
    run.mkdir()
    assert not is_saved_policy(run)
    assert not is_saved_policy(tmp_path / "missing")
    save(run / "policy", LONE_PREY)
    assert is_saved_policy(run)
    assert load_opponents(run, "prey", 1, 3, 2).side == "prey"
    with pytest.raises(FileError, match="missing does not exist"):
        load_opponents(tmp_path / "missing", "prey", 1, 3, 2)
    (run / "policy" / "policy.safetensors").write_bytes(b"not a policy")
    with pytest.raises(FileError, match=r"policy\.safetensors is truncated or not of this package"):
        load_opponents(run, "prey", 1, 3, 2)


@pytest.mark.parametrize("backend", ["batched", "pettingzoo"])
def test_the_task_refuses_what_does_not_fit(backend: str, saved: dict[str, Path]) -> None:
    settings = against("prey", saved["prey"], backend=backend, team={"A": 1, "B": 3})
    with pytest.raises(ValueError, match="with 3 prey, 4 predators and 2 obstacles"):
        make(settings)


def test_among_a_drawn_number_it_must_see_the_nearest_few(saved: dict[str, Path], tmp_path: Path) -> None:
    drawn = {"team": {"A": 2, "B": 1}, "training_teams": {"A": [0, 2], "B": [1, 1]}, "num_prey": 1}
    make(against("prey", saved["lone"], **drawn))  # an evaluation draws none
    with pytest.raises(ValueError, match=r"sees every one of the predators, and episodes draw.*predators:4"):
        make(against("prey", saved["lone"], **drawn), training=True)
    few = {**LONE_PREY, "classes": {"P": ("landmarks", "predators:2")}}
    make(against("prey", save(tmp_path / "few", few), **drawn), training=True)
