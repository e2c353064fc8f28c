from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Roster
from marl.policies.configs import EvenBins, TableConfig, read_policy_config
from marl.policies.saved import load_policy, save_policy
from marl.policies.table import Table, edges_of

GIVEN = TableConfig()


def make_roster(width: int = 3, actions: int = 3, agents: int = 1) -> Roster:
    return Roster((AgentClass("solo", width, ActionSpec("discrete", actions)),), (agents,))


def make_table(config: TableConfig, width: int) -> Table:
    return Table(make_roster(width), config).eval()


def of_states(*categories: int) -> Table:
    """A table of three actions for a class that observes its state."""
    solo = AgentClass("solo", len(categories), ActionSpec("discrete", 3), categories)
    return Table(Roster((solo,), (1,)), GIVEN).eval()


def seen(features: Tensor, mask: Tensor | None = None) -> Observation:
    """Features ``[B, N, D]`` of one class."""
    alive = torch.ones(features.shape[:2], dtype=torch.bool)
    return Observation({"solo": features}, alive, None if mask is None else {"solo": mask})


def drawn_shares(table: Table, mask: Tensor | None = None, copies: int = 20_000) -> list[float]:
    """Frequency of each action in state 0."""
    features = torch.zeros(copies, 1, 1, dtype=torch.int32)
    legal = None if mask is None else mask.expand(copies, 1, 3)
    action = table.act(seen(features, legal), None, torch.Generator().manual_seed(1)).action["solo"]
    return (action.flatten().bincount(minlength=3) / copies).tolist()


def test_even_bins_have_edges_between_them() -> None:
    assert edges_of(EvenBins(low=-1, high=1, count=4)) == (-0.5, 0.0, 0.5)
    assert edges_of(EvenBins(low=0, high=9, count=1)) == ()
    assert edges_of((0.25, 3.0)) == (0.25, 3.0)


@pytest.mark.parametrize(
    ("features", "state"),
    [
        ([-9.0, 7.0, -0.1], 0),  # beyond the lowest
        ([-1.0, -7.0, 0.0], 1),  # a value on an edge is above it
        ([-0.5, 0.0, -1.0], 2),
        ([0.4, 0.0, 1.0], 5),  # bin 2 of 4, then bin 1 of 2
        ([9.0, 0.0, 9.0], 7),
    ],
)
def test_the_state_counts_bins_as_digits(features: list[float], state: int) -> None:
    table = make_table(TableConfig(bins=({"low": -1, "high": 1, "count": 4}, [], [0.0])), width=3)
    assert table.values("solo").shape == (8, 3)
    assert table.states("solo", torch.tensor(features)).item() == state


def test_a_state_that_is_shown_is_taken_as_it_is() -> None:
    table = of_states(4)
    assert table.values("solo").shape == (4, 3)
    assert table.states("solo", torch.tensor([[[3], [0]]], dtype=torch.int32)).tolist() == [[3, 0]]


def test_states_of_several_numbers_count_them_as_digits() -> None:
    table = of_states(32, 11, 2)  # Blackjack
    assert table.values("solo").shape == (704, 3)
    shown = torch.tensor([[31, 10, 1], [1, 0, 0], [0, 3, 1]], dtype=torch.int32)
    assert table.states("solo", shown).tolist() == [703, 22, 7]


def test_equal_values_are_drawn_from_evenly_and_the_first_is_taken_without_a_generator() -> None:
    table = of_states(3)
    table.values("solo")[0] = torch.tensor([1.0, 2.0, 2.0])
    assert drawn_shares(table) == pytest.approx([0, 0.5, 0.5], abs=0.02)
    assert table.act(seen(torch.zeros(1, 1, 1, dtype=torch.int32)), None).action["solo"].tolist() == [[1]]


def test_it_explores_in_training_only() -> None:
    """A third of 0.6 is each action's share of what is drawn; the best has 0.4 more."""
    table = of_states(3)
    table.values("solo")[0] = torch.tensor([-1.0, -3.0, -2.0])
    table.epsilon.fill_(0.6)
    assert drawn_shares(table) == [1, 0, 0]
    assert drawn_shares(table.train()) == pytest.approx([0.6, 0.2, 0.2], abs=0.02)
    assert table.exploration == pytest.approx(0.6)
    assert table.act(seen(torch.zeros(1, 1, 1, dtype=torch.int32)), None).action["solo"].tolist() == [[0]]


