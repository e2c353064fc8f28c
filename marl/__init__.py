"""Train teams of agents, and measure how they carry over to other team sizes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marl.api import evaluate, load, make, reference, train
    from marl.generalisation.report import generalise

__all__ = ["__version__", "evaluate", "generalise", "load", "make", "reference", "train"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports the library when it is first used, so that ``marl --help`` need not wait for it."""
    if name in __all__:
        place = "marl.generalisation.report" if name == "generalise" else "marl.api"
        return getattr(import_module(place), name)
    raise AttributeError(f"module 'marl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
