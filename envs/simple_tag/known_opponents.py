"""Names of the side that does not learn. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from marl.envs.simple_tag.shipped import SHIPPED
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.settings import PREDATOR_NAMES, PREY_NAMES

__all__ = ["check_known", "is_saved_policy", "resolved"]

RULE_NAMES: Mapping[Side, tuple[str, ...]] = {"prey": PREY_NAMES, "predators": PREDATOR_NAMES}


def is_saved_policy(path: Path) -> bool:
    """Whether a folder holds a trained policy, alone or as a run."""
    return any((folder / "policy.safetensors").is_file() for folder in (path, path / "policy"))


def resolved(name: str, side: Side) -> str:
    """The name as settings keep it: a folder by its whole path, for a run is read from other folders too."""
    if name not in RULE_NAMES[side] and is_saved_policy(Path(name)):
        return str(Path(name).resolve())
    return name


def check_known(field: str, name: str, side: Side) -> None:
    """Refuses a name that stands for nothing.

    Raises:
        ValueError: naming the field, the name and those there are.
    """
    if name not in RULE_NAMES[side] and name not in SHIPPED[side] and not is_saved_policy(Path(name)):
        there_is = ", ".join([*RULE_NAMES[side], *SHIPPED[side]])
        raise ValueError(f"{field} is {name!r}; what there is: {there_is}, or the folder of a run that trained it")
