"""A policy in a loop of one's own: observations and actions as Gymnasium and PettingZoo have them.

Axes as in `marl.core.records`; a loop steps one world of ``N`` agents, or ``B`` copies of one agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.nearest import did_you_mean
from marl.core.records import Memory, Observation
from marl.core.roster import Roster
from marl.core.task import AgentSpaces
from marl.core.trust import trusting
from marl.policies.seat import Seat
from marl.tasks.environment_config import find_spaces
from marl.tasks.pettingzoo.config import LinksConfig
from marl.tasks.pettingzoo.links import Links

if TYPE_CHECKING:
    from marl.policies.policy import Policy

__all__ = ["Interface"]


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
        self._links: Links | None = None

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
            parts = seats.parts(observation) if seats.fields else {"observation": observation}
            mask = parts.get("action_mask") if action_mask is None else action_mask
            return _predict(policy, seats, parts["observation"], state, episode_start, generator, mask)
        return _predict_team(policy, seats, self._links, observation, state, episode_start, generator, action_mask)

    def _found(self, roster: Roster) -> Seat | dict[str, Seat]:
        with trusting(self._trust):
            found = find_spaces(self._settings)
        if isinstance(found, AgentSpaces):
            return Seat(str(self._settings["name"]), found, roster)
        if self._settings.get("links") is not None:
            self._links = Links(LinksConfig.model_validate(self._settings["links"]), roster)
        return {name: Seat(f"agent {name!r}", each, roster) for name, each in found.items()}


def _predict(
    policy: Policy, seat: Seat, observation: Any, state: Any, start: Any, generator: Any, action_mask: Any
) -> tuple[Any, Memory | None]:
    """Action of one agent, or in each of several copies."""
    copies = seat.copies(observation)
    leading = () if copies is None else (copies,)
    alone = (*(leading or (1,)), 1)
    features, images = seat.features(observation, *leading), seat.images(observation, *leading)
    legal = seat.mask(action_mask, *leading)

    def of_class(part: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(part.reshape(*alone, *part.shape[len(leading) :]))

    seen = Observation(
        {seat.agent_class: of_class(features)},
        torch.ones(alone, dtype=torch.bool),
        None if legal is None else {seat.agent_class: of_class(legal)},
        images={name: of_class(x) for name, x in images.items()} or None,
    )
    act = policy.act(seen.to(policy.device), _memory(policy, state, start, *alone), generator)
    chosen = act.action[seat.agent_class][:, 0].cpu().numpy()
    return seat.action(chosen) if copies is None else seat.actions(chosen), act.memory


def _predict_team(
    policy: Policy,
    seats: Mapping[str, Seat],
    links: Links | None,
    given: Any,
    state: Any,
    start: Any,
    generator: Any,
    action_mask: Any,
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
    seen = seen if links is None else links(seen)
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
        images={image: stacked(image, agents) for agents in members.values() for image in seats[agents[0]].image_specs}
        or None,
    )


def _row(seat: Seat, observation: Any, mask: Any, widths: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """Features, mask and fields of one agent; zeros, and a mask of ones, if it is not there."""
    legal = np.ones(seat.num_actions, np.bool_)
    fields = [name for name in seat.fields if name in widths]
    if observation is None:
        absent = {name: np.zeros(widths[name], np.float32) for name in fields}
        absent |= {name: np.zeros(image.shape, image.dtype) for name, image in seat.image_specs.items()}
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
    row |= seat.images(parts["observation"])
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
