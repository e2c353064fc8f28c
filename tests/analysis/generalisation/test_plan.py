from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.analysis.generalisation.arms import TrainedRun, read_trained_run
from marl.analysis.generalisation.natives import natives_of
from marl.analysis.generalisation.plan import make_plan
from marl.analysis.generalisation.records import Protocol, TransferPlan
from marl.analysis.generalisation.sizes import Compositions, compositions
from marl.core.errors import ConfigError
from marl.tasks.registry import shipped_policies

Variant = Callable[..., TrainedRun]

TEAMS = "1+1,3+1,4+4"


def plan_of(
    runs: list[TrainedRun], prey: str = "random", arena: Any = "fixed", teams: str = TEAMS, natives: Any = None
) -> TransferPlan:
    return make_plan(runs, natives or {}, compositions(runs[0], teams, prey, arena), Protocol(5, 3))


def test_who_plays_where(variant: Variant, tmp_path: Path) -> None:
    runs = [variant("x-1"), variant("x-2", seed=2)]
    variant("natives/a", env={"team": {"A": 3, "B": 1}})
    natives, _ = natives_of(tmp_path / "natives", Compositions([], ["A", "B"], 1.0))
    plan = plan_of(runs, "flee,random", natives=natives)
    names = ["x", "x, messages off", "native 3+1", "chase", "random"]
    assert [c.name for c in plan.contestants] == names
    assert [(w.prey, w.composition) for w in plan.cells] == [
        (p, c) for p in ("flee", "random") for c in ("1+1", "3+1", "4+4")
    ]
    assert len(plan.evaluations) == 30
    world = plan.cells[4]
    assert [p.messages for name in names for p in plan.evaluations[name, world]] == [
        True,
        True,
        False,
        False,
        True,
        True,
        True,
    ]
    for name in names:
        for play in plan.evaluations[name, world]:
            assert play.environment["team"] == {"A": 3, "B": 1}
            assert (play.environment["prey"], play.agents, play.episodes, play.seed) == ("random", 4, 5, 3)
    assert [p.run for p in plan.evaluations["x", world]] == [run.folder for run in runs]
    native = plan.natives("3+1")
    assert native is not None
    assert native.name == "native 3+1"
    assert plan.natives("4+4") is None
    assert plan.mixed_as_trained == ["1+1", "4+4"]


def test_policies_without_a_graph_do_not_play_again_without_messages(preset: dict[str, Any], tmp_path: Path) -> None:
    preset["policy"]["graph"] = {"kind": "none"}
    marl.train({**preset, "total_env_steps": 256}, out=tmp_path / "deaf")
    plan = plan_of([read_trained_run(tmp_path / "deaf")])
    assert [c.kind for c in plan.contestants] == ["arm", "reference", "reference"]


def test_the_arena_grows_so_that_the_density_of_the_first_run_stays(variant: Variant) -> None:
    plan = plan_of([variant("x")], arena="both")
    sizes = {(w.arena, w.composition): w.arena_size for w in plan.cells}
    assert [sizes["fixed", cell] for cell in ("1+1", "3+1", "4+4")] == [1.0, 1.0, 1.0]
    density = [sizes["density", cell] for cell in ("1+1", "3+1", "4+4")]
    assert density == pytest.approx([math.sqrt(2 / 4), 1.0, math.sqrt(8 / 4)])
    for (_, world), plays in plan.evaluations.items():
        assert [play.environment["arena"] for play in plays] == [world.arena_size]


def test_where_density_is_that_of_training_nothing_is_played_twice(variant: Variant) -> None:
    plan = plan_of([variant("x")], arena="both")
    keys = {(w.arena, w.composition): plan.evaluations["x", w][0].key for w in plan.cells}
    assert keys["fixed", "3+1"] == keys["density", "3+1"]
    assert keys["fixed", "4+4"] != keys["density", "4+4"]


