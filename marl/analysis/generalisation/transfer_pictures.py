"""Pictures of a report on transfer: heat maps of policies over cells, and curves over team size.

Maps are in matplotlib's cividis and PuOr, which colour-blind readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from marl.analysis.generalisation.picture_styles import PolicyStyle, condition_text, numbered, policy_styles
from marl.analysis.generalisation.setting import Setting
from marl.analysis.generalisation.transfer_report import GeneralisationReport, Place, Result
from marl.maths.intervals import Estimate
from marl.pictures.style import bare_frame, new_figure, plain_label

__all__ = ["transfer_curves", "transfer_heat_map"]

CELL_WIDTH, CELL_HEIGHT, LETTER_WIDTH, SMALLEST_PANEL, LEGEND_WIDTH = 0.72, 0.42, 0.082, 3.2, 6.4
"""Sizes in inches."""
RATIO_LIMIT = 4.0
"""Largest ratio of the colour scale; the smallest is its inverse."""
NO_NATIVE = "#DDDDDD"
LEGEND_WORDS = (
    "Bars: 95 % interval over n training seeds; hollow markers and references: over episodes.\n"
    "Lines join teams mixed as in training."
)
Key = tuple[str, str | None, str]
"""Policy, prey and composition."""
SPREAD = 0.5
"""Width over which the policies of one cell are spread, in distances between cells."""


@dataclass(frozen=True)
class _Scale:
    """Colours of one panel, and the format of its numbers."""

    norm: Normalize
    colours: str
    form: str


def transfer_heat_map(report: GeneralisationReport, arena: str | None) -> Figure:
    """Draw the scores of each trained policy (row) in each cell (column), and their ratios to the natives of the cell.

    Args:
        report: with results in that arena.
        arena: one of its arenas.
    """
    setting, preys = report.setting, report.setting.preys
    policies = [policy.name for policy in report.policies if policy.kind in ("arm", "native")]
    trained = [policy.training for policy in report.policies if policy.training and policy.name in policies]
    homes = [[setting.short(cell) for cell in training.seen] for training in trained]
    cells, labels = list(setting.compositions), [numbered(report, name) for name in policies]
    columns = [setting.short(cell) for cell in cells]
    score = setting.score
    scores = {_key(r.place): r.measures[score].estimate.value for r in report.results if r.place.arena == arena}
    ratios = {_key(c.place): c.ratio.value for c in report.comparisons if c.place.arena == arena}
    panels, ratio = 2 if ratios else 1, "ratio to the natives\nof the column"
    names = max(len(name) for name in labels) * LETTER_WIDTH + 0.3
    width = names + panels * max(len(cells) * CELL_WIDTH + 1.1, SMALLEST_PANEL)
    figure = new_figure(max(width, 5.5), len(preys) * (len(policies) * CELL_HEIGHT + 1.4) + 0.2)
    axes = figure.subplots(len(preys), panels, squeeze=False)
    for row, prey in enumerate(preys):
        table = _table(scores, policies, prey, cells)
        title = f"{_words(score)}{condition_text(prey, arena, chr(10))}"
        low, high = float(np.nanmin(table, initial=0.0)), max(float(np.nanmax(table, initial=0.0)), 1e-9)
        scale = _Scale(Normalize(low, high), "cividis", f"{{:{setting.form}}}")
        _panel(axes[row, 0], table, columns, labels, homes, title, scale)
        if ratios:
            own = {(f"native {cell}", prey, cell): 1.0 for cell in cells if f"native {cell}" in policies}
            table = _table({**ratios, **own}, policies, prey, cells)
            scale = _Scale(LogNorm(1 / RATIO_LIMIT, RATIO_LIMIT), "PuOr", "{:.2f}")
            _panel(axes[row, 1], table, columns, [""] * len(labels), homes, ratio, scale)
        axes[row, 0].set_ylabel("trained")
    plays = "plays as" if setting.argument is None else "plays with"
    for axis in axes[-1]:
        axis.set_xlabel(f"{plays} {plain_label(setting.varied)} (bold: trained at)", fontsize=9)
    return figure


def _panel(
    axis: Axes,
    table: NDArray[np.float64],
    cells: Sequence[str],
    labels: Sequence[str],
    homes: Sequence[Sequence[str]],
    title: str,
    scale: _Scale,
) -> None:
    colour_map = colormaps[scale.colours].with_extremes(bad=NO_NATIVE)
    image = axis.imshow(np.ma.masked_invalid(table), cmap=colour_map, norm=scale.norm, aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        known = bool(np.isfinite(value))
        ink = _ink(colour_map(scale.norm(value))) if known else "#555555"
        text, weight = scale.form.format(value) if known else "-", "bold" if cells[column] in homes[row] else "normal"
        axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=9, weight=weight)
    axis.set_xticks(range(len(cells)), [plain_label(cell) for cell in cells], fontsize=9)
    axis.set_yticks(range(len(labels)), labels, fontsize=9)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_xticks(np.arange(1, len(cells)) - 0.5, minor=True)  # between the cells, for the white lines of the grid
    axis.set_yticks(np.arange(1, len(labels)) - 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="minor", length=0)
    axis.set_title(title, fontsize=10, loc="left")
    assert axis.figure is not None
    extend = "both" if isinstance(scale.norm, LogNorm) else "neither"
    bar = axis.figure.colorbar(image, ax=axis, fraction=0.05, pad=0.02, extend=extend)
    if isinstance(scale.norm, LogNorm):
        bar.set_ticks([0.25, 0.5, 1, 2, 4], labels=["¼", "½", "1", "2", "4"])
    bar.ax.tick_params(labelsize=8)
    bar.ax.minorticks_off()


def _ink(colour: Sequence[float]) -> str:
    """Black or white, whichever is readable on a colour."""
    red, green, blue = colour[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"


def transfer_curves(report: GeneralisationReport, arena: str | None) -> Figure:
    """Draw scores of the team, and of each agent, over the cells from the smallest team to the largest.

    Lines join the cells whose mix is that of the first run's training; the others stand alone.

    Args:
        report: with results in that arena.
        arena: one of its arenas.
    """
    setting, preys = report.setting, report.setting.preys
    teams = setting.compositions
    cells = sorted(teams, key=lambda cell: (sum(teams[cell].values()), cell))
    measures = [name for name in setting.measures[:2] if name.startswith(setting.score.split("_")[0])]
    width = max(4.2, 0.85 * len(cells) + 1.2)
    figure = new_figure(max(width * len(measures), LEGEND_WIDTH), 3.4 * len(preys) + 1.3)
    axes = figure.subplots(len(preys), len(measures), squeeze=False)
    styles = policy_styles(report)
    results = {_key(result.place): result for result in report.results if result.place.arena == arena}
    for i, prey in enumerate(preys):
        for j, measure in enumerate(measures):
            axis = axes[i, j]
            for number, (policy, style) in enumerate(styles.items()):
                estimates = _estimates(results, dict.fromkeys(cells, policy), prey, measure)
                shift = _shift(number, len(styles) + 1)
                _curve(axis, cells, estimates, setting.mixed_as_trained, style, shift)
                marks = {"color": style.colour, "marker": style.marker, "linestyle": style.line}
                axis.plot([], [], label=policy, markersize=5, lw=1.3, **marks)  # for the legend
            natives = _estimates(results, {cell: f"native {cell}" for cell in cells}, prey, measure)
            _natives(axis, cells, natives, _shift(len(styles), len(styles) + 1))
            _dress(axis, cells, setting)
            axis.set_title(f"{_words(measure)}{condition_text(prey, arena)}", fontsize=10, loc="left")
    handles, names = axes[0, 0].get_legend_handles_labels()
    labels = [numbered(report, name) for name in names]
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=min(3, len(labels)),
        fontsize=9,
        frameon=False,
        title=LEGEND_WORDS,
        title_fontsize=8,
    )
    return figure


def _estimates(
    results: Mapping[Key, Result], policies: Mapping[str, str], prey: str | None, measure: str
) -> dict[str, Estimate]:
    """One measure of the policy named for each cell, where there are results."""
    places = {cell: (policy, prey, cell) for cell, policy in policies.items()}
    return {cell: results[key].measures[measure].estimate for cell, key in places.items() if key in results}


def _curve(
    axis: Axes,
    cells: Sequence[str],
    estimates: Mapping[str, Estimate],
    joined: Sequence[str],
    style: PolicyStyle,
    shift: float,
) -> None:
    line = [(cells.index(cell) + shift, estimate.value) for cell, estimate in estimates.items() if cell in joined]
    values = np.array([y for _, y in line], dtype=np.float64)  # None becomes nan, a gap in the line
    axis.plot([x for x, _ in line], values, color=style.colour, linestyle=style.line, lw=1.3)
    for cell, estimate in estimates.items():
        _point(axis, cells.index(cell) + shift, estimate, style.colour, style.marker)


def _natives(axis: Axes, cells: Sequence[str], estimates: Mapping[str, Estimate], shift: float) -> None:
    for cell, estimate in estimates.items():
        _point(axis, cells.index(cell) + shift, estimate, "black", "*", 9)
    if estimates:
        axis.plot([], [], "*", color="black", markersize=9, label="natives of each cell")


def _point(axis: Axes, x: float, estimate: Estimate, colour: str, marker: str, size: float = 5) -> None:
    """Draw a marker with its interval, hollow if the interval is over the episodes of one seed."""
    if estimate.value is None:
        return
    if estimate.ci95 is not None:
        axis.plot([x, x], estimate.ci95, color=colour, lw=1.3)
    hollow = estimate.over == "episodes" and "seeds" in estimate.counts  # a reference needs no seeds
    face = "white" if hollow else colour
    axis.plot(x, estimate.value, marker, color=colour, markersize=size, markerfacecolor=face)


def _shift(index: int, number: int) -> float:
    return SPREAD * ((index + 0.5) / number - 0.5)


def _dress(axis: Axes, cells: Sequence[str], setting: Setting) -> None:
    sizes = [sum(setting.compositions[cell].values()) for cell in cells]
    labels = [f"{plain_label(setting.short(cell))}\n({size})" for cell, size in zip(cells, sizes, strict=True)]
    axis.set_xticks(range(len(cells)), labels, fontsize=9)
    axis.set_xlim(-0.6, len(cells) - 0.4)
    if axis.dataLim.y0 >= 0:
        axis.set_ylim(bottom=0)
    bands = list(dict.fromkeys(sizes))
    for band in bands[::2]:
        places = [i for i, size in enumerate(sizes) if size == band]
        axis.axvspan(places[0] - 0.5, places[-1] + 0.5, color="#F3F3F3", zorder=0, lw=0)
    axis.set_xlabel(f"{plain_label(setting.argument or 'composition')} ({setting.agent_noun}s in all)", fontsize=9)
    axis.grid(axis="y", color="#E0E0E0", lw=0.7)
    axis.set_axisbelow(True)
    bare_frame(axis)
    axis.tick_params(axis="y", labelsize=9)


def _table(
    values: Mapping[Key, float | None], policies: Sequence[str], prey: str | None, cells: Sequence[str]
) -> NDArray[np.float64]:
    """Values by policy (row) and cell (column); nan where there is none."""
    return np.array([[values.get((p, prey, c)) for c in cells] for p in policies], dtype=np.float64)


def _key(place: Place) -> Key:
    return place.policy, place.prey, place.composition


def _words(measure: str) -> str:
    return measure.replace("_", " ")
