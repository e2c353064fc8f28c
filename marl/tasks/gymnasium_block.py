"""Copies of a Gymnasium environment that step together in one process, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium.vector import SyncVectorEnv
from numpy.typing import NDArray

from marl.core.errors import EnvironmentFailedError
from marl.tasks.blocks import Flags, Moved, Seen
from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.guard import Guard, GuardedEnv
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.no_display import no_display
from marl.tasks.observed_masks import MASK
from marl.tasks.spaces import ActionSpace, ObservationSpace, agent_class

__all__ = ["GymnasiumBlock"]

Images: TypeAlias = tuple[NDArray[Any], ...]


class GymnasiumBlock:
    """Copies of a Gymnasium environment in one process, each a team of one. A `Block`.

    Args:
        name: of the environment.
        vector: the copies, each a `GuardedEnv`.
        observed: what each of them observes.
        acted: how each of them acts.
    """

    def __init__(self, name: str, vector: SyncVectorEnv, observed: ObservationSpace, acted: ActionSpace) -> None:
        self._vector, self._observed, self._acted = vector, observed, acted
        self._names = tuple(agent_class(CLASS, observed, acted).named_images)
        self._guard, self.masked = Guard(name), False
        self._alive = np.ones((vector.num_envs, 1), bool)
        self._infos: dict[str, Any] = {}
        self.seen: Seen

    @property
    def copies(self) -> list[GuardedEnv]:
        """The copies."""
        return self._vector.envs  # type: ignore[return-value]

    @property
    def guards(self) -> list[Guard]:
        """Those of the copies."""
        return [copy.guard for copy in self.copies]

    def reset(self, seeds: Sequence[EpisodeSeeds] | None = None) -> Seen:
        """Begin the next episode in every copy; see `Block`."""
        rows, self._infos = self._guard(self._vector.reset, seed=seeds)
        self.masked = MASK in self._infos
        self.seen = self._perceived(*self._read(rows, len(self._alive)), self._infos)
        return self.seen

    def restart(self, copies: Flags) -> Seen:
        """Begin the next episode in some copies; see `Block`."""
        rows, infos = self._guard(self._vector.reset, options={"reset_mask": copies})
        for key in {MASK, f"_{MASK}"} & infos.keys():  # the others have theirs from their last step
            self._infos[key][copies] = infos[key][copies]
        self.seen = self._perceived(*self._read(rows, len(self._alive)), self._infos)
        return self.seen

    def step(self, actions: Mapping[str, NDArray[Any]]) -> Moved:
        """Step every copy; see `Block`."""
        inside = self._acted.actions(actions[CLASS][:, 0])
        rows, reward, terminated, truncated, infos = self._guard(self._vector.step, inside)
        self._infos = infos
        features, images = self._read(rows, len(self._alive))
        successor = self.seen = self._perceived(features, images, infos)
        ended = terminated | truncated
        if ended.any():
            last = [self._read(each) for each in infos["final_obs"][ended]]
            features = features.copy()
            features[ended] = [its_features for its_features, _ in last]
            images = tuple(x.copy("K") for x in images)
            for number, x in enumerate(images):
                x[ended] = [its_images[number] for _, its_images in last]
            successor = self._perceived(features, images, infos, ended)
        return Moved(successor, self.seen, reward[:, None], terminated[:, None], truncated[:, None], {})

    def scene(self, copy: int, at_end: bool) -> Any:
        """Picture of one copy; see `Block`."""
        with no_display():
            return self.copies[copy].scenes(at_end)

    def close(self) -> None:
        """Close every copy."""
        self._guard(self._vector.close)

    def _read(self, seen: Any, *leading: int) -> tuple[NDArray[Any], Images]:
        """Features and images of all copies, or of one where there are no leading axes; in memory of their own."""
        try:
            features = self._observed.features(seen, *leading)
            return features, tuple(x.copy("K") for x in self._observed.images(seen, *leading))
        except ValueError as error:
            raise EnvironmentFailedError(f"{self._guard}: {error}") from None

    def _perceived(
        self,
        features: NDArray[Any],
        images: Images,
        infos: Mapping[str, Any],
        ended: Flags | None = None,
    ) -> Seen:
        """Perceptions of features ``[B, D]`` and images; where an episode ended, with the masks of its last step."""
        masked = self.masked or MASK in infos
        masks = {CLASS: self._masks(infos, ended)[:, None]} if masked else {}
        pictures = {name: x[:, None] for name, x in zip(self._names, images, strict=True)}
        return Seen({CLASS: features[:, None]}, masks, {}, self._alive, self._alive, pictures)

    def _masks(self, infos: Mapping[str, Any], ended: Flags | None) -> Flags:
        """Legal actions ``[B, A]``."""
        there = infos.get(f"_{MASK}", np.zeros(1, np.bool_))
        if not self.masked or not there.all():
            raise EnvironmentFailedError(
                f"{self._guard} gives info['{MASK}'] at some moments only; give it at each, or never"
            )
        masks = self._as_masks(infos[MASK])
        if not masks.any(1).all():
            copy = self.guards[int(masks.any(1).argmin())].copy
            raise EnvironmentFailedError(f"{self._guard} leaves copy {copy} no legal action")
        if ended is not None:
            last = infos.get("final_info", {})
            masks[ended] = True  # nobody acts there, so that it need not say
            known = ended & last.get(f"_{MASK}", np.zeros(1, np.bool_))
            masks[known] = self._as_masks(last[MASK][known]) if known.any() else True
        return masks

    def _as_masks(self, given: NDArray[Any]) -> Flags:
        try:
            return np.array([self._acted.mask(mask) for mask in given])
        except ValueError as error:
            raise EnvironmentFailedError(f"{self._guard} gives info['{MASK}'] {error}") from None
