"""The comparison that closes ``make train``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from marl.api import environment_config, reference
from marl.checkpoint import load_policy
from marl.evaluation import Player, as_json, play, record_episode, summarise
from marl.rendering import draw, save
from marl.serialisation import atomic_path
from marl.statistics import Estimate

__all__ = ["report_run", "table_of"]

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
    environment = task.make(config, 1)
    players: dict[str, tuple[Player, bool]] = {f"trained {task.agent_noun}s": (saved.policy, True)}
    if saved.policy.graph is not None and environment.reset(0).adjacency is not None:
        players["the same, messages off"] = (saved.policy, False)
    players |= {f"{name} {task.agent_noun}s": (reference(name, task, config), True) for name in environment.scripted()}
    players[f"random {task.agent_noun}s"] = (reference("random", task, config), True)
    rows = {}
    for name, (player, messages) in players.items():
        episodes = play(lambda copies: task.make(config, copies), player, EPISODES, SEED, messages)
        rows[name] = summarise(episodes, dict(environment.events), task.agent_noun)
    settings = config.model_dump(mode="json")
    with atomic_path(folder / "report.json") as path:
        rows_json = {name: as_json(summary) for name, summary in rows.items()}
        path.write_text(
            json.dumps({"episodes": EPISODES, "seed": SEED, "env": settings, "policies": rows_json}, indent=1)
        )
    console.print(table_of(rows, _title(settings)))
    scenes, scores = record_episode(environment, saved.policy, SEED)
    picture = save(draw(scenes, scores), folder / "episode.gif")
    console.print(f"saved policy       {folder / 'policy'}")
    console.print(f"animated picture   {picture}")
    console.print(f"table as JSON      {folder / 'report.json'}")
    console.print(f"TensorBoard        tensorboard --logdir {folder}", soft_wrap=True)


def table_of(rows: dict[str, dict[str, Estimate]], title: str) -> Table:
    """A table with one row a policy and one column a measure.

    Args:
        rows: summaries by name, all with the same measures.
        title: says what was played.
    """
    table = Table(title=title, title_justify="left")
    table.add_column("policy")
    measures = [name for name in next(iter(rows.values())) if name != "episode_length"]
    for measure in measures:
        table.add_column(measure.replace("_", " "), justify="right")
    for name, summary in rows.items():
        table.add_row(name, *(_cell(summary[measure]) for measure in measures))
    return table


def _cell(estimate: Estimate) -> str:
    if estimate.mean is None:
        return "none"
    interval = "" if estimate.ci95 is None else f"\n[{estimate.ci95[0]:.2f}, {estimate.ci95[1]:.2f}]"
    return f"{estimate.mean:.2f}{interval}"


def _title(settings: dict[str, Any]) -> str:
    named = {name: settings[name] for name in ("prey", "max_cycles", "backend") if name in settings}
    team = ", ".join(f"{count} {name}" for name, count in settings.get("team", {}).items())
    facts = [f"team {team}"] if team else []
    facts += [f"{name.replace('_', ' ')} {value}" for name, value in named.items()]
    return (
        f"{settings['name']}: {', '.join(facts)}; mean over {EPISODES} episodes and 95 % bootstrap interval over them"
    )
