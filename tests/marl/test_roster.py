from __future__ import annotations

import pytest

from marl.errors import ConfigError
from marl.roster import ActionSpec, AgentClass, Roster, format_team, parse_team, parse_teams, short_team

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2+2", [(2, 2)]),
        ("1+1, 3+0 ,0+16", [(1, 1), (3, 0), (0, 16)]),
        ("A=3+B=1,B=2", [(3, 1), (0, 2)]),
        ("B=1 + A=3", [(3, 1)]),
    ],
)
def test_compositions_are_read_in_the_order_of_the_classes(text: str, expected: list[tuple[int, int]]) -> None:
    teams = parse_teams(text, ["A", "B"])
    assert [list(team.items()) for team in teams] == [[("A", a), ("B", b)] for a, b in expected]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "teams is ''; name at least one composition, e.g. 2\\+2"),
        ("2+2,", "team '' does not read as a composition"),
        ("2-2", "team '2-2' does not read"),
        ("A=1+2", "team 'A=1\\+2' does not read"),
        ("A=-1+B=2", "does not read"),
        ("A=1+A=2", "does not read"),
        ("4", "team '4' has 1 counts, but there are 2 classes \\(A, B\\)"),
        ("1+1+1", "has 3 counts"),
        ("C=1+A=1", "team 'C=1\\+A=1' names class 'C'; there is A, B"),
        ("0+0", "nobody to play"),
        ("A=0", "nobody to play"),
        ("1+2,A=1+B=2", "has the composition A=1,B=2 twice"),
    ],
)
def test_compositions_that_cannot_be_meant_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_teams(text, ["A", "B"])


def test_a_composition_in_short_keeps_the_zero() -> None:
    assert short_team({"A": 3, "B": 0}) == "3+0"
