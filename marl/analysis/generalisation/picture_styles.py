"""Line, marker and name of each policy, and the words of conditions, alike in all pictures of a report on transfer."""

from __future__ import annotations

from dataclasses import dataclass

from marl.analysis.generalisation.transfer_report import GeneralisationReport
from marl.pictures.style import CLASS_COLOURS, plain_label

__all__ = ["PolicyStyle", "condition_text", "numbered", "policy_styles"]

REFERENCE_STYLES = (("#505050", "x", ":"), ("#8C8C8C", "+", "-."))
MARKERS, WITHOUT_MESSAGES = "osD^P", "v"


@dataclass(frozen=True)
class PolicyStyle:
    """Line and marker of one policy."""

    colour: str
    marker: str
    line: str


def policy_styles(report: GeneralisationReport) -> dict[str, PolicyStyle]:
    """Line and marker of each policy but the natives, by name; an arm without messages is dashed."""
    styles: dict[str, PolicyStyle] = {}
    arms = references = 0
    for policy in report.policies:
        if policy.kind == "arm":
            styles[policy.name] = PolicyStyle(
                CLASS_COLOURS[arms % len(CLASS_COLOURS)], MARKERS[arms % len(MARKERS)], "-"
            )
            arms += 1
        elif policy.kind == "messages off":
            arm = styles[policy.name.removesuffix(", messages off")]
            styles[policy.name] = PolicyStyle(arm.colour, WITHOUT_MESSAGES, "--")
        elif policy.kind == "reference":
            styles[policy.name] = PolicyStyle(*REFERENCE_STYLES[references % len(REFERENCE_STYLES)])
            references += 1
    return styles


def numbered(report: GeneralisationReport, policy: str) -> str:
    """Name of a policy with its number of training seeds."""
    seeds = next((p.seeds for p in report.policies if p.name == policy), 0)
    return plain_label(f"{policy} (n = {seeds})" if seeds else policy)


def condition_text(prey: str | None, arena: str | None, before: str = " ") -> str:
    """Prey and arena of a panel as the end of its title; nothing where there is no prey."""
    if prey is None:
        return ""
    return f",{before}prey {plain_label(prey)}{'' if arena == 'fixed' else f', arena by {arena}'}"
