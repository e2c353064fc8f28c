"""Picture of a report on transfer over all its cells: performance profiles, and probabilities of improvement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marl.analysis.generalisation.over_cells import NATIVES, Improvement, Profiles
from marl.analysis.generalisation.picture_styles import PolicyStyle, condition_text, numbered, policy_styles
from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.pictures.style import bare_frame, new_figure, plain_label

__all__ = ["transfer_profiles"]

PANEL_WIDTH, PANEL_HEIGHT, ROW_HEIGHT = 5.2, 3.2, 0.3
"""Sizes in inches."""
NATIVE_STYLE = PolicyStyle("black", "*", "-")
LEGEND_WORDS = (
    "Profiles: share of training seeds and cells whose score, divided by that of the natives, is above x.\n"
    "Bands and bars: 95 % interval over training seeds."
)


def transfer_profiles(report: GeneralisationReport, arena: str | None) -> Figure | None:
    """Draw performance profiles and probabilities of improvement, a row for each prey.

    Args:
        report: report to draw.
        arena: one of its arenas.

    Returns:
        None if the report has neither: one arm without natives.
    """
    profiles = {each.prey: each for each in report.profiles if each.arena == arena}
    improvements = [each for each in report.improvements if each.arena == arena]
    kinds = [bool(profiles), bool(improvements)]
    if not any(kinds):
        return None
    preys = report.setting.preys
    pairs = len({(each.policy, each.other) for each in improvements})
    height = max(PANEL_HEIGHT * bool(profiles), ROW_HEIGHT * pairs + 1.4)
    figure = new_figure(PANEL_WIDTH * sum(kinds) + 0.6, height * len(preys) + 0.9)
    axes = figure.subplots(len(preys), sum(kinds), squeeze=False)
    styles = {**policy_styles(report), NATIVES: NATIVE_STYLE}
    for row, prey in zip(axes, preys, strict=True):
        if prey in profiles:
            _profiles(row[0], profiles[prey], styles, report)
            row[0].set_title(f"performance profile{condition_text(prey, arena)}", fontsize=10, loc="left")
        if improvements:
            _improvements(row[-1], [each for each in improvements if each.prey == prey], styles)
            row[-1].set_title(f"probability of improvement{condition_text(prey, arena)}", fontsize=10, loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    words = {"title": LEGEND_WORDS if profiles else LEGEND_WORDS.splitlines()[-1], "title_fontsize": 8}
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=3,
        fontsize=9,
        frameon=False,
        **words,
    )
    return figure


def _profiles(axis: Axes, found: Profiles, styles: Mapping[str, PolicyStyle], report: GeneralisationReport) -> None:
    for name, profile in found.profiles.items():
        style = styles[name]
        line = axis.plot(profile.thresholds, profile.share, style.line, color=style.colour, lw=1.3)
        line[0].set_label(numbered(report, name))
        if profile.low is not None and profile.high is not None and style.line == "-":
            axis.fill_between(profile.thresholds, profile.low, profile.high, color=style.colour, alpha=0.18, lw=0)
    axis.axvline(1, color="#B0B0B0", lw=0.8)
    axis.set(xlim=(0, max(next(iter(found.profiles.values())).thresholds)), ylim=(0, 1.02))
    axis.set_xlabel(f"score / natives, {', '.join(map(plain_label, found.compositions))}", fontsize=9)
    axis.grid(color="#E0E0E0", lw=0.7)
    bare_frame(axis)


def _improvements(axis: Axes, pairs: Sequence[Improvement], styles: Mapping[str, PolicyStyle]) -> None:
    for row, pair in enumerate(pairs):
        style = styles[pair.policy]
        if pair.probability.ci95 is not None:
            axis.plot(pair.probability.ci95, [row, row], color=style.colour, lw=1.5)
        if pair.probability.value is not None:
            axis.plot(pair.probability.value, row, style.marker, color=style.colour, markersize=5)
    axis.axvline(0.5, color="#B0B0B0", lw=0.8)
    axis.set(xlim=(-0.03, 1.03), ylim=(len(pairs) - 0.5, -0.5))
    names = [f"{plain_label(pair.policy)} over {plain_label(pair.other)}" for pair in pairs]
    axis.set_yticks(range(len(pairs)), names, fontsize=9)
    axis.set_xlabel("probability that a seed is above one of\nthe other, mean over cells", fontsize=9)
    axis.grid(axis="x", color="#E0E0E0", lw=0.7)
    bare_frame(axis)
