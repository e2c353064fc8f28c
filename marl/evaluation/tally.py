"""Measurements of episodes, counted as they are played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import Environment
from marl.core.records import Step

__all__ = ["EpisodeTable", "Groups", "Tally", "joined"]

Groups = Mapping[str, slice | Sequence[int]]
"""Groups of agents by name: their places on the agent axis."""


@dataclass
class EpisodeTable:
    """Measurements of episodes, one row each.

    Args:
        length: ``[E]``, steps.
        agent_return: ``[E]``, sum of rewards, mean over the agents that took part.
        events: for each kind of event ``[E]``, their number, summed over the agents.
        first: for each kind of event ``[E]``, the step (from 1) of the first; NaN if there was none.
        cut: number of episodes that were cut, which count with what they had brought.
        seeds: seed of each episode; none where copies share one.
        class_returns: for each class, or other group, ``[E]``, as ``agent_return`` for its agents; NaN where none of
            them took part.
        rival_returns: the same for two agents, classes or groups that might play against each other; none if there are
            not just two.
    """

    length: NDArray[np.float64]
    agent_return: NDArray[np.float64]
    events: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    first: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    cut: int = 0
    seeds: tuple[int, ...] = ()
    class_returns: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    rival_returns: dict[str, NDArray[np.float64]] = field(default_factory=dict)


class Tally:
    """Rows of ``E`` episodes, dealt to the copies beforehand: copy ``i`` plays ``i``, ``i + B``, ``i + 2 B``, ...

    Episodes that a copy plays beyond them are ignored. Rows of the first ``E`` to end would favour short ones.
    """

    def __init__(self, environment: Environment, episodes: int, agents: int, groups: Groups | None) -> None:
        self.episodes = episodes
        self.groups: Groups = environment.roster.slices if groups is None else groups
        self.rivals: Groups = self.groups if len(self.groups) == 2 else environment.roster.rivals
        self.number = torch.arange(environment.num_copies, device=environment.device)
        zeros = torch.zeros(episodes + 1, dtype=torch.float64, device=environment.device)  # the last: of those ignored
        self.length, self.rewards = zeros.clone(), zeros[:, None].repeat(1, agents)
        self.took_part = torch.zeros_like(self.rewards, dtype=torch.bool)
        self.events = {name: zeros.clone() for name in environment.events}
        self.first = {name: torch.full_like(zeros, torch.nan) for name in environment.events}
        self.ended = self.cut = 0

    def count(self, step: Step, alive: torch.Tensor, max_steps: int) -> torch.Tensor:
        """Count a step of agents that were alive before it, and return the copies whose episode is cut, ``[B]``."""
        rows = self.number.clamp(max=self.episodes)
        self.length[rows] += 1
        self.rewards[rows] += step.reward * alive
        self.took_part[rows] |= alive
        for name, total in self.events.items():
            happened = (step.info[name] * alive).sum(-1)
            begins = (total[rows] == 0) & (happened > 0)
            self.first[name][rows] = torch.where(begins, self.length[rows], self.first[name][rows])
            total[rows] += happened
        counts = self.number < self.episodes
        cut = counts & ~step.ended & (self.length[rows] >= max_steps)
        over = step.ended | cut
        self.ended += int((counts & over).sum())
        self.cut += int(cut.sum())
        self.number += len(self.number) * over
        return cut

    def table(self) -> EpisodeTable:
        whole = _rows({"length": self.length, "return": self._return(slice(None))})
        returns, rivals = (
            _rows({name: self._return(agents) for name, agents in groups.items()})
            for groups in (self.groups, self.rivals)
        )
        events, first = _rows(self.events), _rows(self.first)
        return EpisodeTable(whole["length"], whole["return"], events, first, self.cut, (), returns, rivals)

    def _return(self, agents: slice | Sequence[int]) -> torch.Tensor:
        """Mean over those of some agents that took part; NaN if none did."""
        return self.rewards[:, agents].sum(-1) / self.took_part[:, agents].sum(-1)


def _rows(columns: Mapping[str, torch.Tensor]) -> dict[str, NDArray[np.float64]]:
    """Columns without the row of ignored episodes."""
    return {name: column[:-1].cpu().numpy() for name, column in columns.items()}


def joined(tables: Sequence[EpisodeTable], cut: int, seeds: tuple[int, ...]) -> EpisodeTable:
    """Rows of several tables, one after the other."""
    return EpisodeTable(
        np.concatenate([t.length for t in tables]),
        np.concatenate([t.agent_return for t in tables]),
        {name: np.concatenate([t.events[name] for t in tables]) for name in tables[0].events},
        {name: np.concatenate([t.first[name] for t in tables]) for name in tables[0].first},
        cut,
        seeds,
        {name: np.concatenate([t.class_returns[name] for t in tables]) for name in tables[0].class_returns},
        {name: np.concatenate([t.rival_returns[name] for t in tables]) for name in tables[0].rival_returns},
    )
