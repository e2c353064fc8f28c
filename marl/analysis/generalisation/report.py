"""From episodes to a report: scores over seeds, ratios to natives, aggregates."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch
from numpy.typing import NDArray

from marl.analysis.generalisation.arms import natives_of, read_run
from marl.analysis.generalisation.files import write_files
from marl.analysis.generalisation.plan import make_plan
from marl.analysis.generalisation.plays import Play, PlayStore, play_all
from marl.analysis.generalisation.records import ArenaChoice, Contestant, Plan, Protocol, World
from marl.core.composition import format_team, parse_teams
from marl.core.errors import ConfigError
from marl.core.version import __version__
from marl.evaluation.episodes import EpisodeTable
from marl.maths.seed_statistics import normalised_score, probability_of_improvement, score
from marl.system.process_pool import usable_cores
from marl.tasks.registry import find_policy

__all__ = ["generalise", "measures_of", "report_of"]

Tables = dict[tuple[str, World], list[EpisodeTable]]


def generalise(
    runs: Sequence[str | Path],
    teams: str,
    out: str | Path,
    prey: str | None = None,
    episodes: int = 500,
    natives: str | Path | None = None,
    arena: ArenaChoice = "fixed",
    seed: int = 0,
    jobs: int | None = None,
    deterministic: bool = False,
    watch: Callable[[int, int], None] | None = None,
    tell: Callable[[Sequence[str]], None] | None = None,
) -> dict[str, Any]:
    """Plays trained teams, frozen, in other sizes and mixes, and says how well they carry over.

    Runs that differ in the training seed only are one arm. Beside them play the same without
    messages, natives (trained at one composition each), and the task's references. All policies
    of a cell begin in the same worlds. What was played is kept in ``out/plays`` and not
    played again. With more than one job a script needs ``if __name__ == "__main__":`` round the call.

    Args:
        runs: folders of trained runs, or names of policies that come with the package.
        teams: compositions, e.g. ``"1+1,2+2,8+8"`` or ``"A=1+B=1,A=3"``.
        out: folder of the report.
        prey: names with commas; as the first run was trained by default.
        episodes: of each play.
        natives: folder that is searched for natives.
        arena: ``fixed`` as trained, ``density`` as large as keeps the density of the first run, or ``both``.
        seed: of worlds and actions.
        jobs: processes; as many as there are processors by default.
        deterministic: take the likeliest actions instead of drawing them.
        watch: told after each play how many are done, and of how many.
        tell: told the notes that qualify the numbers, before anything is played.

    Returns:
        The content of ``report.json``.

    Raises:
        ConfigError: for whatever cannot be played, before anything is.
        FileError: if a run or a kept play cannot be used.
        TrainingError: if a playing process dies.
    """
    _check_numbers(episodes, seed, jobs)
    if not runs:
        raise ConfigError("nobody plays; name the folder of at least one run")
    folder = _checked_folder(Path(out))
    read = [read_run(find_policy(run)) for run in runs]
    first = read[0]
    if "team" not in first.environment:
        raise ConfigError(
            f"{first.folder} plays {first.environment['name']}, which has no team to change; "
            "evaluate plays it as it is: marl evaluate"
        )
    try:
        compositions = parse_teams(teams, list(first.team))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    arena_trained = float(first.environment.get("arena", 1.0))
    by_team, notes = natives_of(Path(natives), list(first.team), arena_trained) if natives is not None else ({}, [])
    preys = [str(first.environment.get("prey"))] if prey is None else [name.strip() for name in prey.split(",")]
    plan = make_plan(read, by_team, compositions, preys, arena, Protocol(episodes, seed, deterministic))
    plan.notes += notes
    if tell is not None:
        tell(plan.notes)
    folder.mkdir(parents=True, exist_ok=True)
    store = PlayStore(folder / "plays")
    play_all([play for plays in plan.plays.values() for play in plays], store, jobs or usable_cores(), watch)
    report = report_of(plan, store.load, Protocol(episodes, seed, deterministic))
    write_files(report, folder)
    return report


def _check_numbers(episodes: int, seed: int, jobs: int | None) -> None:
    for name, value, least in (("episodes", episodes, 1), ("seed", seed, 0), ("jobs", 1 if jobs is None else jobs, 1)):
        if value < least:
            raise ConfigError(f"{name} is {value}; give at least {least}")


def _checked_folder(folder: Path) -> Path:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"out {folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "plays").is_dir():
        raise ConfigError(f"out {folder} holds something else than a report; name another folder")
    return folder


def report_of(plan: Plan, load: Callable[[Play], EpisodeTable], protocol: Protocol) -> dict[str, Any]:
    """Everything that was measured, for JSON.

    Args:
        plan: what was played.
        load: what each play brought.
        protocol: how it was played.

    Returns:
        ``protocol``, ``policies``, ``results`` (one a policy and world), ``comparisons`` (one a
        policy and world with natives), ``aggregates`` (one a policy, prey and arena), ``notes``.
    """
    tables = {place: [load(play) for play in plays] for place, plays in plan.plays.items()}
    learnt = [c for c in plan.contestants if c.kind in ("arm", "messages off")]
    groups = list(dict.fromkeys((world.prey, world.arena) for world in plan.worlds))
    return {
        "protocol": _protocol(plan, protocol),
        "policies": [_describe(plan, contestant) for contestant in plan.contestants],
        "results": [_result(plan, c, w, tables) for w in plan.worlds for c in plan.contestants],
        "comparisons": _comparisons(plan, tables),
        "aggregates": [a for c in learnt for group in groups for a in _aggregates(plan, c, group, tables)],
        "notes": plan.notes,
    }


def measures_of(plan: Plan, table: EpisodeTable, agents: int) -> dict[str, NDArray[np.float64]]:
    """What is told of each episode; the first measure is the score.

    Returns:
        By name ``[E]``; the step of the first event only where there was one.
    """
    measures: dict[str, NDArray[np.float64]] = {}
    for name, event in plan.events.items():
        counts, first = table.events[name], table.first[name]
        measures[f"{name}_per_episode"] = counts
        measures[f"{name}_per_{plan.agent_noun}"] = counts / agents
        measures[f"share_with_{event}"] = (counts > 0).astype(np.float64)
        measures[f"first_{event}_step"] = first[~np.isnan(first)]
    return measures or {f"return_per_{plan.agent_noun}": table.agent_return}


def _scores(plan: Plan, tables: Tables, contestant: Contestant, world: World) -> NDArray[np.float64]:
    """``[S, E]``."""
    seeds = [measures_of(plan, table, world.agents) for table in tables[contestant.name, world]]
    return np.stack([next(iter(measures.values())) for measures in seeds])


def _protocol(plan: Plan, protocol: Protocol) -> dict[str, Any]:
    cells = {world.cell: dict(world.team) for world in plan.worlds}
    arenas = {f"{w.arena} {w.cell}": w.arena_size for w in plan.worlds}
    packages = {"torch": torch.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
    return {
        "episodes": protocol.episodes,
        "seed": protocol.seed,
        "deterministic": protocol.deterministic,
        **plan.described,
        "score": next(iter(_measure_names(plan))),
        "measures": _measure_names(plan),
        "agent_noun": plan.agent_noun,
        "cells": cells,
        "prey": {world.prey: world.prey_setting for world in plan.worlds},
        "arena_size": arenas,
        "cells_mixed_as_trained": plan.mixed_as_trained,
        "reference_size_of_density": plan.reference_size,
        "statistics": "interquartile mean over training seeds of the means over episodes; 95 % percentile bootstrap "
        "over seeds, or over episodes where there is one seed (bias-corrected for a mean); over several cells the "
        "frozen seeds are drawn jointly for all cells, since the same runs play in each, natives cell by cell",
        "versions": {"marl": __version__, "python": platform.python_version(), **packages},
    }


def _measure_names(plan: Plan) -> list[str]:
    nothing = np.zeros(0)
    empty = EpisodeTable(nothing, nothing, dict.fromkeys(plan.events, nothing), dict.fromkeys(plan.events, nothing))
    return list(measures_of(plan, empty, 1))


def _describe(plan: Plan, contestant: Contestant) -> dict[str, Any]:
    described: dict[str, Any] = {"name": contestant.name, "kind": contestant.kind}
    if contestant.arm is not None:
        described |= {
            "trained_team": contestant.arm.team,
            "training_teams": contestant.arm.runs[0].environment.get("training_teams"),
            "cells_seen_in_training": list(dict.fromkeys(w.cell for w in plan.worlds if _seen(contestant, w))),
            "runs": [run.describe() for run in contestant.arm.runs],
        }
    return described


def _where(contestant: Contestant, world: World) -> dict[str, Any]:
    return {
        "policy": contestant.name,
        "kind": contestant.kind,
        "prey": world.prey,
        "arena": world.arena,
        "arena_size": world.arena_size,
        "cell": world.cell,
        "agents": world.agents,
    }


def _result(plan: Plan, contestant: Contestant, world: World, tables: Tables) -> dict[str, Any]:
    seeds = [measures_of(plan, table, world.agents) for table in tables[contestant.name, world]]
    measures = {}
    for name in seeds[0]:
        episodes = [measures[name] for measures in seeds]
        means = [float(values.mean()) if values.size else None for values in episodes]
        estimate = score(episodes).as_dict()
        if contestant.arm is None:
            estimate.pop("seeds")  # a reference has none
        measures[name] = {**estimate, "mean": _mean(means), "per_seed": means}
    return {**_where(contestant, world), "team": format_team(dict(world.team)), "measures": measures}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _comparisons(plan: Plan, tables: Tables) -> list[dict[str, Any]]:
    compared = []
    for world in plan.worlds:
        native = plan.natives(world.cell)
        for contestant in plan.contestants:
            if native is None or contestant is native:
                continue
            frozen, trained = (_scores(plan, tables, c, world) for c in (contestant, native))
            entry = {**_where(contestant, world), "native": native.name, "seen_in_training": _seen(contestant, world)}
            entry["ratio"] = normalised_score([frozen], [trained]).as_dict()
            if contestant.arm is not None:
                better = probability_of_improvement(frozen.mean(-1), trained.mean(-1))
                entry["probability_of_improvement"] = better.as_dict()
            compared.append(entry)
    return compared


def _seen(contestant: Contestant, world: World) -> bool:
    """Whether the policy was trained at this composition."""
    return contestant.arm is not None and contestant.arm.runs[0].trained_at(dict(world.team))


def _aggregates(plan: Plan, contestant: Contestant, group: tuple[str, str], tables: Tables) -> list[dict[str, Any]]:
    """The normalised score over all cells that have natives, and over those of them not seen in training."""
    worlds = [w for w in plan.worlds if (w.prey, w.arena) == group and plan.natives(w.cell) is not None]
    unseen = [world for world in worlds if not _seen(contestant, world)]
    found = []
    for name, chosen in (("all cells with natives", worlds), ("those not trained at", unseen)):
        if not chosen:
            continue
        natives = [native for world in chosen if (native := plan.natives(world.cell)) is not None]
        frozen = [_scores(plan, tables, contestant, world) for world in chosen]
        trained = [_scores(plan, tables, native, world) for native, world in zip(natives, chosen, strict=True)]
        value = normalised_score(frozen, trained).as_dict()
        place = {"policy": contestant.name, "prey": group[0], "arena": group[1], "over": name}
        found.append({**place, "cells": [world.cell for world in chosen], "normalised_score": value})
    return found
