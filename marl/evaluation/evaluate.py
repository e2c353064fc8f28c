"""Evaluation of a policy over whole episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from marl.core.environment import TaskEnvironment
from marl.core.errors import ConfigError
from marl.core.limits import MOST_GAMES, SEED_BELOW, check_between, check_switches
from marl.core.result import Result
from marl.core.trust import trusting
from marl.evaluation.access import check_fit, reference
from marl.evaluation.cast import cast, groups_of, opponents_of
from marl.evaluation.episodes import MAX_STEPS, MOST_NUMBERED, EpisodePlayer, EpisodeTable, play_episodes
from marl.evaluation.window import in_window
from marl.maths.intervals import Estimate, bootstrap_mean
from marl.policies.policy import Policy
from marl.policies.saved import load_policy
from marl.tasks.compatibility import check_settings
from marl.tasks.environment_config import make_environment
from marl.tasks.registry import find_policy

__all__ = [
    "Evaluation",
    "class_returns",
    "evaluate",
    "evaluate_episodes",
    "group_measures",
    "outcomes",
    "summarise",
    "summary_as_json",
]


@dataclass(frozen=True)
class Evaluation:
    """Whole episodes of one policy, and their measures.

    Args:
        described: settings of the environment, as its task describes them.
        episodes: number of episodes.
        messages: True if agents heard each other.
        deterministic: True if the most probable actions were taken.
        seed: of worlds and actions.
        measures: estimates over the episodes, by name; see `summarise`.
        cut: number of episodes that were cut.
        episode_seeds: seed of each episode; none where copies share one.
        choice: how actions were chosen, in words; empty for a reference, which has a rule of its own.
        play: players of sides, classes or agents that others played.
    """

    described: Mapping[str, Any]
    episodes: int
    messages: bool
    deterministic: bool
    seed: int
    measures: Mapping[str, Estimate]
    cut: int = 0
    episode_seeds: tuple[int, ...] = ()
    choice: str = ""
    play: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Settings, then each measure with ``mean`` and ``ci95``."""
        return {
            **self.described,
            "episodes": self.episodes,
            "episodes_cut": self.cut,
            "messages": self.messages,
            "deterministic": self.deterministic,
            "seed": self.seed,
            **({"play": dict(self.play)} if self.play else {}),
            **({"episode_seeds": list(self.episode_seeds)} if self.episode_seeds else {}),
            **summary_as_json(self.measures),
        }


def evaluate(
    run: str | Path | EpisodePlayer | None = None,
    episodes: int = 500,
    seed: int = 0,
    messages: bool = True,
    deterministic: bool = False,
    policy: str | None = None,
    settings: Mapping[str, Any] | None = None,
    trust: str | Iterable[str] = (),
    max_steps: int = MAX_STEPS,
    play: Mapping[str, str] | None = None,
    render: Literal["human"] | None = None,
    **overrides: Any,
) -> Result:
    """Play whole episodes and measure them.

    Args:
        run: as for `load`, or any policy (then ``settings`` names the environment).
        episodes: number of episodes.
        seed: of worlds and actions.
        messages: False switches them off.
        deterministic: take the most probable actions instead of drawing them.
        policy: reference to play instead of the run's policy, e.g. ``"random"`` or ``"chase"``.
        settings: of the environment, as a preset's ``env``; those of the run by default.
        trust: modules that may be imported where the run names them; those imported already may.
        max_steps: steps after which an episode is cut; it counts with what it had brought.
        play: others that play some of the agents, by the name of a side, a class or an agent: ``"random"``, a rule of
            the environment, ``"MODULE:FUNCTION"``, or the folder of a run, e.g. ``{"prey": "runs/x"}``.
        render: ``"human"`` opens the environment's window, for Gymnasium's and PettingZoo's that have one.
        overrides: fields of the environment's settings, e.g. ``team="A=3,B=1", prey="flee"``.

    Returns:
        The settings, and for each measure a dict with ``mean`` and ``ci95``, a bootstrap
        interval over the episodes; for the return also ``minimum`` and ``maximum``. Where several classes play, each
        has its return, too: ``return_per_<class>``, and so has a side. Where two play whose returns are opposite in
        every episode, there is the share that each won.

    Raises:
        ConfigError: if a setting cannot be used, or a policy comes without settings.
        FileError: if the run cannot be used.
        UntrustedError: if the run names a module that is not trusted.
    """
    with trusting(trust, typed=None if settings is None else settings.get("name")):
        options = (messages, deterministic, policy, settings, overrides, max_steps)
        return Result(evaluate_episodes(run, episodes, seed, *options, play=play, render=render).as_json())


