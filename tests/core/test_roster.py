from __future__ import annotations

import pytest

from marl.core.roster import ActionSpec, AgentClass, Roster

CLASSES = tuple(AgentClass(name, width, ActionSpec("discrete", 5)) for name, width in [("A", 3), ("B", 4), ("C", 5)])


def test_classes_take_contiguous_slices_in_their_order() -> None:
    roster = Roster(CLASSES, (2, 0, 3))
    assert roster.size == 5
    assert roster.slices == {"A": slice(0, 2), "C": slice(2, 5)}
    assert roster.class_indices == (0, 0, 2, 2, 2)
    assert [c.name for c in roster.present] == ["A", "C"]
    assert roster.team == {"A": 2, "B": 0, "C": 3}


@pytest.mark.parametrize(
    ("counts", "rivals"),
    [
        ((2, 0, 0), {"A_0": slice(0, 1), "A_1": slice(1, 2)}),
        ((0, 3, 1), {"B": slice(0, 3), "C": slice(3, 4)}),
        ((0, 1, 0), {}),
        ((3, 0, 0), {}),
        ((1, 1, 1), {}),
    ],
)
def test_two_agents_or_two_classes_may_be_rivals(counts: tuple[int, ...], rivals: dict[str, slice]) -> None:
    assert Roster(CLASSES, counts).rivals == rivals


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((1, 2), "3 classes but 2 counts"),
        ((1, -1, 2), r"counts are \(1, -1, 2\)"),
        ((0, 0, 0), "at least one agent must play"),
        ((4000, 90, 7), "3 classes have 4,097 agents; give at most 256 classes and 4,096 agents"),
    ],
)
def test_counts_that_do_not_fit_are_refused(counts: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Roster(CLASSES, counts)


def test_a_roster_of_more_than_256_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="257 classes have 257 agents; give at most 256 classes"):
        Roster(tuple(AgentClass(f"C{i}", 1, ActionSpec("discrete", 2)) for i in range(257)), (1,) * 257)


def test_a_roster_of_no_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one agent must play"):
        Roster((), ())


def test_entities_without_a_plane_are_refused() -> None:
    with pytest.raises(ValueError, match="entity_size is 7, but plane is None: entities begin with position and"):
        Roster(CLASSES, (1, 1, 1), entity_size=7)
