"""Facts about an environment that a few random episodes show, and what would make a training fail silently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from marl.core.config import Config
from marl.core.environment import TaskEnvironment
from marl.core.errors import PictureError, UndrawableError
from marl.core.records import Observation, Step
from marl.core.roster import Roster, class_of_image
from marl.core.task import AgentSpaces, Task
from marl.tasks.environment_config import find_spaces, make_environment
from marl.tasks.observed_masks import MASK
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.random_actions import random_actions

__all__ = ["Check", "check_environment", "constant_classes"]

REPEATED = 50
"""Steps of an episode that are played once more with the same seed."""


@dataclass
class Check:
    """Facts about an environment, and warnings.

    Args:
        classes: for each class its agents, and what one of them observes and does.
        moves: ``"all at once"`` or ``"in turns"``.
        masks: place of masks of legal actions, e.g. ``infos[agent]["action_mask"]``; None without.
        lengths: steps of each episode.
        ends: for each episode ``"terminated"``, ``"truncated"``, both, or ``"cut here"``.
        left: for each episode the steps at which agents left before its end, e.g. ``{"x": 12}``.
        joined: the same for those who came after the reset.
        shared_reward: True if all agents that were alive always got the same.
        returns: mean return of each class over the episodes.
        repeats: True if a seed gives two environments the same episode.
        seeds_differ: True if another seed gives another.
        state: shape of PettingZoo's ``state()``, or why there is none; None where there is no such thing.
        pictures: size of the pictures, or why there are none.
        warnings: what would be learnt from in vain.
    """

    classes: dict[str, dict[str, Any]]
    moves: str = "all at once"
    masks: str | None = None
    lengths: list[int] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    left: list[dict[str, int]] = field(default_factory=list)
    joined: list[dict[str, int]] = field(default_factory=list)
    shared_reward: bool = True
    returns: dict[str, float] = field(default_factory=dict)
    repeats: bool = True
    seeds_differ: bool = True
    state: str | None = None
    pictures: str = ""
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All fields by name."""
        return asdict(self)


def check_environment(task: Task, config: Config, episodes: int = 3, seed: int = 0, max_steps: int = 1_000) -> Check:
    """Play a few episodes with random legal actions.

    Args:
        task: kind of environment.
        config: its settings.
        episodes: number of episodes.
        seed: of the episodes and the actions.
        max_steps: steps after which an episode is cut here.

    Raises:
        ConfigError: if it cannot be made.
        EnvironmentFailedError: if it fails.
    """
    spaces = find_spaces(config.model_dump())
    environment, other = make_environment(task, config, 1), make_environment(task, config, 1)
    try:
        names, classes = _classes(spaces, environment.roster)
        first = _played(environment, seed, REPEATED)
        state, masked = _reset(config)
        check = Check(classes, masks=_masks(spaces, masked), state=state)
        check.repeats = _equal(first, _played(other, seed, REPEATED))
        clean = _equal(first, _played(environment, seed, REPEATED))
        check.seeds_differ = not _equal(first, _played(other, seed + 1, REPEATED))
        _play(environment, check, names, episodes, seed, max_steps)
        check.pictures = _pictures(environment)
    finally:
        environment.close()
        other.close()
    if not check.repeats:
        check.warnings.append("reset(seed) has no effect: the same seed and actions give another episode")
    elif not clean:
        check.warnings.append(
            "a reset leaves something of the episode before: after it the same seed and actions give another episode, "
            "so that trainings repeat, and single episodes do not"
        )
    if state is not None and state.startswith("fails"):
        check.warnings.append(f"state() {state}")
    return check


def constant_classes(seen: Iterable[tuple[Observation, Tensor]], roster: Roster, least: int = 2) -> list[str]:
    """Classes of which no agent saw anything else at any of its steps.

    Args:
        seen: observations, each with the agents that count, ``[..., N]``; the leading axes are alike.
        roster: the agents.
        least: number of observations of a class from which on it is judged.
    """
    first: dict[tuple[str, str], Tensor] = {}
    number, varied = dict.fromkeys(roster.slices, 0), set()
    for observation, counts in seen:
        for kind, agents in roster.slices.items():
            there = counts[..., agents]
            number[kind] += int(there.sum())
            if kind in varied or not bool(there.any()):
                continue
            images = {name: x for name, x in (observation.images or {}).items() if class_of_image(name) == kind}
            for name, part in {"": observation.features[kind], **images}.items():
                rows = part[there]
                if not bool((rows == first.setdefault((kind, name), rows[0].clone())).all()):
                    varied.add(kind)
    return [kind for kind, rows in number.items() if rows >= least and kind not in varied]


