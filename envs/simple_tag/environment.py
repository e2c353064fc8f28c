"""MPE simple_tag on tensors: many copies at once, any team size, any device.

The dynamics equal those of mpe2 1.1's ``simple_tag_v3`` (https://github.com/Farama-Foundation/MPE2,
``mpe2/simple_tag/simple_tag.py`` and ``mpe2/_mpe_utils/core.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.records import Observation, Step
from marl.core.scene import Scene
from marl.core.symmetry import Symmetries
from marl.envs.simple_tag.curriculum import Curriculum, Stage, seats
from marl.envs.simple_tag.links import EpisodeLinks, of_each_side
from marl.envs.simple_tag.motion import Motion
from marl.envs.simple_tag.perception import Perception, together
from marl.envs.simple_tag.references import roster_of, scripted_actors
from marl.envs.simple_tag.rewards import contacts_of, outcome_of
from marl.envs.simple_tag.scene import tag_scene
from marl.envs.simple_tag.sides import Side
from marl.envs.simple_tag.square import square_symmetries
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.message_graph import MessageGraph
from marl.wrappers.rules.prey import Opponents, PreyNoise, PreyPolicy, opponents_of, still
from marl.wrappers.rules.world import DIRECTIONS, World, entity_kinds

__all__ = ["SimpleTag"]


class SimpleTag:
    """``B`` copies of simple_tag in which one side or both are agents, predators first; an `Environment`.

    Every predator receives +10 for every overlapping (predator, prey) pair at a step. Each prey receives -10 for
    every predator on it, less a penalty for leaving. Episodes are truncated after ``max_cycles`` steps; the next
    begins at once. ``Step.info`` has for each agent ``contacts``, see `Outcome`, and ``links``, teammates that it
    hears.

    Args:
        num_copies: ``B``.
        views: features of each class of the side that learns; its counts are the places of that side.
        graph: message links on each side of agents; None for no messages.
        opponents: rule or policy of the other side; or features of the prey's classes, who are then agents, too.
        side: the side that learns; predators if both do.
        prey_noise: random actions of scripted prey in training; None for none.
        max_cycles: number of steps of an episode.
        continuous_actions: True for five numbers in ``[-1, 1]``, mpe2's in ``[0, 1]`` scaled, False for one of five.
        compositions: ``[K, C]`` of int, numbers of agents of each class, at most those of its views. Each copy draws
            one of the ``K`` for each episode; None if all always play. Absent ones neither live, collide nor are seen.
        opponents_between: bounds of the number of opponents, drawn for each episode; None for all of them.
        arena: half the width of the square in which episodes begin and that prey keep to; 1 in mpe2.
        stages, promotion_episodes: of a `Curriculum`; no stages for all compositions and full speed.
        training: True to lose links and to add noise to the prey.
        device, dtype: device of the tensors, and type of positions and velocities.

    Raises:
        ValueError: for compositions that do not fit, or for fewer than one step or copy.
    """

    events: Mapping[str, str] = MappingProxyType({"contacts": "contact"})
    per_step = frozenset({"links"})
    reward_threshold: float | None = None
    frames_per_second, numbered = 12.5, False

    def __init__(
        self,
        num_copies: int,
        views: ClassViews,
        graph: MessageGraph | None,
        opponents: Opponents | PreyPolicy | ClassViews,
        side: Side = "predators",
        prey_noise: PreyNoise | None = None,
        max_cycles: int = 100,
        continuous_actions: bool = False,
        compositions: Tensor | None = None,
        opponents_between: tuple[int, int] | None = None,
        arena: float = 1.0,
        stages: Sequence[Stage] = (),
        promotion_episodes: int = 256,
        training: bool = True,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if num_copies < 1 or max_cycles < 1:
            raise ValueError(f"num_copies is {num_copies} and max_cycles {max_cycles}; give at least 1 of each")
        self.num_copies, self.max_cycles, self.continuous_actions = num_copies, max_cycles, continuous_actions
        self.views, self.graph, self.training, self.side = views, graph, training, side
        self.both = isinstance(opponents, ClassViews)
        self.opponents = opponents_of(still if isinstance(opponents, ClassViews) else opponents)
        self._sides = [Perception(views, graph, side)]
        if isinstance(opponents, ClassViews):
            self._sides.append(Perception(opponents, graph, "prey"))
        self.device, self.dtype = torch.device(device), dtype
        self.roster = roster_of([each.views for each in self._sides], continuous_actions)
        self.agent_noun = "agent" if self.both else "predator" if side == "predators" else "prey"
        self.generator = torch.Generator(self.device)
        self.prey_noise = prey_noise if training and prey_noise is not None else PreyNoise()
        self._forgetting = torch.zeros(num_copies, device=self.device)
        self._links = EpisodeLinks(graph, num_copies, self.roster.size, training)
        self._teams = seats(self.roster.counts, compositions).to(self.device)
        all_teams = Stage(torch.ones(len(self._teams), dtype=torch.bool))
        self.curriculum = Curriculum(stages or [all_teams], promotion_episodes, num_copies, self.device)
        self.arena, self.opponents_between = arena, opponents_between
        self._clock = np.zeros(num_copies, dtype=np.int64)
        self._build_constants()

    def _build_constants(self) -> None:
        learners, others, obstacles = self.views.num_predators, self.views.num_prey, self.views.num_obstacles
        predators, prey = (learners, others) if self.side == "predators" else (others, learners)
        make = lambda values: torch.tensor(values, dtype=self.dtype, device=self.device)  # noqa: E731
        self._motion = Motion(predators, prey, obstacles, self.dtype, self.device)
        self._directions = make(DIRECTIONS)
        self._spread = make([[1.0]] * (predators + prey) + [[0.9]] * obstacles) * self.arena
        kinds = entity_kinds(self.roster.class_indices, len(self.roster.classes), others * (not self.both), obstacles)
        self._kinds = kinds.to(self._spread)
        team = self._teams[:1].expand(self.num_copies, -1)
        self._seat(team[:, :learners], team[:, learners:] if self.both else team.new_ones(self.num_copies, others))

    def _seat(self, alive: Tensor, present: Tensor) -> None:
        """Set who plays, ``[B, N]`` of the side that learns and ``[B, P]`` of its opponents, and what depends on it."""
        self._alive, self._present = alive, present
        self._agents = torch.cat([alive, present], 1) if self.both else alive
        self._predator_alive, self._prey_alive = sides = (alive, present)[:: 1 if self.side == "predators" else -1]
        there = torch.cat([*sides, alive.new_ones(self.num_copies, self.views.num_obstacles)], 1)
        self._forces = self._motion.forces(there)
        self._there = there.to(self.dtype)[..., None]

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy; see `Environment`."""
        self.generator.manual_seed(seed)
        self._clock[:] = 0
        everywhere = torch.ones(self.num_copies, dtype=torch.bool, device=self.device)
        self._draw_team(everywhere)
        shape = (self.num_copies, self._spread.shape[0], 2)
        movable = self.views.num_predators + self.views.num_prey
        self._place(self._draw(shape), torch.zeros(self.num_copies, movable, 2, dtype=self.dtype, device=self.device))
        self._draw_for_episodes(everywhere)
        self.opponents.begin(everywhere, self.generator)
        return self._observe()

    def set_world(self, position: Tensor, velocity: Tensor) -> Observation:
        """Set all positions ``[B, E, 2]`` and velocities ``[B, N + P, 2]``, e.g. to compare with another simulator."""
        self._place(position.to(self._spread), velocity.to(self._spread))
        return self._observe()

    def step(self, action: dict[str, Tensor]) -> Step:
        """Advance every copy by one step of 0.1 s; see `Environment`."""
        direction = torch.cat([self._direction(action[name]) for name in self.roster.slices], 1)
        if not self.both:
            others = self._opponents_direction()
            direction = torch.cat([direction, others] if self.side == "predators" else [others, direction], 1)
        now, speed = self.world, self.curriculum.prey_speed
        self._place(*self._motion.advance(now.position, now.velocity, direction, self._forces, speed))
        self._clock += 1
        self._links.advance(self.generator)
        contacts, alive, over = contacts_of(self.world), self._agents, self._clock >= self.max_cycles
        outcome = outcome_of(self.world, contacts, self.side, self.both)
        ended = torch.from_numpy(over).to(self.device)
        # Counted before the restart, which assigns new episodes to the stage that this step may have begun.
        self.curriculum.count(contacts.sum((1, 2)), ended)
        # The successor is observed before the restart: a truncated episode bootstraps from its true last state.
        successor = self._observe()
        truncated = ended[:, None] & alive
        observation = self._restart(ended, successor) if over.any() else successor
        info = {"contacts": outcome.contacts}
        if successor.adjacency is not None:
            info["links"] = successor.adjacency.sum(-1).to(self.dtype)
        return Step(successor, observation, outcome.reward, ~alive, truncated, info, outcome.earned)

    def state(self) -> State:
        """State of worlds, episodes and random draws, for `load_state`; see `Environment`."""
        return {
            "position": self.world.position,
            "velocity": self.world.velocity,
            "clock": torch.from_numpy(self._clock.copy()),
            "alive": self._alive,
            "present": self._present,
            "curriculum": self.curriculum.state(),
            "forgetting": self._forgetting,
            "links": self._links.episode,
            "down": self._links.down,
            "generator": self.generator.get_state(),
            "opponents": self.opponents.state(),
        }

    def load_state(self, state: State) -> None:
        """Continue from a state; see `Environment`."""
        self._clock[:] = state["clock"].numpy()
        self._seat(state["alive"].to(self.device), state["present"].to(self.device))
        self.curriculum.load_state(state["curriculum"])
        self._forgetting = state["forgetting"].to(self.device)
        self._links.episode, self._links.down = (
            None if state.get(name) is None else state[name].to(self.device) for name in ("links", "down")
        )
        self.opponents.load_state(state["opponents"])
        self.generator.set_state(state["generator"])
        self._place(state["position"].to(self.device), state["velocity"].to(self.device))

    def observe(self) -> Observation:
        """Observation of the agents at this moment, without lost links."""
        return self._observe(draw=False)

    @property
    def symmetries(self) -> Symmetries:
        """Symmetries of the square; see `Environment`."""
        return square_symmetries([each.views for each in self._sides], self.device)

    @property
    def metrics(self) -> dict[str, float]:
        """The stage of the curriculum; see `Environment`."""
        return self.curriculum.metrics

    def scripted(self) -> Mapping[str, Rule]:
        """Hand-written policies of the agents: ``"chase"`` for predators, the scripted prey for prey."""
        sides = {each.side: tuple(each.views.classes) for each in self._sides}
        return scripted_actors(self.roster, sides, self.continuous_actions, self.arena)

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene:
        """Scene of one copy; see `Environment`."""
        world, down = self._ended if at_end else (self.world, self._links.down)
        views, one = [each.views for each in self._sides], slice(copy, copy + 1)
        down = None if down is None else down[one]
        return tag_scene(world.index(one), self.roster, self.graph, self.side, views, down)

    def close(self) -> None:
        """Do nothing: no resource is held."""

    def _opponents_direction(self) -> Tensor:
        chosen = self.opponents(self.world, self.generator)
        if self.side == "predators":
            chosen = self.prey_noise.apply(self.world, chosen, self._forgetting, self.generator)
        return self._directions[chosen]

    def _draw_team(self, begins: Tensor) -> None:
        """Draw a composition and a number of opponents for the copies that begin an episode."""
        self.curriculum.begin(begins)
        if len(self._teams) > 1:
            chosen = self.curriculum.draw(self.generator)
            team = torch.where(begins[:, None], self._teams[chosen], self._agents)
            size = self._alive.shape[1]
            self._seat(team[:, :size], team[:, size:] if self.both else self._present)
        if self.opponents_between is not None:
            low, high = self.opponents_between
            number = torch.randint(low, high + 1, begins.shape, generator=self.generator, device=self.device)
            present = torch.arange(self.views.num_prey, device=self.device) < number[:, None]
            self._seat(self._alive, torch.where(begins[:, None], present, self._present))

    def _draw_for_episodes(self, begins: Tensor) -> None:
        """Draw noise and links for the copies that begin an episode."""
        self._forgetting = torch.where(begins, self.prey_noise.draw(self.num_copies, self.generator), self._forgetting)
        self._links.begin(begins, self.generator)

    def _draw(self, shape: tuple[int, ...]) -> Tensor:
        drawn = torch.rand(shape, generator=self.generator, dtype=self.dtype, device=self.device)
        return (2 * drawn - 1) * self._spread

    def _place(self, position: Tensor, velocity: Tensor) -> None:
        movable = velocity.shape[1]
        # Absent bodies rest at the origin, so they look the same in every copy and move nothing.
        position = position * self._there
        velocity = velocity * self._there[:, :movable]
        size = self._prey_alive.shape[1]
        self.world = World(position, velocity, self._predator_alive, size, self._prey_alive, self.arena)

    def _restart(self, ended: Tensor, successor: Observation) -> Observation:
        # Places are drawn for all copies and used where an episode ended, so copies need no loop.
        self._clock[self._clock >= self.max_cycles] = 0
        self._ended = self.world, self._links.down
        self._draw_team(ended)
        self.opponents.begin(ended, self.generator)
        where = ended[:, None, None]
        position = torch.where(where, self._draw(tuple(self.world.position.shape)), self.world.position)
        self._place(position, self.world.velocity * ~where)
        self._draw_for_episodes(ended)
        # Observing draws lost links anew; copies that go on keep those of the successor, the same moment.
        fresh = self._observe()
        if fresh.adjacency is None or successor.adjacency is None:
            return fresh
        return replace(fresh, adjacency=torch.where(where, fresh.adjacency, successor.adjacency))

    def _direction(self, action: Tensor) -> Tensor:
        if not self.continuous_actions:
            return self._directions[action]
        _, left, right, down, up = ((action.clamp(-1, 1) + 1) / 2).unbind(-1)
        # mpe2 too subtracts before it converts to its own type; the other order rounds differently.
        return torch.stack([right - left, up - down], -1).to(self.dtype)

    def _observe(self, draw: bool = True) -> Observation:
        generator = self.generator if draw and self.training else None
        parts = of_each_side(self._links.down, [each.views.num_predators for each in self._sides])
        kinds = (self._kinds, None)  # whoever comes first tells of all entities
        told = zip(self._sides, kinds, parts, strict=False)
        return together([each(self.world, kind, generator, self._links.episode, part) for each, kind, part in told])
