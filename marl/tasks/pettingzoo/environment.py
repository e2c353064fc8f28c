"""Any PettingZoo environment as an `Environment`: many copies, each driven directly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.records import Observation, Step
from marl.core.scene import Picture, Scene
from marl.tasks.block_environment import BlockEnvironment
from marl.tasks.blocks import Block, Moved, Seen
from marl.tasks.generators import Draws
from marl.tasks.guard import Guard
from marl.tasks.pettingzoo.block import PettingZooBlock
from marl.tasks.pettingzoo.config import LinksConfig
from marl.tasks.pettingzoo.copies import Copy
from marl.tasks.pettingzoo.drivers import driver_of
from marl.tasks.pettingzoo.state import StateView
from marl.tasks.pettingzoo.team import Team
from marl.tasks.process_blocks import ProcessBlocks

__all__ = ["PettingZooEnvironment"]


class PettingZooEnvironment(BlockEnvironment):
    """``B`` copies of a ParallelEnv or AECEnv.

    An agent's observation is what `marl.tasks.spaces.ObservationSpace` takes, or a dictionary with ``"observation"``
    and any of ``"action_mask"`` ``[A]``, ``"adjacency"`` ``[N]``, ``"kinematics"`` ``[4]``, ``"entities"``
    ``[S, F]``, ``"entity_mask"`` ``[S]`` and ``"auxiliary_target"`` ``[Q]``, which become the
    fields of `Observation`; a mask may stand in the info instead. Adjacency and the first ``N`` entities are in the
    order of the environment's ``possible_agents``; here agents are ordered class by class. Numbers in the
    infos of a step become ``Step.info``, and ``links`` is the number of agents that each agent hears.

    Agents may leave before others, and join later; one that left comes back in its copy's next episode. Where agents
    take turns, a step is one turn, and only the agent that is to move observes.

    With ``get_state`` a state has the running episodes, too.

    Args:
        make: makes one environment.
        num_copies: ``B``.
        class_of: the class of each agent, by its name.
        classes: every declared class, in order; some may have no agents.
        feature_sizes: width of the features of classes without agents; 0 where not given.
        events: names in the infos that count events, and the word for one of them.
        scripted: reference policies by name.
        scene: makes the scene or picture of one environment from ``make``; None if it cannot be drawn.
        get_state: returns all that is needed to go on with one environment, as tensors, numbers and
            strings; None if it cannot be stored.
        set_state: puts an environment, which was reset before, into such a state.
        device: device of the tensors.
        agent_noun: word for one agent.
        earned: from the infos, each agent's contribution to a shared reward, ``[B, N]``; None if unknown.
        shared: ``"own"`` leaves each agent its reward; ``"class"`` and ``"side"`` give the mean over those of its
            class, or its side, that were alive, and say in `Step.earned` what each brought.
        sides: classes of each side; None for one side with everybody.
        links: who hears whom; None for what agents observe of it.
        channels: axis of the channels of images; see `ImageSpace`.
        rejoin: True if an agent that left may come back in the same episode.
        processes: see `ProcessBlocks`; 1 for this one alone, as ``get_state`` needs it.
        step_timeout: see `ProcessBlocks`; None for any time.
        state: True for PettingZoo's ``state()`` in observations.

    Raises:
        ValueError: for no copies, an environment that is none of PettingZoo's, an agent of an undeclared class, agents
            of one class that differ, spaces that are not supported, or an environment that cannot be sent to
            processes.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error, exits, dies or hangs, or answers what
            PettingZoo does not know.
    """

    frames_per_second = 12.5

    def __init__(
        self,
        make: Callable[[], Any],
        num_copies: int,
        class_of: Mapping[Any, str] | Callable[[Any], str],
        classes: Sequence[str],
        feature_sizes: Mapping[str, int] | None = None,
        events: Mapping[str, str] | None = None,
        scripted: Mapping[str, Rule] | None = None,
        scene: Callable[[Any], Scene | Picture] | None = None,
        get_state: Callable[[Any], State] | None = None,
        set_state: Callable[[Any, State], None] | None = None,
        device: torch.device | str = "cpu",
        agent_noun: str = "agent",
        earned: Callable[[Mapping[str, Tensor]], Tensor] | None = None,
        shared: Literal["own", "class", "side"] = "own",
        sides: Mapping[str, Sequence[str]] | None = None,
        links: LinksConfig | None = None,
        channels: Literal["first", "last"] | None = None,
        rejoin: bool = False,
        processes: int = 1,
        step_timeout: float | None = None,
        state: bool = False,
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        if (get_state is None) != (set_state is None):
            raise ValueError("only one of get_state and set_state is given; give both or none")
        first = make()
        self._team = Team(first, class_of, classes, feature_sizes, channels)
        self._links = None if links is None else self._team.links(links)
        self._groups = _groups(self._team, shared, sides)
        name, roster, turns = _name_of(first), self._team.roster, driver_of(first).takes_turns
        world = StateView(make(), channels) if state else None
        make_copies = partial(_make_block, make, name, self._team, scene, rejoin, world)
        if processes == 1 and step_timeout is None:
            self._here: Any = make_copies(range(num_copies), first)
            block: Block = self._here
        elif get_state is not None:
            raise ValueError(f"processes is {processes}, but get_state is given, which needs the copies in this one")
        else:
            blank = partial(Seen.blank, roster=roster, fields=self._team.fields, state=world)
            block = ProcessBlocks(name, make_copies, blank, num_copies, processes, step_timeout)
        if self._links is not None:
            roster = replace(roster, plane=self._links.plane or roster.plane)
        if world is not None:
            roster = replace(roster, state=world.shape)
        super().__init__(name, roster, block, num_copies, device, scripted, scene is not None, turns)
        self.events: Mapping[str, str] = dict(events or {})
        self.per_step, self.agent_noun = frozenset({"links"}), agent_noun
        self._earned, self._shared = earned, shared
        self._get_state, self._set_state = get_state, set_state

    def state(self) -> State | None:
        """State for `load_state`; see `Environment`."""
        get = self._get_state
        copies = None if get is None else {str(i): get(copy.env) for i, copy in enumerate(self._here.copies)}
        return self._dealt.state() | {"copies": copies}

    def load_state(self, state: State) -> Observation | None:
        """Go on from a state; see `Environment`.

        Raises:
            ValueError: if the state is of another number of copies, or has running episodes and no ``set_state`` was
                given.
        """
        copies = state["copies"]
        if copies is None:
            return super().load_state(state)
        if self._set_state is None:
            raise ValueError("this environment cannot load a state; give get_state and set_state")
        self._dealt.load_state(state)
        if len(copies) != self.num_copies:
            raise ValueError(f"the state has {len(copies)} copies; this environment has {self.num_copies}")
        # wrappers count agents too: a reset puts them at the start of a cycle, where they are between any two steps
        self._here.reset()
        for i, (copy, seeds) in enumerate(zip(self._here.copies, self._dealt.coming, strict=True)):
            copy.seeds = seeds
            self._set_state(copy.env, copies[str(i)])
        return None

    def _step(self, before: Seen, moved: Moved) -> Step:
        step = super()._step(before, moved)
        if step.next_observation.adjacency is not None:
            step.info["links"] = step.next_observation.adjacency.sum(-1).float()
        if self._earned is not None:
            return replace(step, earned=self._earned(step.info))
        if self._shared == "own":
            return step
        return replace(step, reward=_mean(step.reward, self._tensor(before.alive), self._groups), earned=step.reward)

    def _observation(self, seen: Seen) -> Observation:
        observation = super()._observation(seen)
        return observation if self._links is None else self._links(observation)

    def _fields(self, seen: Seen) -> dict[str, Any]:
        """Those beside features and masks, class by class; see `Observation`."""
        fields = {name: self._tensor(array) for name, array in seen.fields.items()}
        order = self._team.order
        if "adjacency" in fields:
            fields["adjacency"] = fields["adjacency"][:, :, order] > 0.5
        if "entities" in fields:  # all agents tell the same; the first who is there is asked
            teller = np.arange(self.num_copies), seen.alive.argmax(1)
            rows = order + list(range(len(order), fields["entities"].shape[2]))
            fields["entities"] = fields["entities"][teller][:, rows]
            if "entity_mask" in fields:
                fields["entity_mask"] = fields["entity_mask"][teller][:, rows] > 0.5
        return fields


def _make_block(
    make: Callable[[], Any],
    name: str,
    team: Team,
    scene: Any,
    rejoin: bool,
    state: StateView | None,
    numbers: range,
    first: Any = None,
) -> PettingZooBlock:
    """Make the copies of some numbers, the first of which may be made already."""
    draws = Draws()
    envs = [first if first is not None and n == numbers.start else make() for n in numbers]
    copies = [Copy(env, Guard(name, n), draws, scene) for env, n in zip(envs, numbers, strict=True)]
    return PettingZooBlock(copies, team, rejoin, state)


def _groups(team: Team, shared: str, sides: Mapping[str, Sequence[str]] | None) -> list[list[int]]:
    """Places on the agent axis of those who share a reward.

    Raises:
        ValueError: for a class that the team does not have.
    """
    declared = [c.name for c in team.roster.classes]
    named = {"all": declared} if sides is None else sides
    for side, classes in named.items():
        if unknown := [kind for kind in classes if kind not in declared]:
            raise ValueError(f"side {side!r} has the class {unknown[0]!r}; classes are {', '.join(declared)}")
    groups = [[kind] for kind in declared] if shared == "class" else list(named.values())
    return [[number for number, kind in enumerate(team.kinds) if kind in group] for group in groups]


def _mean(reward: Tensor, alive: Tensor, groups: Iterable[list[int]]) -> Tensor:
    """Mean reward of the agents of a group that are alive, for each of them, ``[B, N]``."""
    mean = torch.zeros_like(reward)
    for agents in groups:
        there = alive[:, agents]
        total = (reward[:, agents] * there).sum(1, keepdim=True) / there.sum(1, keepdim=True).clamp(min=1)
        mean[:, agents] = total * there
    return mean


def _name_of(env: Any) -> str:
    return str((getattr(env, "metadata", None) or {}).get("name") or type(env.unwrapped).__name__)
