from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from marl.core.errors import FileError
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.serialisation import load_state, save_state
from marl.networks.configs import EncoderConfig
from marl.policies.actor_critic import ActorCritic
from marl.policies.configs import ActorCriticConfig, EvenBins, TableConfig
from marl.policies.description import Description, check_size
from marl.policies.saved import load_policy

MakeRoster = Callable[..., Roster]


@pytest.fixture
def forged(run: Path, tmp_path: Path) -> Callable[..., Path]:
    """The run's policy, with some fields of its description replaced, by dotted names."""

    def forge(changes: dict[str, Any]) -> Path:
        state = load_state(run / "policy", "policy")
        for name, value in changes.items():
            place: Any = state["description"]
            *path, last = name.split(".")
            for part in path:
                place = place[int(part) if isinstance(place, list) else part]
            place[int(last) if isinstance(place, list) else last] = value
        save_state(tmp_path, "policy", state)
        return tmp_path

    return forge


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"counts": [-1, 2]}, "counts.0 is -1: input should be greater than or equal to 0"),
        ({"counts": [-1]}, "counts.0 is -1: input should be greater"),
        ({"counts": [10**10, 1]}, "counts.0 is 10000000000: input should be less than or equal to 4096"),
        ({"counts": [4000, 4000]}, "describes a policy that cannot be made: 2 classes have 8,000 agents"),
        ({"counts": [2]}, "describes a policy that cannot be made: 2 classes but 1 counts"),
        ({"counts": "many"}, "counts is 'many': input should be a valid tuple"),
        ({"classes": []}, "0 classes but 2 counts"),
        (
            {"classes.0.feature_size": 10**10},
            "classes.0.feature_size is 10000000000: input should be less",
        ),
        ({"classes.0.action.size": 0}, "classes.0.action.size is 0: input should be greater than or equal to 1"),
        ({"classes.0.action.kind": "any"}, "classes.0.action.kind is 'any': input should be 'discrete' or 'contin"),
        ({"classes.0.categories": [3]}, "describes a policy that cannot be made: class 'A' has 6 features and 1 categ"),
        ({"classes.0.categories": [10**9] * 6}, "classes.0.categories.0 is 1000000000: input should be less"),
        ({"classes.0.name": "no name"}, "class 'no name': a name is letters, digits and underscores"),
        ({"entity_size": 1e10}, r"entity_size is 10000000000.0: input should be less than or equal to 50000000"),
        ({"plane": {"kinematics": 10**12}}, "plane.kinematics is 1000000000000: input should be less"),
        ({"networks.encoder.hidden": [10**10]}, r"networks\.encoder\.hidden\.0 is 10000000000: input should be less"),
        (
            {"networks.encoder.hidden": [60_000, 60_000]},
            r"networks have some 68,[0-9,]{11} parameters and",
        ),
        ({"networks.encoder.hidden": [1] * 5000}, r"networks\.encoder\.hidden is \[1, .*at most 64 items"),
        ({"networks.graph.rounds": 10**9}, r"networks\.graph\.rounds is 1000000000: input should be less"),
        ({"networks.kind": ["actor_critic"]}, "does not match any of the expected tags"),
        (
            {"networks.encoder.sharing": "agent", "counts": [4000, 9]},
            r"it describes 4,009 sets of parameters",
        ),
        ({"environment": [1]}, r"environment is \[1\]: input should be a valid dictionary"),
        ({"future": 1}, "future is 1: there is no such field in this version"),
    ],
)
def test_a_description_that_cannot_be_is_refused_before_it_takes_memory(
    changes: dict[str, Any], why: str, forged: Callable[..., Path]
) -> None:
    folder = forged(changes)
    before = resource.getrusage(resource.RUSAGE_SELF)
    with pytest.raises(FileError, match=why) as refused:
        load_policy(folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert str(folder) in str(refused.value)
    assert after.ru_utime - before.ru_utime < 5
    assert after.ru_maxrss - before.ru_maxrss < 1_000_000  # kB


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_weights_that_are_no_numbers_are_refused(value: float, run: Path, tmp_path: Path) -> None:
    state = load_state(run / "policy", "policy")
    name = sorted(state["weights"])[0]
    state["weights"][name].view(-1)[0] = value
    save_state(tmp_path, "policy", state)
    with pytest.raises(FileError, match=f"{name} is not finite"):
        load_policy(tmp_path)


def test_the_size_is_that_of_the_policy_and_nothing_is_drawn_for_it(
    make_roster: MakeRoster, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster, config = make_roster(2, 3), ActorCriticConfig(normalise_features=True)
    size = sum(tensor.numel() for tensor in ActorCritic(roster, config).state_dict().values())
    state = torch.get_rng_state()
    monkeypatch.setattr("marl.policies.description.MOST_PARAMETERS", size)
    check_size(roster, config)
    monkeypatch.setattr("marl.policies.description.MOST_PARAMETERS", size - 1)
    with pytest.raises(ValueError, match=f"networks have some {size:,} parameters and may have {size - 1:,}"):
        check_size(roster, config)
    assert torch.get_rng_state().equal(state)


def test_parameters_of_each_agent_count_for_each(make_roster: MakeRoster) -> None:
    config = ActorCriticConfig(encoder=EncoderConfig(hidden=(256, 256), sharing="agent"))
    check_size(make_roster(2, 3), config)
    with pytest.raises(ValueError, match="networks have some"):
        check_size(make_roster(2, 1000), config)


@pytest.mark.parametrize(
    ("bins", "why"),
    [
        (
            (EvenBins(low=0, high=1, count=10**6), EvenBins(low=0, high=1, count=10**6), ()),
            "1,000,000,000,000 states",
        ),
        ((EvenBins(low=0, high=1, count=10**6), *[()] * 50), "51 numbers have up to 1,000,000 bins; give fewer"),
    ],
)
def test_a_table_of_too_many_bins_is_refused_before_they_are_made(bins: Any, why: str, make_roster: MakeRoster) -> None:
    roster = make_roster(1, 0)
    classes = tuple(type(c)(c.name, len(bins), c.action) for c in roster.classes)
    with pytest.raises(ValueError, match=why):
        check_size(Roster(classes, roster.counts), TableConfig(bins=bins))


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ({"kind": "continuous", "size": 5, "low": -1.0, "high": 1.0}, None),
        ({"kind": "discrete", "size": 5, "low": 0.0, "high": 1.0}, None),
        ({"kind": "continuous", "size": 5, "low": 0.0, "high": 1.0}, "class 'A' acts between 0.0 and 1.0, as policies"),
    ],
)
def test_format_2_had_bounds_of_actions(action: dict[str, Any], why: str | None) -> None:
    config = ActorCriticConfig()
    values = described([{"name": "A", "feature_size": 3, "action": action}], config.model_dump(mode="json"))
    if why is not None:
        with pytest.raises(ValueError, match=f"{why}.*train it again"):
            Description.model_validate(values)
        return
    roster = Description.model_validate(values).roster
    assert roster.classes == (AgentClass("A", 3, ActionSpec(action["kind"], 5)),)


