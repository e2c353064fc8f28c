from __future__ import annotations

import pytest

from marl.roster import ActionSpec, AgentClass, Roster, format_team, parse_team

CLASSES = tuple(AgentClass(name, width, ActionSpec("discrete", 5)) for name, width in [("A", 3), ("B", 4), ("C", 5)])


def test_classes_take_contiguous_slices_in_their_order() -> None:
    roster = Roster(CLASSES, (2, 0, 3))
    assert roster.size == 5
    assert roster.slices == {"A": slice(0, 2), "C": slice(2, 5)}
    assert roster.class_indices == (0, 0, 2, 2, 2)
    assert [c.name for c in roster.present] == ["A", "C"]
    assert roster.team == {"A": 2, "B": 0, "C": 3}


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((1, 2), "3 classes but 2 counts"),
        ((1, -1, 2), r"counts are \(1, -1, 2\)"),
        ((0, 0, 0), "at least one agent must play"),
    ],
)
def test_counts_that_do_not_fit_are_refused(counts: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Roster(CLASSES, counts)


def test_a_roster_of_no_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one agent must play"):
        Roster((), ())


@pytest.mark.parametrize("text", ["A=2,B=2", " A=2 , B=2 ", "A = 2,B= 2"])
def test_a_team_is_read(text: str) -> None:
    assert parse_team(text) == {"A": 2, "B": 2}


def test_a_written_team_reads_as_itself() -> None:
    team = {"scout": 0, "B": 12}
    assert format_team(team) == "scout=0,B=12"
    assert parse_team(format_team(team)) == team


@pytest.mark.parametrize("text", ["", "A", "A=", "=2", "A=-1", "A=1.5", "A=two", "A=2,", "A=2;B=2", "A=²", " =2"])
def test_a_team_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=COUNT; write for example A=2,B=2"):
        parse_team(text)


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names class 'A' twice"):
        parse_team("A=1,A=2")
