"""Results as JSON has them, which a notebook shows as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

__all__ = ["Result", "html_table"]

MOST_ROWS = 50


class Result(dict[str, Any]):
    """A result as JSON has it; a notebook shows its numbers with their intervals as tables."""

    def _repr_html_(self) -> str:
        tables, plain = [], {}
        for name, value in self.items():
            if not _is_table(value):
                plain[name] = value
                continue
            columns = [key for key, part in value[0].items() if not isinstance(part, Mapping) and not _is_table(part)]
            rows = ([row.get(column) for column in columns] for row in value)
            tables.append(f"<p>{escape(name)}</p>{html_table(columns, rows)}")
        return "".join(tables) + (html_table(("", ""), plain.items()) if plain else "")


def html_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Table of HTML; rows beyond the first fifty are counted."""
    rows = list(rows)
    lines = ["".join(f"<td>{escape(_text(value))}</td>" for value in row) for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append(f'<td colspan="{len(head)}">and {len(rows) - MOST_ROWS:,} more</td>')
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    top = f"<tr>{top}</tr>" if any(head) else ""
    return "<table>" + top + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)


def _text(value: Any) -> str:
    """A number, an estimate with its interval, or any other value in few letters."""
    if isinstance(value, Mapping) and "mean" in value and "ci95" in value:
        interval = value["ci95"]
        return _text(value["mean"]) + ("" if interval is None else f" {_text(interval)}")
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        more = f" and {len(value) - MOST_ROWS:,} more" if len(value) > MOST_ROWS else ""
        return f"[{', '.join('…' if item is None else _text(item) for item in value[:MOST_ROWS])}]{more}"
    return "" if value is None else str(value)
