"""Opponents by name: a rule, the folder of a run that trained them, or a policy of the package.

A rule takes precedence over a folder of its name, and a folder over a policy that comes with the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from marl.envs.simple_tag.learnt_opponents import is_saved_policy, load_opponents
from marl.envs.simple_tag.scene import Side
from marl.envs.simple_tag.shipped import SHIPPED
from marl.wrappers.rules.predators import PREDATORS
from marl.wrappers.rules.prey import PREY, Opponents, PreyPolicy

__all__ = ["check_known", "make_opponents", "resolved"]

RULES: Mapping[Side, Mapping[str, PreyPolicy]] = {"prey": PREY, "predators": PREDATORS}


def resolved(name: str, side: Side) -> str:
    """Make the name of a folder absolute, so that a run can be read from any folder; keep other names."""
    if name not in RULES[side] and is_saved_policy(Path(name)):
        return str(Path(name).resolve())
    return name


def check_known(field: str, name: str, side: Side) -> None:
    """Refuse an unknown name of opponents.

    Args:
        field: name of the setting, for the message.
        name: a rule, a folder, or a policy that comes with the package.
        side: the side that the opponents play.

    Raises:
        ValueError: for an unknown name; the message lists the known ones.
    """
    if name not in RULES[side] and name not in SHIPPED[side] and not is_saved_policy(Path(name)):
        there_is = ", ".join([*RULES[side], *SHIPPED[side]])
        raise ValueError(f"{field} is {name!r}; what there is: {there_is}, or the folder of a run that trained it")


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