def test_illegal_actions_are_neither_best_nor_explored() -> None:
    table = of_states(3)
    table.values("solo")[0] = torch.tensor([5.0, -3.0, -2.0])
    mask = torch.tensor([False, True, True])
    assert drawn_shares(table, mask) == [0, 0, 1]
    table.epsilon.fill_(1.0)
    assert drawn_shares(table.train(), mask) == pytest.approx([0, 0.5, 0.5], abs=0.02)


def test_classes_have_tables_of_their_own() -> None:
    spec = ActionSpec("discrete", 2)
    classes = (AgentClass("A", 1, spec, (2,)), AgentClass("B", 1, spec, (3,)))
    table = Table(Roster(classes, (1, 2)), GIVEN).eval()
    table.values("B")[2, 1] = 1.0
    features = {"A": torch.tensor([[[1]]]), "B": torch.tensor([[[0], [2]]])}
    act = table.act(Observation(features, torch.ones(1, 3, dtype=torch.bool)), None)
    assert {name: action.tolist() for name, action in act.action.items()} == {"A": [[0]], "B": [[0, 1]]}
    assert act.log_prob.shape == (1, 3)


def test_a_saved_table_plays_the_same(tmp_path: Path) -> None:
    config = read_policy_config({"kind": "table", "bins": [{"low": -1, "high": 1, "count": 4}, [0.5]]})
    table = Table(make_roster(2), config)
    table.values("solo")[:] = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    save_policy(tmp_path / "policy", table, {"name": "x"})
    loaded = load_policy(tmp_path / "policy").policy
    observation = seen(torch.randn(50, 1, 2, generator=torch.Generator().manual_seed(2)))
    assert loaded.act(observation, None).action["solo"].equal(table.act(observation, None).action["solo"])
    assert len(loaded.act(observation, None).action["solo"].unique()) == 3


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        ([{"low": 1, "high": 1, "count": 3}], "low is 1.0 and high is 1.0; low must be below high"),
        ([[], [0.0, 2.0, 1.0]], r"number 1 have the edges \[0.0, 2.0, 1.0\]; give them in ascending order"),
        ([{"low": 0, "high": 1, "count": 0}], "greater than or equal to 1"),
    ],
)
def test_bins_that_are_none_are_refused(bins: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableConfig(bins=bins)


def test_bins_of_another_observation_are_refused() -> None:
    with pytest.raises(ValueError, match="bins are given for 2 numbers, but class 'solo' observes 4"):
        make_table(TableConfig(bins=([0.0], [0.0])), width=4)


def test_observations_that_name_no_state_need_bins() -> None:
    with pytest.raises(ValueError, match=r"class 'solo' observes 4 numbers, which name no state; give bins for each"):
        make_table(GIVEN, width=4)


def test_the_old_name_of_given_states_is_read() -> None:
    assert read_policy_config({"kind": "table", "bins": "one_hot"}) == GIVEN


def test_a_table_that_would_be_too_large_is_refused() -> None:
    bins = [{"low": 0, "high": 1, "count": 100}] * 4
    with pytest.raises(ValueError, match=r"100 x 100 x 100 x 100 = 100,000,000 states of 3 actions each"):
        make_table(TableConfig(bins=bins), width=4)


def test_images_are_refused() -> None:
    roster = Roster((AgentClass("solo", 0, ActionSpec("discrete", 2), images=(ImageSpec((3, 8, 8)),)),), (1,))
    with pytest.raises(ValueError, match=r"class 'solo' observes images, which name no state; train .*'actor_critic'"):
        Table(roster, GIVEN)


def test_continuous_actions_are_refused() -> None:
    roster = Roster((AgentClass("solo", 3, ActionSpec("continuous", 1)),), (1,))
    with pytest.raises(ValueError, match="class 'solo' has continuous actions"):
        Table(roster, GIVEN)
