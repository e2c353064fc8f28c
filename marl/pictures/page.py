"""Pages that need nothing else: their style, scripts and data stand in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["whole_page"]

PARTS = ("page.css", "scene.js", "live.js")


def whole_page(name: str, data: Any) -> str:
    """Text of a page.

    Args:
        name: of its file in this folder, e.g. ``replay.html``.
        data: that its script reads, as JSON has it.

    Raises:
        ValueError: for numbers that JSON lacks.
    """
    # no name may end the script that holds the data
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    page = _read(name)
    for part in PARTS:
        page = page.replace(f"/*{part}*/", _read(part))
    return page.replace("DATA", text, 1)


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
