"""Train teams of agents, and measure how they carry over to other team sizes."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from marl.core.version import __version__

if TYPE_CHECKING:
    from marl.api import (
        Callback,
        WandbCallback,
        alternate,
        compare,
        evaluate,
        export,
        generalise,
        load,
        make,
        player,
        reference,
        render,
        tournament,
        train,
    )

__all__ = [
    "Callback",
    "WandbCallback",
    "__version__",
    "alternate",
    "compare",
    "evaluate",
    "export",
    "generalise",
    "load",
    "make",
    "player",
    "reference",
    "render",
    "tournament",
    "train",
]

PLACES = {
    "Callback": "marl.training.callbacks",
    "WandbCallback": "marl.training.wandb_callback",
    "alternate": "marl.analysis.alternate",
    "compare": "marl.analysis.learning_curves",
    "evaluate": "marl.evaluation.evaluate",
    "export": "marl.evaluation.export",
    "generalise": "marl.analysis.generalisation.generalise",
    "load": "marl.evaluation.access",
    "make": "marl.evaluation.access",
    "player": "marl.players.specs",
    "reference": "marl.evaluation.access",
    "render": "marl.analysis.render",
    "tournament": "marl.players.tournament.tournament",
    "train": "marl.training.train",
}
"""Modules of the names in `marl.api`, each imported when its name is first used: ``marl --help`` need not wait."""


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(import_module(PLACES[name]), name)
    raise AttributeError(f"module 'marl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
