"""A report as pictures: heat maps of who was trained where and plays where, and curves over team size.

Colours are those of Okabe and Ito, as in `marl.pictures.episode`, and matplotlib's cividis and PuOr, which
colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.maths.seed_statistics import interval_of
from marl.pictures.style import CLASS_COLOURS

__all__ = ["curves", "heat_map"]

Report = Mapping[str, Any]

CELL_WIDTH, CELL_HEIGHT, LETTER_WIDTH, SMALLEST_PANEL = 0.72, 0.42, 0.082, 3.2
"""Inches."""
RATIO_LIMIT = 4.0
"""Where the colours of ratios end, either way."""
NO_NATIVE = "#DDDDDD"
REFERENCE_STYLES = (("#505050", "x", ":"), ("#8C8C8C", "+", "-."))
MARKERS, WITHOUT_MESSAGES = "osD^P", "v"
LEGEND_WORDS = (
    "Bars: 95 % interval over n training seeds; hollow markers and references: over episodes.\n"
    "Lines join teams mixed as in training."
)
SPREAD = 0.5
"""How far the policies of one cell stand apart, of the distance of two cells."""


def heat_map(report: Report, arena: str) -> Figure:
    """Scores of what was trained in each row and plays in each column, and their ratios to the column's natives.

    Args:
        report: as `marl.generalise` gives it.
        arena: which of its arenas.
    """
    protocol, preys = report["protocol"], list(report["protocol"]["prey"])
    policies = [p["name"] for p in report["policies"] if p["kind"] in ("arm", "native")]
    cells = list(protocol["cells"])
    scores = {_place(r): r["measures"][protocol["score"]]["value"] for r in report["results"] if r["arena"] == arena}
    ratios = {_place(r): r["ratio"]["value"] for r in report["comparisons"] if r["arena"] == arena}
    panels = 2 if ratios else 1
    labels = [_numbered(report, name) for name in policies]
    names = max(len(name) for name in labels) * LETTER_WIDTH + 0.3
    size = (
        names + panels * max(len(cells) * CELL_WIDTH + 1.1, SMALLEST_PANEL),
        len(preys) * (len(policies) * CELL_HEIGHT + 1.4) + 0.2,
    )
    figure = Figure((max(size[0], 5.5), size[1]), layout="constrained")
    axes = figure.subplots(len(preys), panels, squeeze=False)
    homes = [p["cells_seen_in_training"] for p in report["policies"] if p["name"] in policies]
    for row, prey in enumerate(preys):
        table = _table(scores, policies, prey, cells)
        title = f"{_words(protocol['score'])},\nprey {prey}{_arena_words(arena)}"
        norm: Normalize = Normalize(0, max(float(np.nanmax(table, initial=0.0)), 1e-9))
        _panel(axes[row, 0], table, cells, labels, homes, title, norm, "cividis", "{:.1f}")
        if ratios:
            own: dict[tuple[str, ...], float | None] = {
                (f"native {cell}", prey, cell): 1.0 for cell in cells if f"native {cell}" in policies
            }
            table = _table({**ratios, **own}, policies, prey, cells)
            norm = LogNorm(1 / RATIO_LIMIT, RATIO_LIMIT)
            title = "ratio to the natives\nof the column"
            _panel(axes[row, 1], table, cells, [""] * len(labels), homes, title, norm, "PuOr", "{:.2f}")
        axes[row, 0].set_ylabel("trained")
    for axis in axes[-1]:
        axis.set_xlabel(f"plays as {'+'.join(next(iter(protocol['cells'].values())))} (bold: trained at)", fontsize=9)
    return figure


def _panel(
    axis: Axes,
    table: NDArray[np.float64],
    cells: Sequence[str],
    labels: Sequence[str],
    homes: Sequence[Sequence[str]],
    title: str,
    norm: Normalize,
    colours: str,
    form: str,
) -> None:
    colour_map = colormaps[colours].with_extremes(bad=NO_NATIVE)
    image = axis.imshow(np.ma.masked_invalid(table), cmap=colour_map, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        known = bool(np.isfinite(value))
        ink = _ink(colour_map(norm(value))) if known else "#555555"
        text, weight = form.format(value) if known else "-", "bold" if cells[column] in homes[row] else "normal"
        axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=9, weight=weight)
    axis.set_xticks(range(len(cells)), cells, fontsize=9)
    axis.set_yticks(range(len(labels)), labels, fontsize=9)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(1, len(cells)) - 0.5, minor=True)
    axis.set_yticks(np.arange(1, len(labels)) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="minor", length=0)
    axis.set_title(title, fontsize=10, loc="left")
    assert axis.figure is not None
    bar = axis.figure.colorbar(
        image, ax=axis, fraction=0.05, pad=0.02, extend="both" if isinstance(norm, LogNorm) else "neither"
    )
    if isinstance(norm, LogNorm):
        bar.set_ticks([0.25, 0.5, 1, 2, 4], labels=["¼", "½", "1", "2", "4"])
    bar.ax.tick_params(labelsize=8)
    bar.ax.minorticks_off()


def _ink(colour: Sequence[float]) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"


def curves(report: Report, arena: str) -> Figure:
    """Scores in all, and for each agent, over the cells from the smallest team to the largest.

    Lines join the cells that are mixed as the first run was trained; the others stand alone.

    Args:
        report: as `marl.generalise` gives it.
        arena: which of its arenas.
    """
    protocol, preys = report["protocol"], list(report["protocol"]["prey"])
    teams = protocol["cells"]
    cells = sorted(teams, key=lambda cell: (sum(teams[cell].values()), cell))
    measures = [name for name in protocol["measures"][:2] if name.startswith(protocol["score"].split("_")[0])]
    width = max(4.2, 0.85 * len(cells) + 1.2)
    figure = Figure((width * len(measures), 3.4 * len(preys) + 1.3), layout="constrained")
    axes = figure.subplots(len(preys), len(measures), squeeze=False)
    styles = _styles(report)
    rows = {_place(row): row for row in report["results"] if row["arena"] == arena}
    for i, prey in enumerate(preys):
        for j, measure in enumerate(measures):
            axis = axes[i, j]
            for policy in styles:
                estimates = {c: rows[place]["measures"][measure] for c in cells if (place := (policy, prey, c)) in rows}
                _curve(axis, cells, estimates, protocol["cells_mixed_as_trained"], styles, policy)
            _natives(axis, cells, rows, prey, measure, len(styles))
            _dress(axis, cells, teams, protocol["agent_noun"])
            axis.set_title(f"{_words(measure)}, prey {prey}{_arena_words(arena)}", fontsize=10, loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    labels = [_numbered(report, label) for label in labels]
    columns = min(3, len(labels))
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        fontsize=9,
        frameon=False,
        title=LEGEND_WORDS,
        title_fontsize=8,
    )
    return figure


def _styles(report: Report) -> dict[str, dict[str, Any]]:
    """Colour, line and marker of each policy but the natives; without messages an arm is dashed."""
    styles: dict[str, dict[str, Any]] = {}
    arms = references = 0
    for policy in report["policies"]:
        if policy["kind"] == "arm":
            arms += 1
            colour, marker = CLASS_COLOURS[(arms - 1) % len(CLASS_COLOURS)], MARKERS[(arms - 1) % len(MARKERS)]
            styles[policy["name"]] = {"color": colour, "marker": marker, "linestyle": "-"}
        elif policy["kind"] == "messages off":
            arm = policy["name"].removesuffix(", messages off")
            styles[policy["name"]] = {**styles[arm], "marker": WITHOUT_MESSAGES, "linestyle": "--"}
        elif policy["kind"] == "reference":
            references += 1
            colour, marker, line = REFERENCE_STYLES[(references - 1) % len(REFERENCE_STYLES)]
            styles[policy["name"]] = {"color": colour, "marker": marker, "linestyle": line}
    return styles


def _curve(
    axis: Axes,
    cells: Sequence[str],
    estimates: Mapping[str, Mapping[str, Any]],
    joined: Sequence[str],
    styles: Mapping[str, Mapping[str, Any]],
    policy: str,
) -> None:
    style, shift = styles[policy], _shift(list(styles).index(policy), len(styles) + 1)
    line = [(cells.index(c) + shift, estimates[c]["value"]) for c in cells if c in joined and c in estimates]
    axis.plot([x for x, _ in line], [y for _, y in line], color=style["color"], linestyle=style["linestyle"], lw=1.3)
    for cell, estimate in estimates.items():
        _point(axis, cells.index(cell) + shift, estimate, style["color"], style["marker"])
    axis.plot([], [], label=policy, markersize=5, lw=1.3, **style)


def _natives(
    axis: Axes, cells: Sequence[str], rows: Mapping[tuple[str, ...], Any], prey: str, measure: str, number: int
) -> None:
    found = [(cells.index(c), rows[place]) for c in cells if (place := (f"native {c}", prey, c)) in rows]
    for x, row in found:
        _point(axis, x + _shift(number, number + 1), row["measures"][measure], "black", "*", 9)
    if found:
        axis.plot([], [], "*", color="black", markersize=9, label="natives of each cell")


def _point(axis: Axes, x: float, estimate: Mapping[str, Any], colour: str, marker: str, size: float = 5) -> None:
    """A marker with its interval; hollow where the interval is over episodes of one seed."""
    if estimate["value"] is None:
        return
    interval, over = interval_of(estimate)
    if interval is not None:
        axis.plot([x, x], interval, color=colour, lw=1.3)
    hollow = over == "episodes" and "seeds" in estimate
    axis.plot(
        x, estimate["value"], marker, color=colour, markersize=size, markerfacecolor="white" if hollow else colour
    )


def _shift(index: int, number: int) -> float:
    return SPREAD * ((index + 0.5) / number - 0.5)


def _dress(axis: Axes, cells: Sequence[str], teams: Mapping[str, Mapping[str, int]], noun: str) -> None:
    sizes = [sum(teams[cell].values()) for cell in cells]
    labels = [f"{cell}\n({size})" for cell, size in zip(cells, sizes, strict=True)]
    axis.set_xticks(range(len(cells)), labels, fontsize=9)
    axis.set_xlim(-0.6, len(cells) - 0.4)
    if axis.dataLim.y0 >= 0:
        axis.set_ylim(bottom=0)
    bands = list(dict.fromkeys(sizes))
    for band in bands[::2]:
        places = [i for i, size in enumerate(sizes) if size == band]
        axis.axvspan(places[0] - 0.5, places[-1] + 0.5, color="#F3F3F3", zorder=0, lw=0)
    axis.set_xlabel(f"composition ({noun}s in all)", fontsize=9)
    axis.grid(axis="y", color="#E0E0E0", lw=0.7)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.tick_params(axis="y", labelsize=9)


def _numbered(report: Report, policy: str) -> str:
    """A policy's name with its number of training seeds."""
    runs = next((p.get("runs") for p in report["policies"] if p["name"] == policy), None)
    return policy if runs is None else f"{policy} (n = {len(runs)})"


def _table(
    values: Mapping[tuple[str, ...], float | None], policies: Sequence[str], prey: str, cells: Sequence[str]
) -> NDArray[np.float64]:
    return np.array([[values.get((p, prey, c)) for c in cells] for p in policies], dtype=np.float64)


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row["policy"], row["prey"], row["cell"]


def _words(measure: str) -> str:
    return measure.replace("_", " ")


def _arena_words(arena: str) -> str:
    return "" if arena == "fixed" else f", arena by {arena}"
