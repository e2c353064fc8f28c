"""Copies of a PettingZoo environment that step together in one process, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marl.core.roster import class_of_image
from marl.tasks.answers import AnswerError, check_finite, number
from marl.tasks.blocks import Flags, Moved, Seen
from marl.tasks.episode_seeds import EpisodeSeeds
from marl.tasks.guard import Guard
from marl.tasks.observed_masks import MASK
from marl.tasks.pettingzoo.copies import Copy
from marl.tasks.pettingzoo.drivers import Turn
from marl.tasks.pettingzoo.state import StateView
from marl.tasks.pettingzoo.team import AgentView, Team

__all__ = ["PettingZooBlock"]


class PettingZooBlock:
    """Copies of a PettingZoo environment in one process. A `Block`.

    Args:
        copies: the environments.
        team: their agents.
        rejoin: True if an agent that left may come back in the same episode.
        state: reads ``state()``; None to leave it.
    """

    def __init__(
        self, copies: Sequence[Copy], team: Team, rejoin: bool = False, state: StateView | None = None
    ) -> None:
        self.copies, self.team, self.rejoin, self._state = copies, team, rejoin, state
        self.masked = any(view.masked for view in team.views)  # or once a reset gives one
        self._given: dict[int, bool] = {}  # for each agent that moved, True if it was given a mask
        self._images = {c.name: tuple(c.named_images) for c in team.roster.present}
        self.seen = self._blank()
        self._left = np.zeros_like(self.seen.alive)  # in the running episode, and not back

    def reset(self, seeds: Sequence[EpisodeSeeds] | None = None) -> Seen:
        """Begin the next episode in every copy; see `Block`."""
        for copy, series in zip(self.copies, seeds or (), strict=seeds is not None):
            copy.seeds = series
        self.seen = self._blank()
        self._begin(range(len(self.copies)))
        return self.seen

    def restart(self, copies: Flags) -> Seen:
        """Begin the next episode in some copies; see `Block`."""
        self.seen = self.seen.copy()
        self._begin(copies.nonzero()[0].tolist())
        return self.seen

    def step(self, actions: Mapping[str, NDArray[Any]]) -> Moved:
        """Step every copy; see `Block`."""
        chosen = {
            view.agent: view.chosen(actions[kind][:, i])
            for view, (kind, i) in zip(self.team.views, self.team.places, strict=True)
        }
        before, self.seen = self.seen, self._blank()
        shape = before.alive.shape
        moved = Moved(self.seen, self.seen, np.zeros(shape), ~before.alive, np.zeros(shape, bool), {})
        for b, copy in enumerate(self.copies):
            copy.guard(self._step, b, {agent: of_copies[b] for agent, of_copies in chosen.items()}, before, moved)
        self._check()
        ended, gone = moved.ended, moved.successor.alive & self._left
        if gone.any():
            self.seen = moved.successor.copy()
            self._erase(gone)
            moved = replace(moved, seen=self.seen)
        over = ended.nonzero()[0].tolist()
        for b in over:
            if (scenes := self.copies[b].scenes) is not None:
                scenes.end()
        self._begin(over)
        return moved

    @property
    def guards(self) -> list[Guard]:
        """Those of the copies."""
        return [copy.guard for copy in self.copies]

    def scene(self, copy: int, at_end: bool) -> Any:
        """Scene of one copy, of those that can be drawn; see `Block`."""
        scenes = self.copies[copy].scenes
        assert scenes is not None
        return scenes(at_end)

    def close(self) -> None:
        """Close every copy."""
        for copy in self.copies:
            copy.guard(copy.env.close)

    def _begin(self, copies: Iterable[int]) -> None:
        for b in copies:
            self._left[b] = False
            self._erase(np.arange(len(self.copies))[:, None] == b)
            self.copies[b].guard(self._first, b)
        self._check()

    def _first(self, b: int) -> None:
        turn = self.copies[b].begin()
        if not self.masked and any(MASK in (info or {}) for info in turn.infos.values()):
            self.masked = True
            self.seen.masks = self._blank().masks
        self.seen.alive[b] = self._named(turn.present)
        if not self.seen.alive[b].any():
            raise AnswerError("has no agents after its reset")
        self._write(b, turn)

    def _step(self, b: int, actions: Mapping[Any, Any], before: Seen, moved: Moved) -> None:
        turn, was = self.copies[b].step(actions), before.alive[b]
        for agent, reward in turn.rewards.items():
            plain = type(reward) is float and isfinite(reward)
            moved.reward[b, self._number(agent)] = reward if plain else number(reward, agent)
        for agent, info in turn.infos.items():
            for name, value in (info or {}).items():
                if isinstance(value, int | float | np.number | np.bool_):
                    where = moved.measured.setdefault(name, np.zeros(moved.reward.shape, np.float32))
                    where[b, self._number(agent)] = value
        after = self._named(turn.present)
        if not (any(turn.terminated.values()) or any(turn.truncated.values())) and (after == was).all():
            self.seen.alive[b] = was
            self._write(b, turn)
            return
        terminated, truncated = (
            self._named([agent for agent, flag in flags.items() if flag]) for flags in (turn.terminated, turn.truncated)
        )
        after &= ~(terminated | truncated)
        left, returned = was & ~after, after & self._left[b]
        self._check_moves(left & ~(terminated | truncated), returned)
        self._left[b] |= left
        self._left[b] &= ~returned
        moved.terminated[b] = np.where(was, terminated, ~after)
        moved.truncated[b] = was & truncated
        self.seen.alive[b] = was | after
        self._write(b, turn)
        for n in left.nonzero()[0].tolist():
            if turn.observations.get(self.team.views[n].agent) is None:
                self._carry(b, n, before)

    def _write(self, b: int, turn: Turn) -> None:
        """Write what agents observe, and who is to move."""
        seen, team = self.seen, self.team
        if self._state is not None and seen.state is not None:
            seen.state[b] = self._state.read(self.copies[b].env)
        alive, left = seen.alive[b], self._left[b]
        acting = alive & ~left if turn.acting is None else self._named([turn.acting])
        seen.acting[b] = acting
        silent = acting.copy()
        for agent, observed in turn.observations.items():
            n = self._number(agent)
            if not alive[n] or (observed is None and left[n]):
                continue
            (kind, i), view = team.places[n], team.views[n]
            silent[n] = False
            if type(observed) is np.ndarray and (observed.dtype, observed.shape) == view.plain:
                if view.axes is None:
                    seen.features[kind][b, i] = observed.reshape(-1)
                else:
                    seen.images[self._images[kind][0]][b, i] = observed.transpose(view.axes)
            else:
                for name, values in view.read(observed):
                    if name == "images":
                        for image, pixels in zip(self._images[kind], values, strict=True):
                            seen.images[image][b, i] = pixels
                        continue
                    where = seen.features[kind][b, i] if name == "observation" else seen.fields[name][b, n]
                    where[...] = values.reshape(where.shape)
            info = turn.infos.get(agent)
            if acting[n] and (self.masked or (info and MASK in info)):
                self._mask(b, n, view.mask(observed, info))
        if silent.any():
            raise AnswerError(f"told {self._agents(silent)} no observation; each agent that is to move needs one")

    def _mask(self, b: int, n: int, mask: Flags | None) -> None:
        (kind, i), agent = self.team.places[n], self.team.views[n].agent
        if not self.masked or self._given.setdefault(n, mask is not None) != (mask is not None):
            raise AnswerError(f"gave agent {agent} an action_mask at some moments only; give it at each, or never")
        if mask is None:
            return
        if not mask.any():
            raise AnswerError(f"leaves agent {agent} no legal action")
        self.seen.masks[kind][b, i] = mask

    def _carry(self, b: int, n: int, before: Seen) -> None:
        """Keep the last observation of an agent that left without another."""
        kind, i = self.team.places[n]
        self.seen.features[kind][b, i] = before.features[kind][b, i]
        for image in self._images[kind]:
            self.seen.images[image][b, i] = before.images[image][b, i]
        for name, array in self.seen.fields.items():
            array[b, n] = before.fields[name][b, n]

    def _erase(self, where: Flags) -> None:
        """Take agents out of what is seen, ``[B, N]`` or ``[B, 1]``."""
        seen = self.seen
        where = np.broadcast_to(where, seen.alive.shape)
        for kind, agents in self.team.roster.slices.items():
            seen.features[kind][where[:, agents]] = 0
            for image in self._images[kind]:
                seen.images[image][where[:, agents]] = 0
            if kind in seen.masks:
                seen.masks[kind][where[:, agents]] = True
        for array in seen.fields.values():
            array[where] = 0
        seen.alive[where] = seen.acting[where] = False

    def _blank(self) -> Seen:
        return Seen.blank(len(self.copies), self.team.roster, self.team.fields, self.masked, self._state)

    def _check(self) -> None:
        """Check that all that is seen is finite."""
        seen, views = self.seen, self.team.views
        for name, arrays in (*seen.features.items(), *seen.images.items()):
            self._check_finite(arrays, views[self.team.roster.slices[class_of_image(name)]])
        for arrays in seen.fields.values():
            self._check_finite(arrays, views)
        if seen.state is not None:
            self._check_finite(seen.state[:, None], None)

    def _check_finite(self, arrays: NDArray[Any], views: Sequence[AgentView] | None) -> None:
        """Check ``[B, N, ...]``; without views nobody in particular sees it."""
        if arrays.dtype.kind == "f" and not np.isfinite(arrays).all():
            b, n = np.argwhere(~np.isfinite(arrays))[0, :2].tolist()
            self.copies[b].guard(check_finite, arrays[b, n], None if views is None else views[n].agent)

    def _check_moves(self, lost: Flags, returned: Flags) -> None:
        if lost.any():
            raise AnswerError(
                f"lost {self._agents(lost)}, neither terminated nor truncated; an agent leaves with one of them"
            )
        if returned.any() and not self.rejoin:
            raise AnswerError(
                f"has {self._agents(returned)} again, who had left in this episode; an agent that left stays away "
                "until the next reset, unless rejoin is declared (env.rejoin: true)"
            )

    def _named(self, agents: Any) -> Flags:
        """``[N]``, True for agents of these names."""
        flags = np.zeros(self.team.roster.size, bool)
        for agent in agents:
            flags[self._number(agent)] = True
        return flags

    def _number(self, agent: Any) -> int:
        if agent not in self.team.number:
            raise AnswerError(
                f"has an agent {agent!r}, which is not in its possible_agents; name all who may ever play there"
            )
        return self.team.number[agent]

    def _agents(self, flags: Flags) -> str:
        return ", ".join(f"agent {view.agent}" for view, flag in zip(self.team.views, flags, strict=True) if flag)