def test_a_table_of_format_2_saw_its_state_as_a_one_among_zeros() -> None:
    action = {"kind": "discrete", "size": 4, "low": 0.0, "high": 1.0}
    classes = [{"name": "A", "feature_size": 16, "action": action}]
    policy = Description.model_validate(described(classes, {"kind": "table", "bins": "one_hot"})).policy(3)
    assert policy.roster.classes == (AgentClass("A", 1, ActionSpec("discrete", 4), (16,)),)
    assert policy.get_buffer("values_A").shape == (16, 4)


@pytest.mark.parametrize(("number", "kind"), [(3, "plain_gcn"), (4, "gcn")])
def test_until_format_3_a_gcn_had_no_edges_in_sides_too(number: int, kind: str) -> None:
    policy = {"kind": "actor_critic", "graph": {"kind": "gcn"}}
    sides = [{"name": "x", "classes": ["A"], "players": [{"policy": policy}]}]
    classes = [{"name": "A", "feature_size": 3, "action": {"kind": "discrete", "size": 5}}]
    values = described(classes, {"kind": "sides", "sides": sides}) | {"format": number}
    networks = Description.model_validate(values).networks.model_dump()
    assert networks["sides"][0]["players"][0]["policy"]["graph"]["kind"] == kind


def described(classes: list[dict[str, Any]], networks: dict[str, Any]) -> dict[str, Any]:
    """A description as format 2 had it."""
    rest = {"counts": [1], "plane": None, "entity_size": 0, "auxiliary_size": 0, "environment": {}}
    return {"format": 2, "classes": classes, "networks": networks, **rest}
