"""Names of opponents. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from marl.envs.simple_tag.shipped import SHIPPED
from marl.envs.simple_tag.sides import Side
from marl.wrappers.rules.settings import PREDATOR_NAMES, PREY_NAMES

__all__ = ["check_known", "is_saved_policy", "resolved"]

RULE_NAMES: Mapping[Side, tuple[str, ...]] = {"prey": PREY_NAMES, "predators": PREDATOR_NAMES}


def is_saved_policy(path: Path) -> bool:
    """True for a folder that holds a trained policy, alone or as part of a run."""
    return any((folder / "policy.safetensors").is_file() for folder in (path, path / "policy"))


def resolved(name: str, side: Side) -> str:
    """Make the name of a folder absolute, so that a run can be read from any folder; keep other names."""
    if name not in RULE_NAMES[side] and is_saved_policy(Path(name)):
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
    if name not in RULE_NAMES[side] and name not in SHIPPED[side] and not is_saved_policy(Path(name)):
        there_is = ", ".join([*RULE_NAMES[side], *SHIPPED[side]])
        raise ValueError(f"{field} is {name!r}; what there is: {there_is}, or the folder of a run that trained it")
