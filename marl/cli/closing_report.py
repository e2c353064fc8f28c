"""The comparison that closes ``make train``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from marl.core.composition import format_team
from marl.core.config import Config
from marl.core.errors import UndrawableError
from marl.core.serialisation import atomic_path
from marl.core.task import Task
from marl.evaluation.access import reference
from marl.evaluation.episodes import EpisodePlayer, play_episodes, record_episode, score_name
from marl.evaluation.evaluate import as_json, summarise
from marl.maths.intervals import Estimate
from marl.pictures.episode import draw, save
from marl.policies.saved import SavedPolicy, load_policy
from marl.system.launcher import program
from marl.tasks.environment_config import environment_config

__all__ = ["facts_of", "report_run", "table_of"]

EPISODES = 500
SEED = 30_000


def report_run(folder: Path, console: Console) -> None:
    """Evaluates a run beside the references, prints a table, draws an episode.

    Writes ``report.json`` and ``episode.gif`` into the run's folder.

    Args:
        folder: of the run.
        console: prints.
    """
    saved = load_policy(folder)
    task, config = environment_config(saved.environment, {})
    console.print(f"comparing with reference policies over {EPISODES} episodes each")
    rows = _compare(saved, task, config)
    settings = config.model_dump(mode="json")
    policies = {name: as_json(summary) for name, summary in rows.items()}
    with atomic_path(folder / "report.json") as path:
        report = {"episodes": EPISODES, "seed": SEED, "env": settings, "policies": policies}
        path.write_text(json.dumps(report, indent=1) + "\n")
    what = facts_of({"environment": settings["name"], **task.describe(config)})
    console.print(f"{what}; mean over {EPISODES} episodes and 95 % bootstrap interval", soft_wrap=True)
    console.print(table_of(rows))
    try:
        picture = str(_draw(saved.policy, task, config, folder / "episode.gif"))
    except UndrawableError as error:
        picture = f"none: {error}"
    console.print(f"saved policy       {folder / 'policy'}", soft_wrap=True)
    console.print(f"animated picture   {picture}", soft_wrap=True)
    console.print(f"table as JSON      {folder / 'report.json'}", soft_wrap=True)
    console.print(f"TensorBoard        {program('tensorboard')} --logdir {folder}", soft_wrap=True)


def _compare(saved: SavedPolicy, task: Task, config: Config) -> dict[str, dict[str, Estimate]]:
    environment = task.make(config, 1)
    noun = environment.agent_noun
    players: dict[str, tuple[EpisodePlayer, bool]] = {"trained": (saved.policy, True)}
    if saved.policy.has_messages and environment.reset(0).adjacency is not None:
        players["trained, messages off"] = (saved.policy, False)
    players |= {name: (reference(name, environment), True) for name in environment.scripted()}
    players["random"] = (reference("random", environment), True)
    rows = {}
    for name, (player, messages) in players.items():
        episodes = play_episodes(lambda copies: task.make(config, copies), player, EPISODES, SEED, messages)
        rows[name] = summarise(episodes, dict(environment.events), noun)
    environment.close()
    return rows


def _draw(player: EpisodePlayer, task: Task, config: Config, path: Path) -> Path:
    environment = task.make(config, 1)
    scenes, scores = record_episode(environment, player, SEED)
    environment.close()
    frames = draw(scenes, scores[:-1], score_name(environment), tuple(environment.roster.team))
    return save(frames, path, environment.frames_per_second)


def table_of(rows: Mapping[str, Mapping[str, Estimate]]) -> Table:
    """A table with one row a policy and one column a measure.

    Args:
        rows: summaries by name, all with the same measures.
    """
    table = Table()
    table.add_column("policy")
    measures = [name for name in next(iter(rows.values())) if name != "episode_length"]
    for measure in measures:
        table.add_column(measure.replace("_", " "), justify="right")
    for name, summary in rows.items():
        table.add_row(name, *(_cell(summary[measure]) for measure in measures))
    return table


def facts_of(described: Mapping[str, Any]) -> str:
    """What is played, in words, from what a task's ``describe`` gave."""
    texts = {name: format_team(value) if isinstance(value, dict) else value for name, value in described.items()}
    return ", ".join(f"{name.replace('_', ' ')} {text}" for name, text in texts.items())


def _cell(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "none"
    interval = "" if estimate.ci95 is None else f"\n[{estimate.ci95[0]:.2f}, {estimate.ci95[1]:.2f}]"
    extremes = "" if estimate.extremes is None else "\nmin {:.6g}, max {:.6g}".format(*estimate.extremes)
    return f"{estimate.mean:.2f}{interval}{extremes}"
