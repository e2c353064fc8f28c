"""Observations for training alone: all entities of the world, and the offset to the nearest prey."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces
from pettingzoo.utils.env import ParallelEnv

from marl.wrappers.mpe2_world import read_world
from marl.wrappers.predator_observation import PredatorObservation, as_float32, unbounded
from marl.wrappers.rules.class_views import ClassViews
from marl.wrappers.rules.world import World, entities, entity_kinds, entity_size, nearest_prey

__all__ = ["TeamState"]


class TeamState(PredatorObservation):
    """Wrapper that adds three keys for training to the observation of each predator.

    ``"entities"`` ``[S, F]`` and ``"entity_mask"`` ``[S]`` hold the whole world, for a centralised critic; see
    `marl.wrappers.rules.world.entities`. ``"auxiliary_target"`` ``[2]`` is the offset to the predator's nearest prey;
    see `marl.wrappers.rules.world.nearest_prey`. An observation that is not a dictionary is put under
    ``"observation"``.

    Args:
        env: mpe2's ``simple_tag_v3.parallel_env`` with `AdversaryClass` somewhere beneath.

    Raises:
        ValueError: if no `AdversaryClass` lies beneath.
        TypeError: if the environment is not mpe2's simple_tag.

    Examples:
        Two predators, one prey and one obstacle are four entities; each has 4 + 2 + 2 numbers.

        >>> from mpe2 import simple_tag_v3
        >>> from marl.wrappers import AdversaryClass, TeamState
        >>> env = simple_tag_v3.parallel_env(num_good=1, num_adversaries=2, num_obstacles=1)
        >>> env = TeamState(AdversaryClass(env, team={"A": 1, "B": 1}))
        >>> observations, infos = env.reset(seed=0)
        >>> {key: part.shape for key, part in observations["adversary_0"].items()}
        {'observation': (8,), 'entities': (4, 8), 'entity_mask': (4,), 'auxiliary_target': (2,)}
    """

    def __init__(self, env: ParallelEnv[str, Any, Any]) -> None:
        world = read_world(env)
        # PettingZoo's wrappers pass attributes on, so the views are found beneath any wrapper in between.
        views = getattr(env, "views", None)
        if not isinstance(views, ClassViews):
            raise ValueError(f"{type(env).__name__} gives its predators no classes; wrap it in AdversaryClass first")
        indices = tuple(i for i, count in enumerate(views.counts) for _ in range(count))
        self._kinds = entity_kinds(indices, len(views.classes), views.num_prey, views.num_obstacles)
        self._num_entities = world.position.shape[1]
        self._width = entity_size(len(views.classes))
        self._names: list[str] = list(env.class_of)
        super().__init__(env, {agent: self._space(env.observation_space(agent)) for agent in self._names})

    def _space(self, inner: spaces.Space[Any]) -> spaces.Dict:
        parts = dict(inner.spaces) if isinstance(inner, spaces.Dict) else {"observation": inner}
        parts["entities"] = unbounded(self._num_entities, self._width)
        parts["entity_mask"] = spaces.MultiBinary(self._num_entities)
        parts["auxiliary_target"] = unbounded(2)
        return spaces.Dict(parts)

    def _observe(self, world: World, observations: dict[str, Any]) -> dict[str, Any]:
        table, mask = entities(world, self._kinds.to(world.position))
        everything, there = as_float32(table[0]), mask[0].numpy().astype("int8")
        seen = {}
        for agent, target in zip(self._names, as_float32(nearest_prey(world)[0]), strict=True):
            inner = observations[agent]
            parts = inner if isinstance(inner, dict) else {"observation": inner}
            seen[agent] = {
                **parts,
                "entities": everything,
                "entity_mask": there,
                "auxiliary_target": target,
            }
        return seen
