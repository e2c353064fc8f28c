from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from marl.core.config import Config
from marl.core.settings import completed, explain, flat_settings, laid_over, part_of, replace_field, shown_value


class Round(Config):
    kind: Literal["round"] = "round"
    radius: float = 1.0


class Square(Config):
    kind: Literal["square"] = "square"
    side: float = 2.0
    inner: Round | None = None


class Drawing(Config):
    shape: Annotated[Round | Square, Field(discriminator="kind")] = Field(default_factory=Round)
    sizes: dict[str, int] = Field(default_factory=dict)
    width: int = Field(3, ge=1)


@pytest.mark.parametrize(
    ("given", "complete"),
    [
        ({}, {"shape": {"kind": "round", "radius": 1.0}, "sizes": {}, "width": 3}),
        ({"shape": {"kind": "square"}}, {"shape": {"kind": "square", "side": 2.0, "inner": None}}),
        ({"shape": {"kind": "square", "inner": {}}}, {"shape": {"inner": {"kind": "round", "radius": 1.0}}}),
        ({"sizes": {"a": 1}, "width": "7"}, {"sizes": {"a": 1}, "width": "7"}),  # as given: nothing is validated
        ({"colour": "red"}, {"colour": "red"}),  # unknown: the validator will refuse it
    ],
)
def test_what_is_not_given_has_its_default(given: dict[str, Any], complete: dict[str, Any]) -> None:
    found = completed(Drawing, given)
    for name, value in complete.items():
        assert found[name] == value if not isinstance(value, dict) else value.items() <= found[name].items()


def test_the_kind_that_is_given_decides_which_part_it_is() -> None:
    annotation = Drawing.model_fields["shape"].annotation
    assert part_of(annotation, {"kind": "square"}) is Square
    assert part_of(annotation, {}) is Round
    assert part_of(dict[str, int], {"a": 1}) is None


def test_one_field_is_replaced_and_the_rest_is_kept() -> None:
    values = {"a": {"b": 1, "c": 2}, "d": 3}
    assert replace_field(values, ["a", "b"], 9) == {"a": {"b": 9, "c": 2}, "d": 3}
    assert replace_field(values, ["d", "e"], 9) == {"a": {"b": 1, "c": 2}, "d": {"e": 9}}
    assert values == {"a": {"b": 1, "c": 2}, "d": 3}


def test_nested_settings_get_dots() -> None:
    assert flat_settings({"a": {"b": {"c": 1}, "d": [2]}, "e": None}) == {"a.b.c": 1, "a.d": [2], "e": None}


def test_a_refusal_names_place_value_and_remedy() -> None:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate({"shape": {"kind": "square", "side": "long"}, "width": 0, "colour": "red"})
    kinds = {"shape": ("round", "square")}
    said = explain(caught.value, kinds)
    assert said.split("; ")[:2] == [
        "shape.side is 'long': input should be a valid number, unable to parse string as a number",
        "width is 0: input should be greater than or equal to 1",
    ]
    assert "colour is 'red': there is no such field" in said
    names = ("colour", "shape.color", "width")
    assert explain(caught.value, kinds, names=names).endswith("in this version; did you mean shape.color?")
    assert explain(caught.value, kinds, place="picture").startswith("picture.shape.side is 'long'")


def test_a_long_value_is_shown_by_its_beginning() -> None:
    assert shown_value({"a": [1, "two"]}) == "{'a': [1, 'two']}"
    nine: Any = "x"
    for _ in range(9):
        nine = [nine] * 9  # nine to the ninth, if all of it were written
    for value in (nine, "x" * 10**6, list(range(10**6)), {str(i): i for i in range(10**5)}):
        assert len(shown_value(value)) < 510
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate({"width": nine})
    assert len(explain(caught.value)) < 700


def test_usual_settings_stand_in_for_what_is_not_given() -> None:
    usual = {"a": {"kind": "x", "b": 1, "c": {"d": 2}}, "e": 3}
    assert laid_over({}, usual) == usual
    assert laid_over({"a": {"b": 9}, "f": 4}, usual) == {"a": {"kind": "x", "b": 9, "c": {"d": 2}}, "e": 3, "f": 4}
    assert laid_over({"a": {"kind": "y"}}, usual) == {"a": {"kind": "y"}, "e": 3}  # of something else
    assert laid_over({"a": None}, usual) == {"a": None, "e": 3}
    assert laid_over({"a": {"c": {"d": 0}}}, usual)["a"] == {"kind": "x", "b": 1, "c": {"d": 0}}
