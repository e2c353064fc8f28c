"""Stages of training: slower prey and smaller teams first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Curriculum", "Stage", "seats"]


@dataclass(frozen=True)
class Stage:
    """Settings of the episodes that begin in one stage.

    Args:
        teams: ``[K]`` of bool, True for the compositions that the stage draws from, with equal probability.
        prey_speed: factor on acceleration and largest speed of the prey.
        until: mean contacts per episode at which the next stage begins; None in the last stage.
    """

    teams: Tensor
    prey_speed: float = 1.0
    until: float | None = None


class Curriculum:
    """Stages of training with their rule of promotion.

    The next stage begins when the mean number of contacts over the latest ``episodes`` episodes
    that began in the present stage reaches its ``until``. Running episodes keep the stage in which they began.

    Args:
        stages: the stages in order, at least one.
        episodes: number of episodes over which the mean is taken.
        num_copies: ``B``.
        device: device of the tensors.
    """

    def __init__(self, stages: Sequence[Stage], episodes: int, num_copies: int, device: torch.device) -> None:
        self.stages, self.present = tuple(stages), 0
        self._teams = torch.stack([stage.teams for stage in stages]).to(device)  # [stages, K]
        self._speeds = torch.tensor([stage.prey_speed for stage in stages], device=device)
        self._stage = torch.zeros(num_copies, dtype=torch.long, device=device)  # of each running episode
        self._contacts = torch.zeros(num_copies, device=device)  # of each running episode
        self._recent: deque[float] = deque(maxlen=episodes)

    @property
    def prey_speed(self) -> Tensor:
        """Factor on acceleration and largest speed of the prey in each copy, ``[B]``."""
        return self._speeds[self._stage]

    def begin(self, where: Tensor) -> None:
        """Put the copies that begin an episode, ``where`` ``[B]`` of bool, into the present stage."""
        self._stage = self._stage.masked_fill(where, self.present)
        self._contacts = self._contacts.masked_fill(where, 0)

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw the index of a composition for each copy, ``[B]``, from those of its stage."""
        teams = self._teams[self._stage]
        # Without a choice nothing is drawn, so worlds of one team take the same random numbers as without a curriculum.
        if teams.shape[1] == 1:
            return torch.zeros_like(self._stage)
        return torch.multinomial(teams.float(), 1, generator=generator).squeeze(1)

    def count(self, contacts: Tensor, over: Tensor) -> None:
        """Count the contacts of a step, and begin the next stage if it is due.

        Args:
            contacts: ``[B]``, contacts at this step.
            over: ``[B]``, True where an episode ends with this step.
        """
        if len(self.stages) == 1:
            return
        self._contacts = self._contacts + contacts
        if not bool(over.any()):
            return
        # Episodes of an earlier, easier stage would promote too soon.
        self._recent.extend(self._contacts[over & (self._stage == self.present)].tolist())
        until = self.stages[self.present].until
        if until is not None and len(self._recent) == self._recent.maxlen and self.mean >= until:
            self.present += 1
            # The new stage is measured by its own episodes alone.
            self._recent.clear()

    @property
    def mean(self) -> float:
        """Mean contacts of the latest episodes of the present stage; 0 before the first."""
        return sum(self._recent) / max(len(self._recent), 1)

    @property
    def metrics(self) -> dict[str, float]:
        """Number of the stage, from 1, and mean contacts of its episodes, for the log; empty for a single stage."""
        if len(self.stages) == 1:
            return {}
        return {"curriculum/stage": self.present + 1.0, "curriculum/contacts": self.mean}

    def state(self) -> dict[str, Any]:
        """State of stages and contacts, for `load_state`."""
        recent = torch.tensor(list(self._recent), dtype=torch.float64)
        return {"present": self.present, "stage": self._stage, "contacts": self._contacts, "recent": recent}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from a state that `state` returned."""
        self.present = state["present"]
        self._stage = state["stage"].to(self._stage.device)
        self._contacts = state["contacts"].to(self._contacts.device)
        self._recent.clear()
        self._recent.extend(state["recent"].tolist())


def seats(counts: Sequence[int], compositions: Tensor | None) -> Tensor:
    """Agents that are present in each composition.

    Args:
        counts: ``[C]``, number of places of each class; ``N`` is their sum.
        compositions: ``[K, C]`` of int, number of agents of each class that play; None if all do.

    Returns:
        ``[K, N]`` of bool, True for agents that are present: the first of each class.

    Raises:
        ValueError: if a composition has no agents, or more than there are places.
    """
    largest = torch.tensor(counts)
    table = largest[None] if compositions is None else compositions.cpu()
    fits = table.ndim == 2 and len(table) > 0 and table.shape[1] == len(largest)
    if not fits or bool((table < 0).any() | (table > largest).any() | (table.sum(-1) == 0).any()):
        raise ValueError(
            f"compositions {table.tolist()} do not fit: give rows of at most {tuple(counts)} "
            "agents of each class, and at least one in all"
        )
    return torch.cat([torch.arange(count) < table[:, i : i + 1] for i, count in enumerate(counts)], 1)
