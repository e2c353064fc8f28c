"""Tables of commands, and the common rounding and printing of numbers and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from marl.core.composition import format_team

if TYPE_CHECKING:
    from marl.maths.intervals import Estimate

__all__ = [
    "described_text",
    "estimate_text",
    "interval_text",
    "measures_table",
    "number_text",
    "plain_table",
    "seconds_text",
]

OPEN_END = "…"
RETURN = "return_per_"


def plain_table(names: str | Sequence[str], columns: Sequence[str], *, no_wrap: bool = True, **style: Any) -> Table:
    """Make a table of names and numbers, with a line under its head and no other.

    Args:
        names: head of the column of names, which may be folded, or those of several.
        columns: heads of the columns of numbers.
        no_wrap: True to keep numbers in one line where the terminal is narrow.
        style: further arguments of `rich.table.Table`.
    """
    table = Table(box=box.SIMPLE_HEAD, title_justify="left", **style)
    for name in (names,) if isinstance(names, str) else names:
        table.add_column(name, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=no_wrap)
    return table


def number_text(value: float | None, form: str, unknown: str = "-") -> str:
    """Number in a format such as ``.2f``, or the text ``unknown`` for None."""
    return unknown if value is None else format(value, form)


def interval_text(interval: tuple[float | None, float | None], form: str) -> str:
    """Both ends in square brackets; a missing end is an ellipsis."""
    low, high = (number_text(end, form, OPEN_END) for end in interval)
    return f"[{low}, {high}]"


def estimate_text(estimate: Estimate | None, form: str, unknown: str = "-", star: bool = False) -> str:
    """Value over its interval, and over its extremes if there are any, each in a line.

    Args:
        estimate: None where there is none.
        form: format of value and interval, e.g. ``.2f``.
        unknown: text for a missing value.
        star: True to mark intervals over episodes with a star.
    """
    if estimate is None or estimate.value is None:
        return unknown
    lines = [number_text(estimate.value, form)]
    if estimate.ci95 is not None:
        lines.append(interval_text(estimate.ci95, form) + "*" * (star and estimate.over == "episodes"))
    if estimate.extremes is not None:
        lines.append("min {:.6g}, max {:.6g}".format(*estimate.extremes))
    return "\n".join(lines)


def seconds_text(seconds: float | None) -> str:
    """Short time, in seconds or milliseconds."""
    if seconds is None:
        return "-"
    return f"{seconds:.3g} s" if seconds >= 0.9995 else f"{seconds * 1e3:.3g} ms"  # 0.9995 s would be shown as 1e+03 ms


def measures_table(rows: Mapping[str, Mapping[str, Estimate]]) -> Table:
    """Make a table with one row for each policy and one column for each measure but the length of episodes.

    Of returns that are equal in all rows, as those of the classes of a team that shares its reward, one is shown.

    Args:
        rows: estimates by measure, by policy; what a row lacks is none.
    """
    table = Table()
    table.add_column("policy")
    measures = list(dict.fromkeys(name for row in rows.values() for name in row if name != "episode_length"))
    columns = {name: [row.get(name) for row in rows.values()] for name in measures}
    returns = {
        name: str([each and (each.value, each.ci95) for each in columns[name]]) for name in measures if RETURN in name
    }
    first = {told: name for name, told in reversed(returns.items())}
    measures = [name for name in measures if name not in returns or first[returns[name]] == name]
    for measure in measures:
        table.add_column(measure.replace("_", " "), justify="right")
    for number, name in enumerate(rows):
        table.add_row(name, *(estimate_text(columns[each][number], ".2f", unknown="none") for each in measures))
    return table


def described_text(described: Mapping[str, Any]) -> str:
    """Environment in words, from the settings that its task's ``describe`` returns."""
    texts = {name: format_team(value) if isinstance(value, dict) else value for name, value in described.items()}
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in texts.items())
