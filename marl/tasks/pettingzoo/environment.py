"""Any PettingZoo environment as an `Environment`: many copies, each driven directly."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.errors import EnvironmentFailedError, Note, UndrawableError
from marl.core.records import Observation, Step
from marl.core.scene import Picture, Scene
from marl.pictures.given import check_picture
from marl.tasks.episode_seeds import DealtSeeds
from marl.tasks.generators import Draws
from marl.tasks.guard import Guard, Watch
from marl.tasks.pettingzoo.block import Block, Copy, Seen
from marl.tasks.pettingzoo.config import LinksConfig
from marl.tasks.pettingzoo.team import Team

__all__ = ["PettingZooEnvironment"]


class PettingZooEnvironment:
    """``B`` copies of a ParallelEnv or AECEnv, stepped in one process. An `Environment`.

    An agent's observation is what `marl.tasks.spaces.ObservationSpace` takes, or a dictionary with ``"observation"``
    and any of ``"action_mask"`` ``[A]``, ``"adjacency"`` ``[N]``, ``"kinematics"`` ``[4]``, ``"entities"``
    ``[S, F]``, ``"entity_mask"`` ``[S]`` and ``"auxiliary_target"`` ``[Q]``, which become the
    fields of `Observation`; a mask may stand in the info instead. Adjacency and the first ``N`` entities are in the
    order of the environment's ``possible_agents``; here agents are ordered class by class. Numbers in the
    infos of a step become ``Step.info``, and ``links`` is the number of agents that each agent hears.

    Agents may leave before others, and join later; one that left comes back in its copy's next episode. Where agents
    take turns, a step is one turn, and only the agent that is to move observes.

    A state without ``get_state`` has the seeds of the episodes to come, and no running episodes. A `Numbered`
    environment.

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

    Raises:
        ValueError: for no copies, an environment that is none of PettingZoo's, an agent of an undeclared class, agents
            of one class that differ, or spaces that are not supported.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error or exits, or answers what PettingZoo
            does not know.
    """

    reward_threshold: float | None = None
    numbered = True
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
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        if (get_state is None) != (set_state is None):
            raise ValueError("only one of get_state and set_state is given; give both or none")
        self.num_copies, self.device = num_copies, torch.device(device)
        self.agent_noun, self._earned, self._shared = agent_noun, earned, shared
        self.events: Mapping[str, str] = dict(events or {})
        self.per_step = frozenset({"links"})
        self._scripted = dict(scripted or {})
        self._get_state, self._set_state = get_state, set_state
        envs = [make() for _ in range(num_copies)]
        self._team = Team(envs[0], class_of, classes, feature_sizes, channels)
        self.roster, self._links = self._team.roster, None
        if links is not None:
            self._links = self._team.links(links)
            self.roster = replace(self.roster, plane=self._links.plane or self.roster.plane)
        self._groups = _groups(self._team, shared, sides)
        self._name, draws = _name_of(envs[0]), Draws()
        copies = [Copy(env, Guard(self._name, number), draws, scene) for number, env in enumerate(envs)]
        self._block = Block(copies, self._team, rejoin)
        self._takes_turns = copies[0].driver.takes_turns
        self._watch = Watch([copy.guard for copy in copies])
        self._dealt = DealtSeeds(num_copies)

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy; see `Environment`."""
        return self._observation(self._block.reset(self._dealt.begin(seed)))

    def restart(self, copies: Tensor) -> Observation:
        """Begin the next episode in some copies; see `Numbered`."""
        mask = copies.cpu().numpy()
        self._dealt.count(mask)
        return self._observation(self._block.restart(mask))

    def step(self, action: dict[str, Tensor]) -> Step:
        """Step every copy; see `Environment`."""
        alive = self._tensor(self._block.seen.alive)
        moved = self._block.step({kind: chosen.detach().cpu().numpy() for kind, chosen in action.items()})
        self._dealt.count(moved.ended)
        successor = self._observation(moved.successor)
        observation = successor if moved.seen is moved.successor else self._observation(moved.seen)
        measured = {name: self._tensor(moved.measured[name]) for name in sorted(moved.measured)}
        if successor.adjacency is not None:
            measured["links"] = successor.adjacency.sum(-1).float()
        reward, earned = self._tensor(moved.reward), None
        if self._earned is not None:
            earned = self._earned(measured)
        elif self._shared != "own":
            reward, earned = _mean(reward, alive, self._groups), reward
        return Step(
            next_observation=successor,
            observation=observation,
            reward=reward,
            terminated=self._tensor(moved.terminated),
            truncated=self._tensor(moved.truncated),
            info=measured,
            earned=earned,
        )

    def state(self) -> State | None:
        """State for `load_state`; see `Environment`."""
        get = self._get_state
        copies = None if get is None else {str(i): get(copy.env) for i, copy in enumerate(self._block.copies)}
        return self._dealt.state() | {"copies": copies}

    def load_state(self, state: State) -> Observation | None:
        """Go on from a state; see `Environment`.

        Raises:
            ValueError: if the state is of another number of copies, or has running episodes and no ``set_state`` was
                given.
        """
        self._dealt.load_state(state)
        copies = state["copies"]
        if copies is None:
            return self._observation(self._block.reset(self._dealt.go_on()))
        if self._set_state is None:
            raise ValueError("this environment cannot load a state; give get_state and set_state")
        if len(copies) != self.num_copies:
            raise ValueError(f"the state has {len(copies)} copies; this environment has {self.num_copies}")
        # wrappers count agents too: a reset puts them at the start of a cycle, where they are between any two steps
        self._block.reset()
        for i, (copy, seeds) in enumerate(zip(self._block.copies, self._dealt.coming, strict=True)):
            copy.seeds = seeds
            self._set_state(copy.env, copies[str(i)])
        return None

    @property
    def symmetries(self) -> None:
        """None: no symmetry is known."""
        return None

    @property
    def metrics(self) -> Mapping[str, float]:
        """No metrics: nothing changes as training goes on."""
        return {}

    def scripted(self) -> Mapping[str, Rule]:
        """Reference policies given to the constructor."""
        return self._scripted

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene | Picture:
        """Scene of one copy; see `Environment`."""
        if (scenes := self._block.copies[copy].scenes) is None:
            raise UndrawableError(
                "this environment cannot be drawn: it has no render mode rgb_array, and no scene was given"
            )
        found = scenes(at_end)
        return found if isinstance(found, Scene) else check_picture(found, self._name)

    def close(self) -> None:
        """Close every copy; one that fails in it stops nothing and is told as a note."""
        self._watch.end()
        try:
            self._block.close()
        except EnvironmentFailedError as error:
            warnings.warn(str(error), Note, stacklevel=2)

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def _observation(self, seen: Seen) -> Observation:
        fields: dict[str, Any] = {name: self._tensor(array) for name, array in seen.fields.items()}
        order = self._team.order
        if "adjacency" in fields:
            fields["adjacency"] = fields["adjacency"][:, :, order] > 0.5
        if "entities" in fields:  # all agents tell the same; the first who is there is asked
            teller = np.arange(self.num_copies), seen.alive.argmax(1)
            rows = order + list(range(len(order), fields["entities"].shape[2]))
            fields["entities"] = fields["entities"][teller][:, rows]
            if "entity_mask" in fields:
                fields["entity_mask"] = fields["entity_mask"][teller][:, rows] > 0.5
        masks = {kind: self._tensor(mask) for kind, mask in seen.masks.items()} if self._block.masked else None
        observation = Observation(
            features={kind: self._tensor(array) for kind, array in seen.features.items()},
            alive=self._tensor(seen.alive),
            action_mask=masks,
            acting=self._tensor(seen.acting) if self._takes_turns else None,
            images={kind: self._tensor(array) for kind, array in seen.images.items()} or None,
            **fields,
        )
        return observation if self._links is None else self._links(observation)


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
