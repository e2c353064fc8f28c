"""Replay: a ring of transitions to learn from again.

Axes as in `marl.core.records`; ``L`` rows of ``B`` transitions that were made at one time, ``M`` transitions drawn,
``W`` steps of the window that begins with each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from marl.algorithms.replay_images import LastImages
from marl.algorithms.windows import TurnWindow, Window
from marl.core.environment import State
from marl.core.errors import ConfigError
from marl.core.record_fields import Record
from marl.core.records import Observation, Rollout
from marl.core.serialisation import record_of, state_of

__all__ = ["Replay"]

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Entries(Record):
    """Contents of a ring, as in `Rollout`; leading axes ``[L, B]``."""

    observation: Observation
    next_observation: Observation
    action: dict[str, Tensor]
    reward: Tensor
    terminated: Tensor
    truncated: Tensor
    started: Tensor


class Replay:
    """A ring of transitions, preallocated when the first rollout comes.

    An image is kept once: a successor's is that of the next row, unless the rollout gives it apart.

    Args:
        capacity: transitions of single copies that are kept; the oldest give way. Rounded down to whole rows.
        steps: ``W``.
    """

    def __init__(self, capacity: int, steps: int = 1) -> None:
        self.capacity, self.steps = capacity, steps
        self._entries: Entries | None = None
        self._flat: Entries  # the same memory as [L B, ...]
        self._rows, self._copies, self._filled, self._head = 0, 0, 0, 0
        self._last_images = LastImages()

    @property
    def size(self) -> int:
        """Transitions that are kept."""
        return self._filled * self._copies

    @property
    def places(self) -> int:
        """Transitions that fit; 0 before the first rollout."""
        return self._rows * self._copies

    def add(self, rollout: Rollout) -> Tensor:
        """Keep a rollout.

        Returns:
            ``[T B]``, where its transitions went.

        Raises:
            ConfigError: if it alone has more than fit.
        """
        length, copies = rollout.started.shape
        if self.capacity < length * copies:
            raise ConfigError(
                f"algorithm.replay_capacity is {self.capacity}, but one rollout alone has {copies} copies x {length} "
                f"steps = {length * copies} transitions; raise it, or lower num_copies or rollout_length"
            )
        entries = _entries_of(rollout)
        if self._entries is None:
            self._allocate(entries, self.capacity // copies)
        assert self._entries is not None
        rows = (self._head + torch.arange(length, device=rollout.started.device)) % self._rows
        # a slice is one copy of memory; only a rollout that runs over the end of the ring needs rows by index
        if self._head + length <= self._rows:
            _write(self._entries, entries, slice(self._head, self._head + length))
        else:
            _write(self._entries, entries, rows)
        self._head = (self._head + length) % self._rows
        self._filled = min(self._filled + length, self._rows)
        places = rows[:, None] * copies + torch.arange(copies, device=rows.device)
        if rollout.last_images is not None:
            self._last_images.keep(rollout, places, self._superseded(rollout, places))
        return places.flatten()

    def read(self, places: Tensor) -> Window:
        """Windows that begin at some places.

        Args:
            places: ``[M]``, each below `size`.
        """
        flat = self._flat
        steps, taken, last = self._window(places)
        reward, alive, terminated = (
            x.index_select(0, steps.flatten()).view(*steps.shape, -1)
            for x in (flat.reward, flat.observation.alive, flat.terminated)
        )
        return Window(
            observation=_gather(flat.observation, places),
            action={name: x.index_select(0, places) for name, x in flat.action.items()},
            reward=reward,
            alive=alive,
            terminated=terminated,
            taken=taken,
            next_observation=self.successors(last),
        )

    @property
    def has_turns(self) -> bool:
        """True if what is kept says whose turn it was."""
        return self._entries is not None and self._entries.observation.acting is not None

    def read_turns(self, places: Tensor) -> TurnWindow:
        """Windows that hold ``W`` acts of each agent that acted at some places, however many steps these are.

        Args:
            places: ``[M]``, each below `size`.
        """
        flat, length = self._flat, self.steps
        observation = _gather(flat.observation, places)
        while True:
            steps, goes_on = self._ahead(places, length)
            taken = _prefix(goes_on)
            reward, follows, terminated, truncated = (
                x.index_select(0, steps.flatten()).view(*steps.shape, -1)
                for x in (flat.reward, flat.next_observation.to_move, flat.terminated, flat.truncated)
            )
            ended = terminated | truncated
            known = (follows | ended) & taken[..., None]
            enough = (known.sum(1) >= self.steps) | (ended & taken[..., None]).any(1) | ~observation.to_move
            if bool((enough | ~taken[:, -1:]).all()):
                break
            length *= 2
        action = {name: x.index_select(0, places) for name, x in flat.action.items()}
        return TurnWindow(observation, action, reward, follows, terminated, ended, taken, steps)

    def successors(self, places: Tensor) -> Observation:
        """The true successors of the steps at some places of any shape."""
        rows = places.flatten()
        successors, images = _gather(self._flat.next_observation, rows), self._flat.observation.images
        if images is not None and successors.images is None:
            following = {name: x.index_select(0, (rows + self._copies) % self.places) for name, x in images.items()}
            successors = replace(successors, images=self._last_images.put(following, rows))
        return successors.map(lambda x: x.unflatten(0, places.shape))

    def state(self) -> State:
        """Contents of the ring as far as it is filled, for a checkpoint."""
        if self._entries is None:
            return {"entries": None, "rows": 0, "head": 0, "last_images": {}}
        kept = self._entries.map(lambda x: x[: self._filled].clone())
        observations = {name: state_of(getattr(kept, name)) for name in ("observation", "next_observation")}
        entries, last_images = {**state_of(kept), **observations}, self._last_images.state()
        return {"entries": entries, "rows": self._rows, "head": self._head, "last_images": last_images}

    def load_state(self, state: State, device: torch.device) -> None:
        """Go on from a state that `state` gave.

        Raises:
            ValueError: if it was kept with another capacity.
        """
        if state["entries"] is None:
            return
        values = dict(state["entries"])
        for name in ("observation", "next_observation"):
            values[name] = record_of(Observation, values[name])
        kept = record_of(Entries, values).to(device)
        self._filled, copies = kept.started.shape
        rows = self.capacity // copies
        if rows != state["rows"]:
            raise ValueError(
                f"algorithm.replay_capacity is {self.capacity}, {rows} rows of {copies} copies, but the run was "
                f"trained with {state['rows']}; it cannot change when a run goes on"
            )
        self._allocate(kept, rows)
        assert self._entries is not None
        _write(self._entries, kept, slice(0, self._filled))
        self._head = state["head"]
        self._last_images.load_state(state.get("last_images", {}), device)  # earlier versions had none

    def _superseded(self, rollout: Rollout, places: Tensor) -> list[int]:
        """Places before a rollout whose successors it shows, as nothing ended there."""
        before, flat = (places[0] - self._copies) % self.places, self._flat
        left = (flat.terminated[before] | flat.truncated[before]) & flat.observation.alive[before]
        return before[~(left.any(-1) | rollout.started[0])].tolist()

    def _allocate(self, like: Entries, rows: int) -> None:
        self._rows, self._copies = rows, like.started.shape[1]
        self._entries = like.map(lambda x: x.new_zeros((rows, *x.shape[1:])))
        # views of the same memory: a transition is drawn by one index in place of row and copy
        self._flat = self._entries.map(lambda x: x.flatten(0, 1))

    def _window(self, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Places ``[M, W]`` of the steps from each place, mask ``[M, W]`` of those taken, place ``[M]`` of the last."""
        # the usual case needs none of the arithmetic below
        if self.steps == 1:
            return places[:, None], torch.ones_like(places[:, None], dtype=torch.bool), places
        steps, goes_on = self._ahead(places, self.steps)
        before = steps[:, :-1]
        # a cut ends the window for everybody, for then the successor must be valued; an end by the task shows in the
        # next row, which begins an episode
        truncated = self._flat.truncated.index_select(0, before.flatten()).view(*before.shape, -1).any(-1)
        taken = _prefix(goes_on & ~truncated)
        last = steps.gather(1, taken.sum(1, keepdim=True) - 1).squeeze(1)
        return steps, taken, last

    def _ahead(self, places: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Places ``[M, W]`` of the steps from each place, mask ``[M, W - 1]`` of those that go on from the one before.

        These are of the same episode, and not older than it.
        """
        rows = places // self._copies
        after = torch.arange(length, device=places.device)
        newest = (self._head - 1 - rows) % self._rows  # how many rows are younger
        steps = (rows[:, None] + after) % self._rows * self._copies + (places % self._copies)[:, None]
        following = steps[:, 1:]
        started = self._flat.started.index_select(0, following.flatten()).view_as(following)
        return steps, ~started & (after[1:] <= newest[:, None])


def _entries_of(rollout: Rollout) -> Entries:
    """Entries of a rollout, without auxiliary targets and states: from a replay nobody predicts or is criticised."""
    return Entries(
        observation=replace(rollout.observation, auxiliary_target=None, state=None),
        next_observation=replace(rollout.next_observation, auxiliary_target=None, state=None),
        action=rollout.action,
        reward=rollout.reward,
        terminated=rollout.terminated,
        truncated=rollout.truncated,
        started=rollout.started,
    )


def _prefix(goes_on: Tensor) -> Tensor:
    """``[M, W]``, True for the first step and those after it until one does not go on, from ``[M, W - 1]``."""
    first = goes_on.new_ones(len(goes_on), 1)
    return torch.cat([first, goes_on.cummin(1).values], 1) if goes_on.shape[1] else first


def _gather(record: R, places: Tensor) -> R:
    return record.map(lambda x: x.index_select(0, places))


def _write(into: Entries, values: Entries, rows: slice | Tensor) -> None:
    for one, other in zip(_tensors(into), _tensors(values), strict=True):
        one[rows] = other


def _tensors(record: Record) -> list[Tensor]:
    found: list[Tensor] = []

    def keep(x: Tensor) -> Tensor:
        found.append(x)
        return x

    record.map(keep)
    return found
