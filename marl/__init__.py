"""Train teams of agents, and measure how they carry over to other team sizes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marl.analysis.generalisation.report import generalise
    from marl.analysis.learning_curves import compare
    from marl.api import evaluate, load, make, reference, train

__all__ = ["__version__", "compare", "evaluate", "generalise", "load", "make", "reference", "train"]

__version__ = "0.1.0"

PLACES = {"generalise": "marl.analysis.generalisation.report", "compare": "marl.analysis.learning_curves"}
"""What is not in ``marl.api``."""


def __getattr__(name: str) -> Any:
    """Imports the library when it is first used, so that ``marl --help`` need not wait for it."""
    if name in __all__:
        return getattr(import_module(PLACES.get(name, "marl.api")), name)
    raise AttributeError(f"module 'marl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