def evaluate_episodes(
    run: str | Path | EpisodePlayer | None,
    episodes: int,
    seed: int,
    messages: bool = True,
    deterministic: bool = False,
    policy: str | None = None,
    settings: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    max_steps: int = MAX_STEPS,
    watch: Callable[[int, int], bool] | None = None,
    play: Mapping[str, str] | None = None,
    sides: Mapping[str, Sequence[str]] | None = None,
    render: Literal["human"] | None = None,
) -> Evaluation:
    """Play whole episodes and return their measures as a record; see `evaluate` and `play_episodes`.

    ``sides`` has the classes of each side; None for those that the policy or the settings name.

    Raises:
        ConfigError: if a setting cannot be used, or a policy comes without settings.
        FileError: if the run cannot be used.
    """
    check_between("episodes", episodes, 1, MOST_GAMES)
    check_between("max_steps", max_steps, 1)
    check_between("seed", seed, 0, SEED_BELOW - 1)
    check_switches(messages=messages, deterministic=deterministic)
    saved = load_policy(find_policy(run)) if isinstance(run, str | Path) else None
    settings = saved.environment if settings is None and saved is not None else settings
    if settings is None:
        raise ConfigError("a policy without a run needs settings of the environment, e.g. {'name': 'simple_tag'}")
    task, config, play = opponents_of(settings, overrides or {}, play or {})
    given = saved.policy if saved is not None else run
    device = given.device if isinstance(given, Policy) else torch.device("cpu")
    probe = make_environment(task, config, 1, device=device)
    player = main = _player(given, policy, probe)
    if saved is not None and player is saved.policy:
        check_settings(saved.environment, task, config)
    groups = groups_of(player, config, probe, sides)
    if play:
        player, groups = cast(play, player, task, config, probe, sides)
    probe.close()
    make_copies = partial(task.make, config if render is None else in_window(config), device=device)
    options = (messages, deterministic, max_steps, watch, MOST_NUMBERED if render is None else 1, groups)
    table = play_episodes(make_copies, player, episodes, seed, *options)
    summary = summarise(table, dict(probe.events), probe.agent_noun) | group_measures(table, probe.agent_noun)
    settled = (episodes, messages, deterministic, seed, summary, table.cut, table.seeds)
    return Evaluation(task.describe(config), *settled, _choice(main, deterministic), play)


def _player(given: Any, policy: str | None, environment: TaskEnvironment) -> EpisodePlayer:
    if policy is not None:
        return reference(policy, environment)
    if given is None:
        raise ConfigError("nobody plays; give a run, a policy, or the name of a reference (policy='random')")
    if isinstance(given, Policy):
        check_fit(given, environment)
    return given


def _choice(player: EpisodePlayer, deterministic: bool) -> str:
    if not isinstance(player, Policy):
        return ""
    return "best actions" if player.is_greedy else "likeliest actions" if deterministic else "actions drawn"


def summarise(table: EpisodeTable, events: dict[str, str], agent_noun: str) -> dict[str, Estimate]:
    """Means over the episodes, with intervals over the episodes.

    ``first_<event>_step`` is over the episodes with that event; the return has also its lowest and highest value.

    Args:
        table: measurements of the episodes.
        events: kinds of events and the word for one, as `Environment.events`.
        agent_noun: word for one agent.
    """
    summary: dict[str, Estimate] = {}
    for name, event in events.items():
        counts, first = table.events[name], table.first[name]
        summary[f"{name}_per_episode"] = bootstrap_mean(counts)
        summary[f"share_with_{event}"] = bootstrap_mean((counts > 0).astype(float))
        summary[f"first_{event}_step"] = bootstrap_mean(first[~np.isnan(first)])
    returns = table.agent_return
    extremes = (float(returns.min()), float(returns.max()))
    summary[f"return_per_{agent_noun}"] = replace(bootstrap_mean(returns), extremes=extremes)
    summary["episode_length"] = bootstrap_mean(table.length)
    return summary


def class_returns(table: EpisodeTable) -> dict[str, Estimate]:
    """Return of an episode, mean over the agents of a class that took part, for each of several classes."""
    returns = table.class_returns if len(table.class_returns) > 1 else {}
    return {name: bootstrap_mean(each[~np.isnan(each)]) for name, each in returns.items()}


def group_measures(table: EpisodeTable, agent_noun: str) -> dict[str, Estimate]:
    """Return of each of several classes or sides, by the name that a result has it under, and who won."""
    returns = {_name(kind, agent_noun): estimate for kind, estimate in class_returns(table).items()}
    return returns | outcomes(table)


def outcomes(table: EpisodeTable) -> dict[str, Estimate]:
    """Share of episodes that each of two won, and that were drawn; none unless their returns are always opposite."""
    if len(table.rival_returns) != 2:
        return {}
    (one, first), (other, second) = table.rival_returns.items()
    if not first.any() or not np.allclose(first, -second, atol=1e-6):
        return {}
    won = {f"share_won_{one}": first > 0, "share_drawn": first == 0, f"share_won_{other}": second > 0}
    return {name: bootstrap_mean(each.astype(float)) for name, each in won.items()}


def _name(agent_class: str, agent_noun: str) -> str:
    """Name of a class's return; that over all agents has the plain name if a class is called like them."""
    return f"return_per_{'class_' * (agent_class == agent_noun)}{agent_class}"


def summary_as_json(summary: Mapping[str, Estimate]) -> dict[str, Any]:
    """Each measure with ``mean`` and ``ci95``."""
    return {name: estimate.mean_as_json() for name, estimate in summary.items()}
