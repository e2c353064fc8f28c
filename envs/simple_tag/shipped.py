"""Trained policies that come with the package, by name.

``predator_team``: two predators that see obstacles and two that see the prey, against random prey::

    marl train predator_teams --out runs/predator_teams-1 --seed 1

``memory_team``: the same team where velocities are hidden, so that memory is worth something::

    marl train predator_teams_memory --out runs/predator_teams_memory-1 --seed 1

``held_out_prey``: a prey that learnt to escape from two to eight greedy predators. It is held out: no preset trains
against it, so that every team meets it for the first time when it is measured::

    marl train prey --out runs/held_out_prey --env.training-num-predators 2 8

Each is the ``policy/`` of that run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from marl.envs.simple_tag.sides import Side

__all__ = ["SHIPPED"]

FOLDER = Path(__file__).parent / "policies"

SHIPPED: Mapping[Side, Mapping[str, Path]] = {
    "predators": {"predator_team": FOLDER / "predator_team", "memory_team": FOLDER / "memory_team"},
    "prey": {"held_out_prey": FOLDER / "held_out_prey"},
}
"""Folders of the policies of each side, by name."""
