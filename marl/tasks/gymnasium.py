"""Any Gymnasium environment as an `Environment` of teams of one: many copies, vectorised by Gymnasium."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import gymnasium
import numpy as np
import torch
from gymnasium.vector import SyncVectorEnv
from numpy.typing import NDArray
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.errors import EnvironmentFailedError, Note, UndrawableError
from marl.core.records import Observation, Step
from marl.core.roster import Roster
from marl.core.scene import Picture
from marl.pictures.given import check_picture
from marl.tasks.episode_seeds import DealtSeeds, EpisodeSeeds
from marl.tasks.guard import Guard, Watch
from marl.tasks.gymnasium_config import CLASS
from marl.tasks.spaces import ActionSpace, ObservationSpace, agent_class
from marl.tasks.vectorised import no_display, vectorise

__all__ = ["GymnasiumEnvironment"]

MASK = "action_mask"
"""Key of a mask in the infos."""
FRAMES_PER_SECOND = 30.0
"""Frames per second of an environment that does not state them."""


class GymnasiumEnvironment:
    """``B`` copies of a Gymnasium environment as teams of one. An `Environment`.

    Spaces are those of `marl.tasks.spaces`. A mask of legal actions ``[A]`` that the infos of resets and steps have as
    ``action_mask`` becomes the observation's. An episode's last observation
    is kept apart from the first of the next (``next_observation`` and ``observation`` of `Step`).

    A state has the seeds of the episodes to come, and no running episodes. A `Numbered` environment.

    Args:
        name: name in Gymnasium's registry; ``MODULE:NAME`` imports the module first, if it is trusted.
        num_copies: ``B``.
        arguments: keyword arguments of the environment.
        max_episode_steps: limit of an episode; None for the registered one.
        vectorization: ``"sync"`` for all copies in this process, ``"async"`` for one process each.
        scripted: reference policies by name.
        device: device of the tensors.
        step_timeout: seconds that a reset or a step may take in a process of its own; None for any time.
        channels: axis of the channels of images; see `ImageSpace`.

    Raises:
        ValueError: for no copies, an environment that Gymnasium cannot make, or spaces that are not supported.
        UntrustedError: see `marl.core.trust.import_named`.
        EnvironmentFailedError: at a reset or a step, if a copy raises an error, exits, dies or hangs, or
            observes what its space does not hold.
    """

    events: Mapping[str, str] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    numbered = True
    agent_noun = "agent"

    def __init__(
        self,
        name: str,
        num_copies: int,
        arguments: Mapping[str, Any] | None = None,
        max_episode_steps: int | None = None,
        vectorization: Literal["sync", "async"] = "sync",
        scripted: Mapping[str, Rule] | None = None,
        device: torch.device | str = "cpu",
        step_timeout: float | None = None,
        channels: Literal["first", "last"] | None = None,
    ) -> None:
        if num_copies < 1:
            raise ValueError(f"num_copies is {num_copies}; give at least 1")
        self.num_copies, self.device = num_copies, torch.device(device)
        self._dealt = DealtSeeds(num_copies)
        self._scripted = dict(scripted or {})
        self._vector = vectorise(
            name, num_copies, dict(arguments or {}), max_episode_steps, vectorization, step_timeout
        )
        self._guard = Guard(name)
        here = self._vector.envs if isinstance(self._vector, SyncVectorEnv) else []  # else only the whole is watched
        self._watch = Watch([env.guard for env in here] or [self._guard])  # type: ignore[attr-defined]
        try:
            self._seen = ObservationSpace(self._vector.single_observation_space, name, channels)
            self._acted = ActionSpace(self._vector.single_action_space, name)
        except ValueError:
            self.close()
            raise
        self._masked = False  # until a reset gives a mask
        self.roster = Roster((agent_class(CLASS, self._seen, self._acted),), (1,))
        spec = gymnasium.spec(name.rpartition(":")[2])
        self.reward_threshold: float | None = spec.reward_threshold
        self.registered_limit: int | None = spec.max_episode_steps
        self.frames_per_second = float(self._vector.metadata.get("render_fps", FRAMES_PER_SECOND))
        self._alive = torch.ones(num_copies, 1, dtype=torch.bool, device=self.device)

    def reset(self, seed: int) -> Observation:
        """Begin an episode in every copy; see `Environment`."""
        return self._begin(self._dealt.begin(seed))

    def restart(self, copies: Tensor) -> Observation:
        """Begin the next episode in some copies; see `Numbered`."""
        mask = copies.cpu().numpy()
        self._dealt.count(mask)
        rows, infos = self._guard(self._vector.reset, options={"reset_mask": mask})
        for key in {MASK, f"_{MASK}"} & infos.keys():  # the others have theirs from their last step
            self._infos[key][mask] = infos[key][mask]
        return self._observe(*self._read(rows, self.num_copies), self._infos)

    def step(self, action: dict[str, Tensor]) -> Step:
        """Step every copy; see `Environment`."""
        packed = self._acted.actions(action[CLASS][:, 0].detach().cpu().numpy())
        rows, reward, terminated, truncated, infos = self._guard(self._vector.step, packed)
        self._infos = infos
        features, images = self._read(rows, self.num_copies)
        observation = next_observation = self._observe(features, images, infos)
        ended = terminated | truncated
        if ended.any():
            self._dealt.count(ended)
            last = [self._read(seen) for seen in infos["final_obs"][ended]]
            features = features.copy()
            features[ended] = [its_features for its_features, _ in last]
            if images is not None:
                images = images.copy()
                images[ended] = [its_image for _, its_image in last]
            next_observation = self._observe(features, images, infos, ended)
        return Step(
            next_observation=next_observation,
            observation=observation,
            reward=self._column(reward).double(),
            terminated=self._column(terminated),
            truncated=self._column(truncated),
            info={},
        )

    def state(self) -> State | None:
        """Seeds of the episodes to come: Gymnasium cannot store those that run; see `Environment`."""
        return self._dealt.state()

    def load_state(self, state: State) -> Observation | None:
        """Begin the next episode in every copy; see `Environment`.

        Raises:
            ValueError: if the state is of another number of copies.
        """
        self._dealt.load_state(state)
        return self._begin(self._dealt.go_on())

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

    def scene(self, copy: int = 0, at_end: bool = False) -> Picture:
        """Picture of one copy by the environment itself, ``[H, W, 3]``; see `Environment`.

        Raises:
            UndrawableError: if the environment draws no pictures.
            PictureError: if it draws what is no picture, or fails.
        """
        if self._vector.render_mode != "rgb_array":
            raise UndrawableError("this environment draws no pictures (it has no render mode rgb_array)")
        with no_display():
            return check_picture(self._guard(self._vector.call, "scenes", at_end)[copy], self._guard.name)

    def close(self) -> None:
        """Close every copy; one that fails in it stops nothing and is told as a note."""
        self._watch.end()
        try:
            self._guard(self._vector.close)
        except EnvironmentFailedError as error:
            warnings.warn(str(error), Note, stacklevel=2)

    def _begin(self, seeds: list[EpisodeSeeds]) -> Observation:
        rows, self._infos = self._guard(self._vector.reset, seed=seeds)
        self._masked = MASK in self._infos
        return self._observe(*self._read(rows, self.num_copies), self._infos)

    def _read(self, seen: Any, *leading: int) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Features and images of all copies, or of one where there are no leading axes; in memory of their own."""
        try:
            features = self._seen.features(seen, *leading)
            return features, None if self._seen.image is None else self._seen.images(seen, *leading).copy("K")
        except ValueError as error:
            raise EnvironmentFailedError(f"the environment {self._guard.name}: {error}") from None

    def _observe(
        self,
        features: NDArray[Any],
        images: NDArray[Any] | None,
        infos: Mapping[str, Any],
        ended: NDArray[np.bool_] | None = None,
    ) -> Observation:
        """Observation of features ``[B, D]`` and images; where an episode ended, with the masks of its last step."""
        tensor = torch.from_numpy(features).to(self.device)[:, None]
        seen = None if images is None else {CLASS: torch.from_numpy(images).to(self.device)[:, None]}
        if not self._masked and MASK not in infos:
            return Observation({CLASS: tensor}, self._alive, images=seen)
        masks = torch.from_numpy(self._masks(infos, ended)).to(self.device)[:, None]
        return Observation({CLASS: tensor}, self._alive, {CLASS: masks}, images=seen)

    def _masks(self, infos: Mapping[str, Any], ended: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """Legal actions ``[B, A]``."""
        who = f"the environment {self._guard.name}"
        there = infos.get(f"_{MASK}", np.zeros(1, np.bool_))
        if not self._masked or not there.all():
            raise EnvironmentFailedError(f"{who} gives info['{MASK}'] at some moments only; give it at each, or never")
        masks = self._as_masks(infos[MASK])
        if not masks.any(1).all():
            raise EnvironmentFailedError(f"{who} leaves copy {masks.any(1).argmin()} no legal action")
        if ended is not None:
            last = infos.get("final_info", {})
            masks[ended] = True  # nobody acts there, so that it need not say
            known = ended & last.get(f"_{MASK}", np.zeros(1, np.bool_))
            masks[known] = self._as_masks(last[MASK][known]) if known.any() else True
        return masks

    def _as_masks(self, given: NDArray[Any]) -> NDArray[np.bool_]:
        try:
            return np.array([self._acted.mask(mask) for mask in given])
        except ValueError as error:
            who = f"the environment {self._guard.name}"
            raise EnvironmentFailedError(f"{who} gives info['{MASK}'] {error}") from None

    def _column(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self.device)[:, None]  # Gymnasium hands out copies