def _classes(
    spaces: AgentSpaces | Mapping[str, AgentSpaces], roster: Roster
) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Names of the agents in the order of the agent axis, and each class in words."""
    by_agent = {"agent": spaces} if isinstance(spaces, AgentSpaces) else spaces
    names, classes = [], {}
    for each in roster.present:
        members = [agent for agent, its in by_agent.items() if its.agent_class == each.name]
        names += members
        first = by_agent[members[0]]
        classes[each.name] = {
            "agents": list(map(str, members)),
            "observes": str(first.observation),
            "features": each.feature_size,
            "acts": str(first.action),
        } | ({"images": [list(image.shape) for image in each.images]} if each.images else {})
    return list(map(str, names)), classes


def _played(environment: TaskEnvironment, seed: int, steps: int) -> list[Tensor]:
    """All that is seen and received in the first steps from a seed, with the same random actions."""
    generator, observation = torch.Generator().manual_seed(0), environment.reset(seed)
    told = _seen(observation)
    for _ in range(steps):
        step = environment.step(random_actions(observation, environment.roster, generator))
        told += [*_seen(step.next_observation), step.reward]
        observation = step.observation
        if bool(step.ended[0]):
            break
    return told


def _seen(observation: Observation) -> list[Tensor]:
    return [*observation.features.values(), *(observation.images or {}).values()]


def _equal(one: list[Tensor], two: list[Tensor]) -> bool:
    return len(one) == len(two) and all(a.equal(b) for a, b in zip(one, two, strict=True))


def _play(
    environment: TaskEnvironment, check: Check, names: list[str], episodes: int, seed: int, max_steps: int
) -> None:
    """Play the episodes, and write down what happens."""
    roster, generator = environment.roster, torch.Generator().manual_seed(seed)
    observation = environment.reset(seed)
    check.moves = "all at once" if observation.acting is None else "in turns"
    total, seen = torch.zeros(roster.size, dtype=torch.float64), []
    for _ in range(episodes):
        left: dict[str, int] = {}
        joined: dict[str, int] = {}
        for number in range(1, max_steps + 1):
            seen.append((observation, observation.to_move))
            alive = observation.alive[0]
            step = environment.step(random_actions(observation, roster, generator))
            total += step.reward[0]
            check.shared_reward &= bool((step.reward[0, alive] == step.reward[0, alive][0]).all())
            over = bool(step.ended[0])
            now = step.observation.alive[0]
            if not over:
                left |= {names[n]: number for n in (alive & ~now).nonzero()[:, 0].tolist()}
                joined |= {names[n]: number for n in (now & ~alive).nonzero()[:, 0].tolist()}
            observation = step.observation
            if over:
                break
        check.lengths.append(number)
        check.ends.append(_end(step, alive) if over else "cut here")
        check.left.append(left)
        check.joined.append(joined)
        if not over:
            observation = environment.reset(seed + 1 + len(check.ends))
    for kind, agents in roster.slices.items():
        check.returns[kind] = float(total[agents].mean()) / episodes
    for kind in constant_classes(seen, roster):
        more = "; play more than one episode to be sure" if episodes == 1 else ""
        check.warnings.append(
            f"class {kind} saw the same at each of its steps: there is nothing to learn from what it observes{more}"
        )


def _end(step: Step, alive: Tensor) -> str:
    kinds = {"terminated": step.terminated[0, alive], "truncated": step.truncated[0, alive]}
    return " and ".join(kind for kind, flags in kinds.items() if bool(flags.any()))


def _pictures(environment: TaskEnvironment) -> str:
    try:
        found = environment.scene()
    except (UndrawableError, PictureError) as error:
        return str(error)
    shape = getattr(found, "shape", None)
    return "a scene" if shape is None else f"{shape[1]} x {shape[0]} pixels"


def _masks(spaces: AgentSpaces | Mapping[str, AgentSpaces], in_infos: bool) -> str | None:
    if isinstance(spaces, AgentSpaces):
        return f'observation["{MASK}"]' if MASK in spaces.fields else f'info["{MASK}"]' if spaces.masked else None
    places = {"observation": any(MASK in each.fields for each in spaces.values()), "infos[agent]": in_infos}
    return " and ".join(f'{place}["{MASK}"]' for place, there in places.items() if there) or None


def _reset(config: Config) -> tuple[str | None, bool]:
    """Shape of PettingZoo's ``state()``, or why there is none; and True if there are masks in the infos of a reset."""
    if not isinstance(config, PettingZooConfig):
        return None, False
    from marl.tasks.pettingzoo.drivers import driver_of
    from marl.tasks.pettingzoo.making import make_one
    from marl.tasks.pettingzoo.state import given_state

    env = make_one(config)  # not closed: that ends pygame, with which others draw
    infos = driver_of(env).reset(seed=0).infos
    try:
        state = given_state(env)
    except Exception as error:  # it is asked for, not needed
        told = f"fails: {type(error).__name__}{str(error) and f': {error}'}"
    else:
        told = "none" if state is None else type(state).__name__
        told = f"shape {list(state.shape)}" if hasattr(state, "shape") else told
    return told, any(MASK in (info or {}) for info in infos.values())
