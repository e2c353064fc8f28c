"""Agent classes for the adversaries of simple_tag, and the observation of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

from marl.wrappers.mpe2_world import predators_of, read_world
from marl.wrappers.predator_observation import PredatorObservation, as_float32, unbounded
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.sights import Frame
from marl.wrappers.rules.world import World

__all__ = ["DEFAULT_CLASSES", "DEFAULT_TEAM", "AdversaryClass"]

DEFAULT_CLASSES: Mapping[str, Sequence[str]] = {"A": ("landmarks",), "B": ("prey",)}
DEFAULT_TEAM: Mapping[str, int] = {"A": 2, "B": 2}


class AdversaryClass(PredatorObservation):
    """Wrapper that replaces the observation of each adversary by the features of its class.

    `ClassViews` has the order of the features. Classes are assigned to the adversaries in the order in which
    ``classes`` declares them. Feature widths differ by class and are not padded.

    Args:
        env: mpe2's ``simple_tag_v3.parallel_env``, wrapped or not.
        team: number of adversaries of each class; the sum is the number of adversaries of ``env``.
        classes: for each declared class the kinds of things that it sees.
        frame: ``"absolute"``, or ``"relative"`` to the agent.
        velocities: False to hide velocities, see `ClassViews`.

    Attributes:
        class_of: class of each adversary, by the adversary's name.
        views: features of each class, computed from a `World`.

    Raises:
        ValueError: if the counts do not sum to the number of adversaries, or for what
            `ClassViews` refuses.
        TypeError: if the environment is not mpe2's simple_tag.

    Examples:
        Class A sees one obstacle: 4 + 2 + 2 features. Class B sees one prey: 4 + 4 + 2.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import AdversaryClass
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> env = AdversaryClass(env, team={"A": 1, "B": 1})
        >>> observations, infos = env.reset(seed=0)
        >>> [observations[agent].shape for agent in env.class_of]
        [(8,), (10,)]
        >>> env.class_of
        {'adversary_0': 'A', 'adversary_1': 'B'}
    """

    def __init__(
        self,
        env: ParallelEnv[str, Any, Any],
        team: Mapping[str, int] = DEFAULT_TEAM,
        classes: Mapping[str, Sequence[str]] = DEFAULT_CLASSES,
        frame: Frame = "relative",
        velocities: bool = True,
    ) -> None:
        world, names = read_world(env), predators_of(env)
        if any(isinstance(env.observation_space(name), spaces.Dict) for name in names):
            raise ValueError(
                f"{type(env).__name__} gives dictionaries, which the class views would replace; "
                "wrap in this order: ScriptedPrey, AdversaryClass, CommunicationGraph, TeamState"
            )
        num_obstacles = world.landmark_position.shape[1]
        self.views = ClassViews(classes, team, world.num_prey, num_obstacles, frame, velocities)
        if self.views.num_predators != len(names):
            raise ValueError(
                f"team {dict(team)} has {self.views.num_predators} agents but the environment has {len(names)} "
                f"adversaries; make them equal, e.g. with num_adversaries={self.views.num_predators}"
            )
        kinds = [name for name, count in zip(classes, self.views.counts, strict=True) for _ in range(count)]
        self.class_of = dict(zip(names, kinds, strict=True))
        sizes = {agent: self.views.feature_size(name) for agent, name in self.class_of.items()}
        super().__init__(env, {agent: unbounded(size) for agent, size in sizes.items()})

    def _observe(self, world: World, observations: dict[str, Any]) -> dict[str, Any]:
        rows = [row for features in self.views(world).values() for row in features[0]]
        return {agent: as_float32(row) for agent, row in zip(self.class_of, rows, strict=True)}
