from __future__ import annotations

import pytest

from marl.core.composition import format_team, parse_team, parse_teams, short_team


@pytest.mark.parametrize("text", ["A=2,B=2", " A=2 , B=2 ", "A = 2,B= 2"])
def test_a_team_is_read(text: str) -> None:
    assert parse_team(text) == {"A": 2, "B": 2}


@pytest.mark.parametrize("text", ["3+1", " 3 + 1 ", "A=3,B=1", "A=3+B=1", "B=1,A=3"])
def test_a_team_may_be_its_counts(text: str) -> None:
    assert parse_team(text, ["A", "B"]) == {"A": 3, "B": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "has 1 counts for the 2 classes A, B; write one a class, for example 1\\+1"),
        ("3+1+1", "has 3 counts for the 2 classes"),
        ("3+x", "'3' is not NAME=COUNT; write for example A=2,B=2, or 2\\+2"),
        ("3+4097", "4097 agents of a class; a team has at most 4,096"),
    ],
)
def test_counts_that_are_no_team_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_team(text, ["A", "B"])


def test_a_written_team_reads_as_itself() -> None:
    team = {"scout": 0, "B": 12}
    assert format_team(team) == "scout=0,B=12"
    assert parse_team(format_team(team)) == team


@pytest.mark.parametrize("text", ["", "A", "A=", "=2", "A=-1", "A=1.5", "A=two", "A=2,", "A=2;B=2", "A=²", " =2"])
def test_a_team_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=COUNT; write for example A=2,B=2"):
        parse_team(text)


@pytest.mark.parametrize("count", ["4097", "1000000", "9" * 5000])
def test_a_team_of_more_than_4096_of_a_class_is_refused(count: str) -> None:
    assert parse_team("A=4096") == {"A": 4096}
    with pytest.raises(ValueError, match=f"{count} agents of a class; a team has at most 4,096"):
        parse_team(f"A={count}")
    with pytest.raises(ValueError, match=f"{count} agents of a class; a team has at most 4,096"):
        parse_teams(f"1+{count}", ["A", "B"])


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names class 'A' twice"):
        parse_team("A=1,A=2")


def test_compositions_are_read_by_order_and_by_name() -> None:
    expected = [{"A": 3, "B": 1}, {"A": 1, "B": 3}, {"A": 0, "B": 12}]
    assert parse_teams("3+1,1+3,0+12", ["A", "B"]) == expected
    assert parse_teams(" A=3+B=1, B = 3 + A = 1 ,B=12", ["A", "B"]) == expected
    assert [list(team) for team in parse_teams("B=1+A=2", ["A", "B"])] == [["A", "B"]]
    assert parse_teams("1,4", ["P"]) == [{"P": 1}, {"P": 4}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"teams '': '' is not a composition; write for example 1\+1, or A=1"),
        ("1+1,", "'' is not a composition"),
        ("2+x", r"'2\+x' is not a composition"),
        ("1+B=1", r"'1\+B=1' is not a composition"),
        ("A=1=2", "is not a composition"),
        ("A=-1", "is not a composition"),
        ("1+1;2+2", "is not a composition"),
        ("3", "'3' has 1 counts for the 2 classes A, B; write one a class"),
        ("1+1+1", r"'1\+1\+1' has 3 counts for the 2 classes A, B"),
        ("A=1+Z=1", "names class 'Z', but the classes are A, B"),
        ("A=1+A=1", "names class 'A' twice"),
        ("1+1,0+0", r"in '0\+0' nobody plays"),
        ("1+1,2+2,B=1+A=1", r"has 'B=1\+A=1' twice"),
    ],
)
def test_compositions_that_will_not_do_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_teams(text, ["A", "B"])


def test_a_composition_in_short_keeps_the_zero() -> None:
    assert short_team({"A": 3, "B": 0}) == "3+0"
