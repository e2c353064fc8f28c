"""A block of copies as an `Environment`: tensors from arrays, whatever steps them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from marl.core.environment import Rule, State
from marl.core.errors import EnvironmentFailedError, Note, UndrawableError
from marl.core.records import Observation, Step
from marl.core.roster import Roster
from marl.core.scene import Picture, Scene
from marl.pictures.given import check_picture
from marl.tasks.blocks import Block, Moved, Seen
from marl.tasks.episode_seeds import DealtSeeds
from marl.tasks.guard import Watch

__all__ = ["BlockEnvironment"]


class BlockEnvironment:
    """``B`` copies of an environment. An `Environment`, and a `Numbered` one.

    A state has the seeds of the episodes to come, and no running episodes. It does not know how many processes step the
    copies, so that a run goes on with any number of them.

    Args:
        name: of the environment, for errors.
        roster: the agents.
        block: the copies.
        num_copies: ``B``.
        device: device of the tensors.
        scripted: reference policies by name.
        drawn: True if the copies can be drawn.
        takes_turns: True if not all agents that are alive are to move.
    """

    events: Mapping[str, str] = MappingProxyType({})
    per_step: frozenset[str] = frozenset()
    numbered = True
    agent_noun = "agent"
    reward_threshold: float | None = None

    def __init__(
        self,
        name: str,
        roster: Roster,
        block: Block,
        num_copies: int,
        device: torch.device | str,
        scripted: Mapping[str, Rule] | None,
        drawn: bool,
        takes_turns: bool = False,
    ) -> None:
        self.roster, self.num_copies, self.device = roster, num_copies, torch.device(device)
        self._name, self._block, self._drawn, self._takes_turns = name, block, drawn, takes_turns
        self._scripted = dict(scripted or {})
        self._dealt = DealtSeeds(num_copies)
        self._watch = Watch(block.guards)

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
        before = self._block.seen
        moved = self._block.step({kind: chosen.detach().cpu().numpy() for kind, chosen in action.items()})
        self._dealt.count(moved.ended)
        return self._step(before, moved)

    def state(self) -> State | None:
        """Seeds of the episodes to come; see `Environment`."""
        return self._dealt.state()

    def load_state(self, state: State) -> Observation | None:
        """Begin the next episode in every copy; see `Environment`.

        Raises:
            ValueError: if the state is of another number of copies.
        """
        self._dealt.load_state(state)
        return self._observation(self._block.reset(self._dealt.go_on()))

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
        """Scene of one copy; see `Environment`.

        Raises:
            UndrawableError: if the environment cannot be drawn.
            PictureError: if it draws what is no picture, or fails.
        """
        if not self._drawn:
            raise UndrawableError(
                "this environment cannot be drawn: it has no render mode rgb_array, and no scene was given"
            )
        found = self._block.scene(copy, at_end)
        return found if isinstance(found, Scene) else check_picture(found, self._name)

    def close(self) -> None:
        """Close every copy; one that fails in it stops nothing and is told as a note."""
        self._watch.end()
        try:
            self._block.close()
        except EnvironmentFailedError as error:
            warnings.warn(str(error), Note, stacklevel=2)

    def _step(self, before: Seen, moved: Moved) -> Step:
        successor = self._observation(moved.successor)
        return Step(
            next_observation=successor,
            observation=successor if moved.seen is moved.successor else self._observation(moved.seen),
            reward=self._tensor(moved.reward),
            terminated=self._tensor(moved.terminated),
            truncated=self._tensor(moved.truncated),
            info={name: self._tensor(moved.measured[name]) for name in sorted(moved.measured)},
        )

    def _observation(self, seen: Seen) -> Observation:
        return Observation(
            features={kind: self._tensor(array) for kind, array in seen.features.items()},
            alive=self._tensor(seen.alive),
            action_mask={kind: self._tensor(mask) for kind, mask in seen.masks.items()} or None,
            acting=self._tensor(seen.acting) if self._takes_turns else None,
            images={kind: self._tensor(array) for kind, array in seen.images.items()} or None,
            state=None if seen.state is None else self._tensor(seen.state),
            **self._fields(seen),
        )

    def _fields(self, seen: Seen) -> dict[str, Any]:
        """Further parts of the observation."""
        return {}

    def _tensor(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(self.device)
