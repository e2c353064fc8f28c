"""The pictures of docs/browser.md."""

from __future__ import annotations

import re

from pages import TOP


def test_its_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[.+\]\((.+)\)", (TOP / "docs/browser.md").read_text(encoding="utf-8"))
    assert len(pictures) == 3
    assert all((TOP / "docs" / name).stat().st_size < 150_000 for name in pictures)
