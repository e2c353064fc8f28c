"""Comparison with references at the end of a training, as ``make train`` prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from marl.analysis.render import record
from marl.cli.progress_bars import Counting
from marl.cli.tables import described_text, measures_table
from marl.core.config import Config
from marl.core.errors import UndrawableError
from marl.core.files import save_json
from marl.core.task import Task
from marl.evaluation.access import reference
from marl.evaluation.cast import groups_of
from marl.evaluation.episodes import EpisodePlayer, play_episodes
from marl.evaluation.evaluate import group_measures, outcomes, summarise, summary_as_json
from marl.maths.intervals import Estimate
from marl.policies.saved import SavedPolicy, load_policy
from marl.system.launcher import command_line
from marl.tasks.environment_config import environment_config

__all__ = ["ClosingReport", "report_run"]

EPISODES = 500
SEED = 30_000


@dataclass(frozen=True)
class ClosingReport:
    """Measures of a run beside those of the reference policies.

    Args:
        env: settings of the environment.
        policies: measures of each policy, by its name.
    """

    env: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Estimate]]

    def as_json(self) -> dict[str, Any]:
        """Episodes and seed, the environment, and each measure with ``mean`` and ``ci95``."""
        policies = {name: summary_as_json(measures) for name, measures in self.policies.items()}
        return {"episodes": EPISODES, "seed": SEED, "env": self.env, "policies": policies}


def report_run(folder: Path, console: Console) -> None:
    """Evaluate a run beside the references, print a table, and draw an episode.

    Writes ``report.json`` and ``episode.gif`` into the run's folder.

    Args:
        folder: of the run.
        console: prints.
    """
    saved = load_policy(folder)
    task, config = environment_config(saved.environment, {})
    console.print(f"comparing with reference policies over {EPISODES} episodes each")
    report = ClosingReport(config.model_dump(mode="json"), _compare(saved, task, config, console))
    save_json(folder / "report.json", report.as_json(), allow_nan=True)  # settings of a task may be infinite
    described = described_text({"environment": report.env["name"], **task.describe(config)})
    console.print(f"{described}; mean over {EPISODES} episodes and 95 % bootstrap interval", soft_wrap=True)
    console.print(measures_table(report.policies))
    try:
        picture = str(_draw(saved.policy, task, config, folder / "episode.gif", console))
    except UndrawableError as error:
        picture = f"none: {error}"
    console.print(f"saved policy       {folder / 'policy'}", soft_wrap=True)
    console.print(f"animated picture   {picture}", soft_wrap=True)
    console.print(f"table as JSON      {folder / 'report.json'}", soft_wrap=True)
    console.print(f"TensorBoard        {command_line('tensorboard', '--logdir', folder)}", soft_wrap=True)


def _compare(saved: SavedPolicy, task: Task, config: Config, console: Console) -> dict[str, dict[str, Estimate]]:
    environment = task.make(config, 1)
    noun = environment.agent_noun
    saved.policy.meet(environment.scripted())
    players: dict[str, tuple[EpisodePlayer, bool]] = {"trained": (saved.policy, True)}
    if saved.policy.has_messages and environment.reset(0).adjacency is not None:
        players["trained, messages off"] = (saved.policy, False)
    players |= {name: (reference(name, environment), True) for name in environment.scripted()}
    players["random"] = (reference("random", environment), True)
    rows, groups = {}, groups_of(saved.policy, config, environment)
    with Counting(console, "episodes") as show:
        for number, (name, (player, messages)) in enumerate(players.items()):
            watch = partial(_watched, show, number * EPISODES, len(players) * EPISODES)
            episodes = play_episodes(
                partial(task.make, config), player, EPISODES, SEED, messages, watch=watch, groups=groups
            )
            rows[name] = summarise(episodes, dict(environment.events), noun)
            shared = all((each == episodes.agent_return).all() for each in episodes.class_returns.values())
            rows[name] |= outcomes(episodes) if shared else group_measures(episodes, noun)
    environment.close()
    return rows


def _watched(show: Callable[[int, int, int], None], before: int, total: int, ended: int, env_steps: int) -> bool:
    show(before + ended, total, env_steps)
    return True


def _draw(player: EpisodePlayer, task: Task, config: Config, path: Path, console: Console) -> Path:
    episode = record(task.make(config, 1), player, path.parent, SEED)
    with Counting(console, "frames") as show:
        return episode.save(path, show).path
