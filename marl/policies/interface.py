"""A policy in a loop of one's own: observations and actions as Gymnasium and PettingZoo have them.

Axes as in `marl.core.records`; a loop steps one world of ``N`` agents, or ``B`` copies of one agent.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, iterate
from numpy.typing import NDArray

from marl.core.errors import Note
from marl.core.nearest import did_you_mean
from marl.core.records import Memory, Observation
from marl.core.roster import AgentClass, Roster
from marl.core.task import AgentSpaces
from marl.core.trust import trusting
from marl.tasks.compatibility import check_class
from marl.tasks.environment_config import find_spaces
from marl.tasks.spaces import ActionSpace, ObservationSpace

if TYPE_CHECKING:
    from marl.policies.policy import Policy

__all__ = ["Interface", "Seat"]

UNMASKED = "trained with masks, and predict is given none: actions may be illegal; give action_mask=info['action_mask']"


class Seat:
    """One agent's observations as features, and a policy's actions as its own.

    Args:
        who: agent or environment, for errors.
        given: its spaces.
        roster: that of the policy.

    Raises:
        ConfigError: see `check_class`.
    """

    def __init__(self, who: str, given: AgentSpaces, roster: Roster) -> None:
        self.who, self.agent_class, self.fields = who, given.agent_class, given.fields
        self.seen, self._acted = ObservationSpace(given.observation, who), ActionSpace(given.action, who)
        self.num_actions, self._masked = self._acted.spec.size, given.masked or "action_mask" in given.fields
        self._single = batch_space(given.action, 1)
        check_class(AgentClass(self.agent_class, self.seen.size, self._acted.spec, self.seen.categories), roster)

    def parts(self, observation: Any) -> Mapping[str, Any]:
        """Dictionary of the fields of an observation; one without fields is put under ``"observation"``."""
        whole = isinstance(self.seen.space, spaces.Dict) and not self.fields
        if not whole and isinstance(observation, Mapping) and "observation" in observation:
            return observation
        return {"observation": observation}

    def features(self, observation: Any, *leading: int) -> NDArray[Any]:
        """Features ``[*, D]``; refuses what is not finite, as training and evaluation do."""
        try:
            rows = self.seen.features(observation, *leading)
        except ValueError as error:
            raise ValueError(f"{self.who}: {error}") from None
        if not (finite := np.isfinite(rows)).all():
            raise ValueError(f"{self.who}: the observation has {rows[~finite][0]}, which is not finite")
        return rows

    def copies(self, observation: Any) -> int | None:
        """Number of observations in a batch; None for one observation."""
        try:
            return self.seen.copies(observation)
        except ValueError as error:
            told = f"{self.who}: {error}"
        if isinstance(observation, tuple) and len(observation) == 2 and isinstance(observation[1], Mapping):
            told += "; give the observation alone, of the two that env.reset() returns"
        raise ValueError(told)

    def mask(self, given: Any, *leading: int) -> NDArray[np.bool_] | None:
        """Legal actions ``[*, A]``; without a mask None, and a note, once, if the environment gives masks."""
        if given is None:
            if self._masked:
                warnings.warn(UNMASKED, Note, stacklevel=5)  # the loop, where one agent plays
            self._masked = False
            return None
        if self._acted.spec.kind != "discrete":
            raise ValueError(f"{self.who} acts in {self._acted.space}, where no mask says what is legal; leave it out")
        if isinstance(given, tuple) and not leading:
            try:
                given = self._acted.mask(given)
            except ValueError as error:
                raise ValueError(f"{self.who}: action_mask {error}") from None
        mask, shape = np.asarray(given), (*leading, self.num_actions)
        if mask.shape != shape or mask.dtype.kind not in "biuf":
            raise ValueError(
                f"{self.who}: action_mask has shape {mask.shape}; give {shape}, 1 for each action that is legal"
            )
        if not (legal := mask > 0.5).any(-1).all():
            raise ValueError(
                f"{self.who}: action_mask leaves no legal action; for an agent that is done, step with None instead"
            )
        return legal

    def actions(self, chosen: NDArray[Any]) -> Any:
        """Actions of a batch, ``[B]`` of whole numbers or ``[B, A]``."""
        return self._acted.actions(chosen)

    def action(self, chosen: NDArray[Any]) -> Any:
        """The one action of a batch of one, as vector environments hand it on."""
        return next(iter(iterate(self._single, self.actions(chosen))))


class Interface:
    """Spaces of the environment that a policy was trained in, between a user's loop and the policy.

    They are asked for once, when they are first needed.

    Args:
        settings: of the environment, as a preset's ``env``.
        trust: modules that may be imported where the settings name them; those imported already may.
    """

    def __init__(self, settings: Mapping[str, Any], trust: str | Iterable[str] = ()) -> None:
        self._settings, self._trust = settings, trust
        self._seats: Seat | dict[str, Seat] | None = None

    def predict(
        self,
        policy: Policy,
        observation: Any,
        state: Any,
        episode_start: Any,
        generator: torch.Generator | None,
        agent: str | None,
        action_mask: Any,
    ) -> tuple[Any, Any]:
        """Choose actions; see `Policy.predict`."""
        seats = self._seats = self._seats or self._found(policy.roster)
        if agent is not None:
            seat = seats if isinstance(seats, Seat) else _one_of_team(policy, seats, agent)
            states = _states(state)
            parts = seat.parts(observation)
            mask = parts.get("action_mask") if action_mask is None else action_mask
            memory = states.get(agent)
            if seat.copies(parts["observation"]) is not None:
                raise ValueError(f"agent {agent!r} is given a batch; with agent= there is one observation at a time")
            action, memory = _predict(policy, seat, parts["observation"], memory, episode_start, generator, mask)
            return action, None if memory is None else {**states, agent: memory}
        if isinstance(seats, Seat):
            return _predict(policy, seats, observation, state, episode_start, generator, action_mask)
        return _predict_team(policy, seats, observation, state, episode_start, generator, action_mask)

    def _found(self, roster: Roster) -> Seat | dict[str, Seat]:
        with trusting(self._trust):
            found = find_spaces(self._settings)
        if isinstance(found, AgentSpaces):
            return Seat(str(self._settings["name"]), found, roster)
        return {name: Seat(f"agent {name!r}", each, roster) for name, each in found.items()}


def _predict(
    policy: Policy, seat: Seat, observation: Any, state: Any, start: Any, generator: Any, action_mask: Any
) -> tuple[Any, Memory | None]:
    """Action of one agent, or in each of several copies."""
    copies = seat.copies(observation)
    leading = () if copies is None else (copies,)
    rows = seat.features(observation, *leading).reshape(*leading or (1,), 1, -1)
    legal = seat.mask(action_mask, *leading)
    seen = Observation(
        {seat.agent_class: torch.from_numpy(rows)},
        torch.ones(rows.shape[:2], dtype=torch.bool),
        None if legal is None else {seat.agent_class: torch.from_numpy(legal.reshape(*rows.shape[:2], -1))},
    )
    act = policy.act(seen.to(policy.device), _memory(policy, state, start, *rows.shape[:2]), generator)
    chosen = act.action[seat.agent_class][:, 0].cpu().numpy()
    return seat.action(chosen) if copies is None else seat.actions(chosen), act.memory


def _predict_team(
    policy: Policy, seats: Mapping[str, Seat], given: Any, state: Any, start: Any, generator: Any, action_mask: Any
) -> tuple[dict[str, Any], Memory | None]:
    """Actions of those agents of one world that are there."""
    if not isinstance(given, Mapping):
        raise ValueError(
            f"observation is a {type(given).__name__}; give a dictionary with the observation of each agent: "
            f"{', '.join(seats)}"
        )
    for name in given:
        _check_known(name, seats)
    given = {name: each for name, each in given.items() if each is not None}
    memory = _memory(policy, state, start, 1, len(seats))
    if not given:  # the episode is over
        return {}, memory
    seen = _team_observation(policy.roster, seats, given, action_mask or {})
    act = policy.act(seen.to(policy.device), memory, generator)
    chosen = {name: iter(action[0].cpu().numpy()) for name, action in act.action.items()}
    actions = {name: seat.action(np.asarray(next(chosen[seat.agent_class]))[None]) for name, seat in seats.items()}
    return {name: actions[name] for name in given}, act.memory


def _team_observation(
    roster: Roster, seats: Mapping[str, Seat], given: Mapping[str, Any], masks: Mapping[str, Any]
) -> Observation:
    """Observation ``[1, ...]`` of all agents, class by class; those that are not there are not alive."""
    names = list(seats)
    order = [name for c in roster.classes for name in names if seats[name].agent_class == c.name]
    widths = {"adjacency": len(names), "kinematics": 0 if roster.plane is None else roster.plane.kinematics}
    rows = {name: _row(seats[name], given.get(name), masks.get(name), widths) for name in order}

    def stacked(field: str, agents: Iterable[str]) -> torch.Tensor:
        return torch.from_numpy(np.stack([rows[name][field] for name in agents])[None])

    kinds = {name: seats[name].agent_class for name in order}
    members = {kind: [name for name in order if kinds[name] == kind] for kind in kinds.values()}
    masked = bool(masks) or any("action_mask" in seats[name].parts(each) for name, each in given.items())
    fields = next(iter(seats.values())).fields
    alive = torch.tensor([[name in given for name in order]])
    heard = None
    if "adjacency" in fields:  # columns are in the environment's order, and those who left send nothing
        heard = (stacked("adjacency", order)[..., [names.index(name) for name in order]] > 0.5) & alive[:, None]
    return Observation(
        {kind: stacked("observation", agents) for kind, agents in members.items()},
        alive,
        {kind: stacked("action_mask", agents) for kind, agents in members.items()} if masked else None,
        heard,
        stacked("kinematics", order) if "kinematics" in fields else None,
    )


def _row(seat: Seat, observation: Any, mask: Any, widths: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """Features, mask and fields of one agent; zeros, and a mask of ones, if it is not there."""
    legal = np.ones(seat.num_actions, np.bool_)
    fields = [name for name in seat.fields if name in widths]
    if observation is None:
        absent = {name: np.zeros(widths[name], np.float32) for name in fields}
        return {"observation": np.zeros(seat.seen.size, seat.seen.dtype), "action_mask": legal, **absent}
    parts = seat.parts(observation)
    if missing := [name for name in fields if name not in parts]:
        raise ValueError(
            f"{seat.who} is given no {missing[0]!r}; give a dictionary of observation, {', '.join(seat.fields)}, as in "
            "training (an adjacency of zeros hears nobody)"
        )
    if seat.copies(parts["observation"]) is not None:
        raise ValueError(f"{seat.who} is given a batch; give the observations of one world")
    given = seat.mask(parts.get("action_mask") if mask is None else mask)
    row = {"observation": seat.features(parts["observation"]), "action_mask": legal if given is None else given}
    for name in fields:
        row[name] = np.asarray(parts[name], np.float32)
        if row[name].shape != (widths[name],):
            raise ValueError(f"{seat.who}: {name} has shape {row[name].shape}; give ({widths[name]},)")
    return row


def _memory(policy: Policy, state: Any, start: Any, copies: int, agents: int) -> Memory | None:
    """Memory before a step, empty where an episode begins; None if the policy has none."""
    empty = policy.initial_memory(copies, agents)
    if empty is None or state is None:
        return empty
    if not isinstance(state, Memory) or state.keys.shape != empty.keys.shape:
        raise ValueError(
            f"state is not that of {copies} x {agents} agents of this policy; give what its last predict returned, or "
            "None at the beginning of an episode"
        )
    begins = np.asarray(False if start is None else start)
    if begins.shape not in ((), (copies,)):
        raise ValueError(f"episode_start has shape {begins.shape}; give one bool, or one for each of {copies}")
    return state.reset(torch.tensor(np.broadcast_to(begins.astype(np.bool_), (copies,)), device=policy.device))


def _states(state: Any) -> Mapping[str, Memory]:
    """Memory of each agent that had a turn."""
    if state is not None and not isinstance(state, Mapping):
        raise ValueError(
            f"state is a {type(state).__name__}; with agent= give what the last predict of any agent returned, or None "
            "at the beginning of an episode"
        )
    return state or {}


def _one_of_team(policy: Policy, seats: Mapping[str, Seat], agent: str) -> Seat:
    _check_known(agent, seats)
    if policy.has_messages or policy.has_parameters_for_each_agent:
        raise ValueError(
            "the agents of this policy act together, as they hear each other or have parameters of their own; give the "
            "observations of all in one dictionary, without agent="
        )
    return seats[agent]


def _check_known(name: str, seats: Mapping[str, Seat]) -> None:
    if name not in seats:
        raise ValueError(
            f"agent {name!r} is unknown: {did_you_mean(str(name), seats)}there is {', '.join(seats)}; for another team "
            "give its composition to marl.load, e.g. team='A=3,B=1'"
        )
