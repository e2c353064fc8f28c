"""Any PettingZoo ParallelEnv as an `Environment`: many copies, vectorised by SuperSuit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.errors import UndrawableError
from marl.core.records import Observation, Step
from marl.core.roster import AgentClass, Plane, Roster
from marl.core.scene import Picture, Scene
from marl.pictures.given import check_picture
from marl.tasks.episode_seeds import DealtSeeds
from marl.tasks.flat_observation import FIELDS, Env, FlatObservation, Layout
from marl.tasks.guard import Guard, Watch
from marl.tasks.supersuit_copies import TERMINAL, SuperSuitCopies

__all__ = ["PettingZooEnvironment"]


class PettingZooEnvironment:
    """``B`` copies of a ParallelEnv, stepped in one process through SuperSuit. An `Environment`.

    An agent's observation is an array, or a dictionary with ``"observation"`` and any of
    ``"action_mask"`` ``[A]``, ``"adjacency"`` ``[N]``, ``"kinematics"`` ``[4]``, ``"entities"``
    ``[S, F]``, ``"entity_mask"`` ``[S]`` and ``"auxiliary_target"`` ``[Q]``, which become the
    fields of `Observation`. Adjacency and the first ``N`` entities are in the order of the
    environment's ``possible_agents``; here agents are ordered class by class. Numbers in the
    infos of a step become ``Step.info``, and ``links`` is the number of agents that each agent hears.

    A state without ``get_state`` has the seeds of the episodes to come, and no running episodes. A `Numbered`
    environment.

    Args:
        make: makes one environment. It must be picklable, as SuperSuit copies it by pickling.
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

    Raises:
        ValueError: for no copies, an agent of an undeclared class, agents of one class that
            differ, or spaces that are not supported.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error or exits, or agents leave early.
    """

    reward_threshold: float | None = None
    numbered = True
    frames_per_second = 12.5

    def __init__(
        self,
        make: Callable[[], Env],
        num_copies: int,
        class_of: Mapping[str, str] | Callable[[str], str],
        classes: Sequence[str],
        feature_sizes: Mapping[str, int] | None = None,
        events: Mapping[str, str] | None = None,
        scripted: Mapping[str, Rule] | None = None,
        scene: Callable[[Env], Scene | Picture] | None = None,
        get_state: Callable[[Env], State] | None = None,
        set_state: Callable[[Env, State], None] | None = None,
        device: torch.device | str = "cpu",
        agent_noun: str = "agent",
        earned: Callable[[Mapping[str, Tensor]], Tensor] | None = None,
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        if (get_state is None) != (set_state is None):
            raise ValueError("only one of get_state and set_state is given; give both or none")
        self.num_copies, self.device = num_copies, torch.device(device)
        self.agent_noun, self._earned = agent_noun, earned
        self.events: Mapping[str, str] = dict(events or {})
        self.per_step = frozenset({"links"})
        self._scripted = dict(scripted or {})
        self._get_state, self._set_state = get_state, set_state
        flat = FlatObservation(make())
        names: list[str] = list(flat.possible_agents)
        kinds = _classes_of(names, class_of, classes)
        self._order = sorted(range(len(names)), key=lambda i: classes.index(kinds[i]))
        self.roster = _roster(flat, kinds, classes, feature_sizes or {})
        self._layouts = {kind: flat.layouts[name] for name, kind in zip(names, kinds, strict=True)}
        _check_fields(self._layouts, len(names))
        self._guard = Guard(str(flat.metadata.get("name") or type(flat.unwrapped).__name__))
        differ = len({c.action.size for c in self.roster.present}) > 1
        self._vector = SuperSuitCopies(flat, num_copies, self._guard, differ, scene)
        self._envs = [copy.env.env for copy in self._vector.copies]
        self._watch = Watch([copy.guard for copy in self._vector.copies])
        self._dealt = DealtSeeds(num_copies)

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy; see `Environment`."""
        return self._unpack(self._vector.reset(self._dealt.begin(seed)))

    def restart(self, copies: Tensor) -> Observation:
        """Begin the next episode in some copies; see `Numbered`."""
        mask = copies.cpu().numpy()
        self._dealt.count(mask)
        return self._unpack(self._vector.restart(mask))

    def step(self, action: dict[str, Tensor]) -> Step:
        """Step every copy; see `Environment`."""
        rows, reward, terminated, truncated, infos = self._vector.step(self._pack(action))
        observation = next_observation = self._unpack(rows)
        last = [row for row, info in enumerate(infos) if TERMINAL in info]
        if last:
            self._dealt.count(np.isin(np.arange(self.num_copies), np.array(last) // self.roster.size))
            successor = rows.copy()
            successor[last] = [infos[row][TERMINAL] for row in last]
            next_observation = self._unpack(successor)
        measured = self._measured(infos)
        if next_observation.adjacency is not None:
            measured["links"] = next_observation.adjacency.sum(-1).float()
        return Step(
            next_observation=next_observation,
            observation=observation,
            reward=self._by_agent(reward).double(),
            terminated=self._by_agent(terminated).bool(),
            truncated=self._by_agent(truncated).bool(),
            info=measured,
            earned=None if self._earned is None else self._earned(measured),
        )

    def state(self) -> State | None:
        """State for `load_state`; see `Environment`."""
        get = self._get_state
        copies = None if get is None else {str(i): get(env) for i, env in enumerate(self._envs)}
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
            return self._unpack(self._vector.reset(self._dealt.go_on()))
        if self._set_state is None:
            raise ValueError("this environment cannot load a state; give get_state and set_state")
        if len(copies) != self.num_copies:
            raise ValueError(f"the state has {len(copies)} copies; this environment has {self.num_copies}")
        # The converters of PettingZoo and SuperSuit count agents too: a reset puts them at the
        # start of a cycle, where they are between any two steps.
        self._vector.reset()
        for i, (copy, seeds) in enumerate(zip(self._vector.copies, self._dealt.coming, strict=True)):
            copy.seeds = seeds
            self._set_state(self._envs[i], copies[str(i)])
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
        if (scenes := self._vector.copies[copy].scenes) is None:
            raise UndrawableError("this environment cannot be drawn; give scene")
        found = scenes(at_end)
        return found if isinstance(found, Scene) else check_picture(found, self._guard.name)

    def close(self) -> None:
        """Close every copy."""
        self._watch.end()
        self._vector.close()

    def _pack(self, action: dict[str, Tensor]) -> np.ndarray[Any, Any]:
        parts = []
        widest = max(c.action.size for c in self.roster.present)
        for agent_class in self.roster.present:
            chosen, spec = action[agent_class.name].detach().cpu(), agent_class.action
            if spec.kind == "continuous":
                chosen = torch.nn.functional.pad(chosen.float(), (0, widest - spec.size))
            parts.append(chosen)
        ordered = torch.cat(parts, 1)
        packed = torch.empty_like(ordered)
        packed[:, self._order] = ordered
        return packed.flatten(0, 1).numpy()

    def _by_agent(self, rows: np.ndarray[Any, Any]) -> Tensor:
        return torch.from_numpy(rows).to(self.device).unflatten(0, (self.num_copies, -1))[:, self._order]

    def _measured(self, infos: list[dict[str, Any]]) -> dict[str, Tensor]:
        names = sorted({name for info in infos for name in info} - {TERMINAL})
        return {name: self._by_agent(np.array([i.get(name, 0.0) for i in infos], np.float32)) for name in names}

    def _unpack(self, rows: np.ndarray[Any, Any]) -> Observation:
        table = self._by_agent(rows)
        parts: dict[str, list[Tensor]] = {name: [] for name in ("observation", *FIELDS)}
        for kind, agents in self.roster.slices.items():
            for name, tensor in self._layouts[kind].unpack(table[:, agents]).items():
                parts[name].append(tensor)
        whole = {name: torch.cat(found, 1) for name, found in parts.items() if found and name in FIELDS[1:]}
        masks = dict(zip(self.roster.slices, parts["action_mask"], strict=True)) if parts["action_mask"] else None
        if "adjacency" in whole:
            whole["adjacency"] = whole["adjacency"][:, :, self._order] > 0.5
        if "entities" in whole:
            rows_of = self._order + list(range(len(self._order), whole["entities"].shape[2]))
            whole["entities"] = whole["entities"][:, 0, rows_of]
            if "entity_mask" in whole:
                whole["entity_mask"] = whole["entity_mask"][:, 0, rows_of] > 0.5
        return Observation(
            features=dict(zip(self.roster.slices, parts["observation"], strict=True)),
            alive=torch.ones(self.num_copies, self.roster.size, dtype=torch.bool, device=self.device),
            action_mask=None if masks is None else {kind: mask > 0.5 for kind, mask in masks.items()},
            **whole,
        )


def _classes_of(
    names: Sequence[str], class_of: Mapping[str, str] | Callable[[str], str], classes: Sequence[str]
) -> list[str]:
    kinds = []
    for name in names:
        if isinstance(class_of, Mapping) and name not in class_of:
            raise ValueError(f"class_of has no class for agent {name!r}; it has {', '.join(class_of)}")
        kind = class_of[name] if isinstance(class_of, Mapping) else class_of(name)
        if kind not in classes:
            raise ValueError(
                f"agent {name!r} is of class {kind!r}, which is not declared; declared are {list(classes)}"
            )
        kinds.append(kind)
    return kinds


def _roster(
    flat: FlatObservation, kinds: list[str], classes: Sequence[str], feature_sizes: Mapping[str, int]
) -> Roster:
    names: list[str] = list(flat.possible_agents)
    specs = flat.action_specs
    if len({spec.kind for spec in specs.values()}) > 1:
        raise ValueError("some agents act discretely and some continuously; all must act in one way")
    declared = []
    for kind in classes:
        members = [name for name, its_kind in zip(names, kinds, strict=True) if its_kind == kind]
        if not members:
            declared.append(AgentClass(kind, feature_sizes.get(kind, 0), specs[names[0]]))
            continue
        first = members[0]
        for other in members[1:]:
            if (flat.layouts[other], specs[other]) != (flat.layouts[first], specs[first]):
                raise ValueError(
                    f"agents {first!r} and {other!r} are of class {kind!r} but differ: "
                    f"{flat.layouts[first].shapes} and {specs[first]} against "
                    f"{flat.layouts[other].shapes} and {specs[other]}; give them classes apart"
                )
        layout = flat.layouts[first]
        declared.append(AgentClass(kind, layout.shapes["observation"][0], specs[first], layout.categories))
    shapes = flat.layouts[names[0]].shapes
    entities, auxiliary = (shapes[name][-1] if name in shapes else 0 for name in ("entities", "auxiliary_target"))
    plane = Plane() if "kinematics" in shapes or entities else None
    return Roster(tuple(declared), tuple(kinds.count(kind) for kind in classes), plane, entities, auxiliary)


def _check_fields(layouts: Mapping[str, Layout], size: int) -> None:
    found = [
        {name: shape for name, shape in layout.shapes.items() if name in FIELDS[1:]} for layout in layouts.values()
    ]
    if any(fields != found[0] for fields in found):
        raise ValueError(f"classes observe different fields: {dict(zip(layouts, found, strict=True))}; make them equal")
    if len({"action_mask" in layout.shapes for layout in layouts.values()}) > 1:
        raise ValueError("only some classes have an action_mask; give one to all or to none")
    if found[0].get("adjacency", (size,)) != (size,):
        raise ValueError(f"adjacency has shape {found[0]['adjacency']}; give one number for each of {size} agents")
