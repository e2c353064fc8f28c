"""Rows of a table that are measured one by one and kept, so that a stopped measurement loses nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from marl.core.files import save_json
from marl.core.reading import read_json

__all__ = ["kept", "markdown", "measured"]


def measured(
    settings: Mapping[str, Any], measure: Callable[[str], dict[str, Any]], only: Sequence[str], out: Path
) -> dict[str, Any]:
    """Rows of a JSON file, those named measured again.

    Args:
        settings: of each row, by name; a row whose module ``needs`` is not installed is left out.
        measure: makes the row of a name.
        only: names of the rows to measure; all if none are given.
        out: the JSON file, written after each row.
    """
    unknown = set(only) - set(settings)
    if unknown:
        sys.exit(f"--only names {', '.join(sorted(unknown))}; there are {', '.join(settings)}")
    rows: dict[str, Any] = read_json(out) if out.exists() else {}
    for name in only or settings:
        if find_spec(settings[name].needs) is None:
            print(f"{name} is left out: {settings[name].needs} is not installed")
            continue
        rows[name] = measure(name)
        rows = {each: rows[each] for each in settings if each in rows}
        save_json(out, rows)
    return rows


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """Content of a JSON file, which is made, its folder too, unless it is there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_json(path, make())
    return read_json(path)


def markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ["---"] * len(titles), *rows))
