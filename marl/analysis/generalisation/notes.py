"""Notes on a report: qualifications of its numbers, in words."""

from __future__ import annotations

from collections.abc import Sequence

from marl.analysis.generalisation.arms import Arm, TrainedRun, differing
from marl.analysis.generalisation.records import TransferPlan
from marl.analysis.seed_groups import few_seeds_note
from marl.core.composition import format_team
from marl.core.wording import argument

__all__ = ["notes_of"]


def notes_of(plan: TransferPlan) -> list[str]:
    """Qualifications of the numbers of a plan, the most important first."""
    arms = [c.arm for c in plan.contestants if c.kind == "arm" and c.arm is not None]
    natives = [c.arm for c in plan.contestants if c.kind == "native" and c.arm is not None]
    notes = [
        *_missing_natives(plan),
        *_twins(arms),
        *_same_runs(arms, natives),
        *_native_settings(arms, natives, plan.sizes.settings),
        *_prey_of_natives(plan, natives),
        *_arena(plan, natives),
        *_few_seeds([*arms, *natives]),
        *_unfinished([run for arm in (*arms, *natives) for run in arm.runs]),
        *_per_agent([*arms, *natives]),
    ]
    return list(dict.fromkeys(notes))


def _missing_natives(plan: TransferPlan) -> list[str]:
    missing = list(dict.fromkeys(cell.composition for cell in plan.cells if plan.natives(cell.composition) is None))
    if not missing:
        return []
    seeds = max(len(c.arm.runs) for c in plan.contestants if c.arm is not None)
    return [
        f"No natives of {', '.join(missing)}, so no ratio there. To train them: "
        f"{plan.sizes.training_of(missing, seeds)}, then {argument('natives', 'FOLDER')}."
    ]


def _twins(arms: list[Arm]) -> list[str]:
    folders: dict[str, list[str]] = {}
    for run in (run for arm in arms for run in arm.runs):
        folders.setdefault(run.content, []).append(str(run.folder))
    return [
        f"{' and '.join(same)} are the same policy, which counts more than once."
        for same in folders.values()
        if len(same) > 1
    ]


def _same_runs(arms: list[Arm], natives: list[Arm]) -> list[str]:
    notes = []
    for arm in arms:
        for native in natives:
            same = len({run.content for run in arm.runs} & {run.content for run in native.runs})
            if same:
                notes.append(
                    f"{same} of the {len(arm.runs)} runs of {arm.name} are {native.name}s as well: there the "
                    "ratio compares runs with themselves, though its interval takes both sides as independent."
                )
    return notes


def _native_settings(arms: list[Arm], natives: list[Arm], may_differ: Sequence[str]) -> list[str]:
    unlike: dict[tuple[str, str], list[str]] = {}
    for arm in arms:
        for native in natives:
            fields = differing(arm.runs[0], native.runs[0], may_differ) if native.runs[0].trained else []
            if fields and arm.runs[0].trained:
                unlike.setdefault((arm.name, "; ".join(fields)), []).append(native.name)
    return [f"{arm} and {', '.join(of)} were not trained alike: {fields}." for (arm, fields), of in unlike.items()]


def _prey_of_natives(plan: TransferPlan, natives: list[Arm]) -> list[str]:
    notes = []
    for prey, setting in {cell.prey: cell.prey_setting for cell in plan.cells}.items():
        strange = [arm.name for arm in natives if arm.runs[0].environment.get("prey") != setting]
        if strange and prey is not None:
            notes.append(
                f"Against prey {prey} {', '.join(strange)} are natives of the composition only: trained against others."
            )
    return notes


def _arena(plan: TransferPlan, natives: list[Arm]) -> list[str]:
    if all(cell.arena != "density" for cell in plan.cells):
        return []
    base = "".join(
        f" Natives were trained in arena {arm.runs[0].environment.get('arena', 1.0):g}." for arm in natives[:1]
    )
    return [
        f"Arena density: half-width times sqrt({plan.agent_noun}s / {plan.reference_size}), so that there is as much "
        f"room for each as where the first run was trained.{base}"
    ]


def _few_seeds(arms: list[Arm]) -> list[str]:
    notes = []
    single = [arm.name for arm in arms if len(arm.runs) == 1]
    if single:
        notes.append(
            f"{', '.join(single)}: one training seed, so the interval is over episodes and says nothing about "
            "other seeds; train more for one over seeds."
        )
    numbers = [len(arm.runs) for arm in arms]
    few = few_seeds_note(numbers)
    if few is not None:
        notes.append(few)
    if any(1 < n < 4 for n in numbers):
        notes.append("Of fewer than four seeds the interquartile mean cuts none: it is their mean.")
    return notes


def _unfinished(runs: list[TrainedRun]) -> list[str]:
    notes = []
    for run in runs:
        steps = run.env_steps
        if steps is not None and steps[0] < steps[1]:
            notes.append(f"{run.folder} has trained {steps[0]:,} of its {steps[1]:,} env steps.")
    return notes


def _per_agent(arms: list[Arm]) -> list[str]:
    return [
        f"{arm.name} has parameters for each agent (sharing agent): elsewhere agent i of a class takes those of the "
        f"class's agent i mod n, n of {format_team(arm.runs[0].saved.policy.roster.team)}."
        for arm in arms
        if arm.runs[0].saved.policy.has_parameters_for_each_agent
    ]
