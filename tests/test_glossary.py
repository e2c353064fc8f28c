"""The glossary says each word once."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")


def test_each_word_is_said_once_in_a_short_sentence() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
    entries = [(words, meaning) for words, meaning in rows if words != "word"]
    words = [word.strip("` ") for entry, _ in entries for word in entry.split(", ")]
    assert len(words) > 90
    assert sorted(words) == sorted(set(words))
    assert not [entry for entry, meaning in entries if not meaning.endswith((".", "`."))]
