"""Tables of a report on transfer in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from marl.analysis.generalisation.over_cells import ALL_CELLS, NATIVES
from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.maths.intervals import Estimate

__all__ = ["transfer_markdown"]

Condition = tuple[str | None, str | None]
"""Prey and arena."""
EXPLAINED = (
    "Interquartile mean over training seeds, in brackets the 95 % bootstrap interval over seeds; \\* over episodes. "
    "Over several cells: all of them with natives."
)


def transfer_markdown(report: GeneralisationReport) -> str:
    """Scores, ratios to the natives and probabilities of improvement of each prey and arena, and the notes."""
    conditions = list(dict.fromkeys((result.place.prey, result.place.arena) for result in report.results))
    protocol = report.setting.protocol
    over = f"{protocol.episodes} episodes for each seed and cell, seed {protocol.seed}."
    parts = [f"# {_words(report.setting.score)}", f"{EXPLAINED} {over}"]
    for condition in conditions:
        told = [
            f"{name} {value}" for name, value in zip(("prey", "arena"), condition, strict=True) if value is not None
        ]
        parts += [f"## {', '.join(told).capitalize()}"] if told else []
        parts += [_scores(report, condition), *_ratios(report, condition), *_improvements(report, condition)]
    parts.append("\n".join(f"- {note}" for note in report.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def _scores(report: GeneralisationReport, condition: Condition) -> str:
    setting = report.setting
    found = {
        (result.place.policy, result.place.composition): result.measures[setting.score].estimate
        for result in report.results
        if (result.place.prey, result.place.arena) == condition
    }
    cells = list(setting.compositions)
    rows = [
        [
            policy.name,
            str(policy.seeds or "-"),
            *(_text(found.get((policy.name, cell)), setting.form) for cell in cells),
        ]
        for policy in report.policies
    ]
    return _table([_words(setting.score), "seeds", *cells], rows)


def _ratios(report: GeneralisationReport, condition: Condition) -> list[str]:
    found: dict[str, dict[str, Estimate]] = {}
    for comparison in report.comparisons:
        place = comparison.place
        if (place.prey, place.arena) == condition and place.kind != "native":
            found.setdefault(place.policy, {})[place.composition] = comparison.ratio
    for aggregate in report.aggregates:
        if (aggregate.prey, aggregate.arena, aggregate.over) == (*condition, ALL_CELLS):
            found.setdefault(aggregate.policy, {})["all"] = aggregate.normalised_score
    columns = list(dict.fromkeys([*report.setting.compositions, "all"]))
    rows = [[name, *(_text(row.get(column), ".2f") for column in columns)] for name, row in found.items()]
    return [_table(["ratio to natives", *columns], rows)] if rows else []


def _improvements(report: GeneralisationReport, condition: Condition) -> list[str]:
    found: dict[str, dict[str, Estimate]] = {}
    for each in report.improvements:
        if (each.prey, each.arena) == condition:
            found.setdefault(each.policy, {})[each.other] = each.probability
    others = dict.fromkeys(other for row in found.values() for other in row if other != NATIVES)
    columns = [*others, *([NATIVES] if any(NATIVES in row for row in found.values()) else [])]
    rows = [[name, *(_text(row.get(column), ".2f") for column in columns)] for name, row in found.items()]
    return [_table(["probability of improvement over", *columns], rows)] if rows else []


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (titles, ["---"] * len(titles), *rows))


def _text(estimate: Estimate | None, form: str) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    ends = "" if estimate.ci95 is None else f" [{', '.join(format(end, form) for end in estimate.ci95)}]"
    return f"{estimate.value:{form}}{ends}" + "\\*" * bool(ends and estimate.over == "episodes")


def _words(measure: str) -> str:
    return measure.replace("_", " ")
