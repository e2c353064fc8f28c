"""The names in the tables of docs/python.md."""

from __future__ import annotations

import re

from pages import TOP

import marl

PAGE = (TOP / "docs/python.md").read_text(encoding="utf-8")


def test_its_tables_name_what_there_is() -> None:
    functions = {name for name in marl.__all__ if name.islower() and not name.startswith("_")}
    assert set(re.findall(r"`marl\.([a-z]+)\(", PAGE)) == functions
    methods = set(re.findall(r"^\| `(\w+)\([a-z_, ]*\)` \|", PAGE, re.MULTILINE))
    assert methods == {name for name in vars(marl.Callback) if not name.startswith("__")}
