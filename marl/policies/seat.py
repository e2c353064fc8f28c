"""One agent's side of a user's loop: its observations as features, and a policy's actions as its own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, iterate
from numpy.typing import NDArray

from marl.core.errors import Note
from marl.core.roster import Roster
from marl.core.task import AgentSpaces
from marl.tasks.compatibility import check_class
from marl.tasks.observed_masks import MASK
from marl.tasks.spaces import ActionSpace, ObservationSpace, agent_class

__all__ = ["UNMASKED", "Seat"]

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
        self.seen = ObservationSpace(given.observation, who, given.channels)
        self._acted = ActionSpace(given.action, who)
        self.num_actions, self._masked = self._acted.spec.size, given.masked or MASK in given.fields
        self._single = batch_space(given.action, 1)
        its_class = agent_class(self.agent_class, self.seen, self._acted)
        self.image_specs = its_class.named_images
        check_class(its_class, roster)

    def parts(self, observation: Any) -> Mapping[str, Any]:
        """Dictionary of the fields of an observation; one without fields is put under ``"observation"``."""
        if not isinstance(observation, Mapping):
            return {"observation": observation}
        space = self.seen.space
        whole = isinstance(space, spaces.Dict) and (not self.fields or space.spaces.keys() <= observation.keys())
        if not whole and "observation" in observation:
            return observation
        return {"observation": observation, **({MASK: observation.get(MASK)} if MASK in self.fields else {})}

    def features(self, observation: Any, *leading: int) -> NDArray[Any]:
        """Features ``[*, D]``; refuses what is not finite, as training and evaluation do."""
        try:
            rows = self.seen.features(observation, *leading)
        except ValueError as error:
            raise ValueError(f"{self.who}: {error}") from None
        return self._finite(rows)

    def images(self, observation: Any, *leading: int) -> dict[str, NDArray[Any]]:
        """Images ``[*, C, H, W]`` by name, in memory of their own."""
        images = self.seen.images(observation, *leading)
        return {name: self._finite(x.copy()) for name, x in zip(self.image_specs, images, strict=True)}

    def _finite(self, rows: NDArray[Any]) -> NDArray[Any]:
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
