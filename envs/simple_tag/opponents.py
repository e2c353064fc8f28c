"""Opponents by name: a rule, the folder of a run that trained them, or a policy of the package.

A rule takes precedence over a folder of its name, and a folder over a policy that comes with the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from marl.envs.simple_tag.known_opponents import is_saved_policy
from marl.envs.simple_tag.learnt_opponents import load_opponents
from marl.envs.simple_tag.shipped import SHIPPED
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY, Opponents, PreyPolicy

__all__ = ["make_opponents"]

RULES: Mapping[Side, Mapping[str, PreyPolicy]] = {"prey": PREY, "predators": PREDATORS}


def make_opponents(
    name: str, side: Side, size: int, others: int, num_obstacles: int, drawn: bool = False
) -> Opponents | PreyPolicy:
    """Make the opponents of one side of simple_tag by name.

    Args:
        name: a rule, a folder, or a policy that comes with the package.
        side: the side that they play.
        size: number of agents on that side.
        others: number of agents on the other side.
        num_obstacles: ``L``.
        drawn: True if episodes draw the number of agents.

    Raises:
        ValueError: if a saved policy does not fit this world.
        FileError: if a saved policy cannot be loaded.
    """
    if name in RULES[side]:
        return RULES[side][name]
    folder = Path(name) if is_saved_policy(Path(name)) else SHIPPED[side].get(name, Path(name))
    return load_opponents(folder, side, size, others, num_obstacles, drawn)
