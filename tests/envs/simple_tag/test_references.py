from __future__ import annotations

import pytest
import torch

from marl.core.records import Observation
from marl.core.roster import Plane
from marl.envs.simple_tag.references import roster_of, scripted_actors
from marl.envs.simple_tag.scene import Side
from marl.wrappers.rules.class_views import ClassViews


def seen(side: Side) -> tuple[Observation, ClassViews]:
    """Two agents at the origin, and an opponent to the right and a little above."""
    sights = ("prey",) if side == "predators" else ("predators",)
    table = torch.zeros(1, 3, 8)
    table[0, 2, :2] = torch.tensor([0.4, 0.1])
    table[0, :, 4:7] = torch.eye(3)  # kinds: A, B, opponent
    views = ClassViews({"A": sights, "B": sights}, {"A": 1, "B": 1}, 1, 0)
    features, there = {name: torch.zeros(1, 1, 1) for name in "AB"}, torch.ones(1, 3, dtype=torch.bool)
    return Observation(features, there[:, :2], entities=table, entity_mask=there), views


@pytest.mark.parametrize(
    ("side", "rule", "action"), [("predators", "chase", 2), ("prey", "flee", 1), ("prey", "still", 0)]
)
@pytest.mark.parametrize("continuous", [False, True])
def test_rules_act_on_what_their_side_observes(side: Side, rule: str, action: int, continuous: bool) -> None:
    """Right is action 2, left action 1."""
    observation, views = seen(side)
    act = scripted_actors(roster_of([views], continuous), {side: "AB"}, continuous)[rule](
        observation, torch.Generator()
    )
    expected = [1.0 if i == action else -1.0 for i in range(5)] if continuous else action
    assert {name: chosen.tolist() for name, chosen in act.items()} == {"A": [[expected]], "B": [[expected]]}


def test_each_side_has_its_rules() -> None:
    for side, names in (("predators", {"chase"}), ("prey", {"random", "still", "flee"})):
        _, views = seen(side)  # type: ignore[arg-type]
        assert set(scripted_actors(roster_of([views], False), {side: "AB"}, False)) == names  # type: ignore[dict-item]


def test_the_roster_has_the_widths_of_features_entities_and_target() -> None:
    """Own state 4, three landmarks 6 or two prey 8, one-hot 2; an entity has 4 numbers and one of 2 + 2 kinds."""
    roster = roster_of([ClassViews({"A": ("landmarks",), "B": ("prey",)}, {"B": 3}, 2, 3)], True)
    assert [(c.name, c.feature_size) for c in roster.classes] == [("A", 12), ("B", 14)]
    assert {(c.action.kind, c.action.size) for c in roster.classes} == {("continuous", 5)}
    assert roster.counts == (0, 3)
    assert (roster.plane, roster.entity_size, roster.auxiliary_size) == (Plane(), 8, 2)
