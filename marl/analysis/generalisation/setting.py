"""Setting of a report on transfer: protocol, environment, measures and cells, common to all policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from marl.analysis.generalisation.records import Protocol

__all__ = ["Setting"]

STATISTICS = (
    "interquartile mean over training seeds of the means over episodes; 95 % percentile bootstrap "
    "over seeds, or over episodes where there is one seed (bias-corrected for a mean); over several cells the "
    "frozen seeds are drawn jointly for all cells, since the same runs play in each, natives cell by cell; "
    "performance profiles are of scores over the interquartile mean of the natives of the cell, which is not drawn anew"
)


@dataclass(frozen=True)
class Setting:
    """Settings common to all policies.

    Args:
        protocol: rules of the evaluations.
        described: settings of the environment, as its task describes them.
        measures: names of the measures; the first is the score.
        agent_noun: word for an agent, e.g. predator.
        compositions: counts by class, by the composition's short name (``3+1``), in the order of the tables.
        prey: setting of each prey, by its name in tables; none where there is none to choose.
        arena_size: half-width by arena and composition, e.g. ``fixed 3+1``; none where there is no arena.
        mixed_as_trained: compositions whose classes have the proportions of training.
        reference_size: size of the team whose density the arena ``density`` keeps.
        versions: of the packages.
        argument: argument of the environment whose values the compositions are; None for counts by class.
    """

    protocol: Protocol
    described: Mapping[str, Any]
    measures: tuple[str, ...]
    agent_noun: str
    compositions: Mapping[str, Mapping[str, int]]
    prey: Mapping[str, str]
    arena_size: Mapping[str, float]
    mixed_as_trained: tuple[str, ...]
    reference_size: int
    versions: Mapping[str, str]
    argument: str | None = None

    @property
    def varied(self) -> str:
        """Name of what the cells differ in: the argument, or the classes, e.g. ``A+B``."""
        return self.argument or "+".join(next(iter(self.compositions.values())))

    @property
    def preys(self) -> list[str | None]:
        """Names of the prey in tables; None alone where there is none to choose."""
        return list(self.prey) or [None]

    @property
    def form(self) -> str:
        """Format of scores in tables and pictures: returns may be small."""
        return ".2f" if self.score.startswith("return") else ".1f"

    def short(self, composition: str) -> str:
        """Composition, or only the value of an argument."""
        return composition.removeprefix(f"{self.argument}=")

    @property
    def score(self) -> str:
        """Name of the score: the measure whose ratios are reported."""
        return self.measures[0]

    def as_json(self) -> dict[str, Any]:
        """Fields by name, and the statistics in words; neither prey nor arena where there is none."""
        played_in = {"prey": dict(self.prey), "arena_size": dict(self.arena_size)}
        density = {"reference_size_of_density": self.reference_size}
        return {
            **asdict(self.protocol),
            **self.described,
            "score": self.score,
            "measures": list(self.measures),
            "agent_noun": self.agent_noun,
            **({} if self.argument is None else {"argument": self.argument}),
            "cells": {name: dict(counts) for name, counts in self.compositions.items()},
            **(played_in if self.argument is None else {}),
            "cells_mixed_as_trained": list(self.mixed_as_trained),
            **(density if self.argument is None else {}),
            "statistics": STATISTICS,
            "versions": dict(self.versions),
        }