def test_an_arm_trained_at_several_compositions_plays_the_one_of_the_cell(variant: Variant) -> None:
    plan = plan_of([variant("x", env={"training_teams": {"A": [1, 4], "B": [1, 4]}})])
    assert [plays[0].environment["training_teams"] for plays in plan.evaluations.values()] == [None] * len(
        plan.evaluations
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"prey": "fly"}, "team 1\\+1 against prey fly: prey: prey is 'fly'"),
        ({"prey": "flee,flee"}, "prey 'flee' comes twice"),
        ({"prey": ""}, "prey names nobody"),
    ],
)
def test_prey_that_cannot_be_are_refused(variant: Variant, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_of([variant("x")], **changed)


def test_a_class_that_cannot_play_at_a_size_is_refused_by_the_cell(preset: dict[str, Any], tmp_path: Path) -> None:
    preset["env"] |= {"classes": {"A": ["landmarks", "teammates"], "B": ["prey"]}}
    marl.train({**preset, "total_env_steps": 256}, out=tmp_path / "x")
    run = read_trained_run(tmp_path / "x")
    plan_of([run], teams="3+1")
    with pytest.raises(ConfigError, match=r"team 4\+4 against prey random, .*x: class 'A' was trained with"):
        plan_of([run], teams="3+1,4+4")


def test_runs_of_other_worlds_or_classes_are_refused(variant: Variant) -> None:
    first = variant("x-1")
    with pytest.raises(ConfigError, match=r"team 1\+1 .*y: max_cycles is 50, but 12 for the first run"):
        plan_of([first, variant("y", env={"max_cycles": 50})])
    with pytest.raises(ConfigError, match=r"z: its worlds are not those of the first run"):
        plan_of([first, variant("z", env={"num_obstacles": 3})])
    saved = replace(first.saved, environment={**first.environment, "team": {"B": 2, "A": 2}})
    roster = replace(first.saved.policy.roster, classes=first.saved.policy.roster.classes[::-1])
    other = replace(first, saved=saved)
    other.saved.policy.roster = roster
    with pytest.raises(ConfigError, match="has classes B, A and"):
        plan_of([variant("w"), other])


def test_trained_prey_decide_by_what_they_are_not_by_where_they_lie(
    variant: Variant, preset: dict[str, Any], tmp_path: Path
) -> None:
    preset["env"] |= {
        "side": "prey",
        "team": {"P": 1},
        "classes": {"P": ["landmarks"]},
        "communication": None,
        "curriculum": None,
    }
    for seed, name in ((1, "p"), (2, "q")):
        marl.train({**preset, "seed": seed, "total_env_steps": 256}, out=tmp_path / "prey" / name)
    run = variant("x")
    (tmp_path / "prey" / "p").rename(tmp_path / "p")
    first = plan_of([run], f"{tmp_path / 'p'},{tmp_path / 'prey' / 'q'}")
    assert [w.prey for w in first.cells] == ["p"] * 3 + ["q"] * 3
    key = first.evaluations["x", first.cells[0]][0].key
    assert first.evaluations["x", first.cells[3]][0].key != key
    (tmp_path / "p").rename(tmp_path / "moved")
    moved = plan_of([run], str(tmp_path / "moved"))
    assert moved.evaluations["x", moved.cells[0]][0].key == key
    with pytest.raises(ConfigError, match="trained no predators"):
        plan_of([read_trained_run(tmp_path / "moved")], teams="1")


def test_a_folder_with_the_name_of_a_rule_is_not_asked(
    variant: Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, before = variant("x"), plan_of([variant("y")])
    monkeypatch.chdir(tmp_path)
    for name in ("random", "chase"):
        (tmp_path / name).mkdir()
    plan = plan_of([run])
    assert [p.opponents for plays in plan.evaluations.values() for p in plays] == [{}] * len(plan.evaluations)
    world = plan.cells[0]
    assert plan.evaluations["x", world][0].key == before.evaluations["y", world][0].key


def test_a_policy_of_the_package_decides_by_what_it_is(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    run, name = variant("x"), "held_out_prey"

    def key(prey: str) -> str:
        found = plan_of([run], prey, teams="1+1")
        return found.evaluations["x", found.cells[0]][0].key

    by_name, by_folder = key(name), key(str(shipped_policies()[name]))
    assert by_name == by_folder
    monkeypatch.setattr("marl.analysis.generalisation.plan.shipped_policies", lambda: {name: run.folder})
    assert key(name) != by_name


@pytest.mark.parametrize(
    "only_training",
    [
        {"training_prey": ["flee", "random"]},
        {"training_teams": {"A": [1, 4], "B": [1, 4]}},
        {"curriculum": {"stages": [{"prey_speed": 0.5, "until": 3.0}, {}]}},
    ],
)
def test_what_only_training_uses_does_not_decide(variant: Variant, only_training: dict[str, Any]) -> None:
    plain, other = (plan_of([variant(name, env=env)]) for name, env in (("x", {}), ("y", only_training)))
    world = plain.cells[0]
    assert plain.evaluations["chase", world][0].key == other.evaluations["chase", world][0].key
