"""The public names of the package."""

from __future__ import annotations

from marl.analysis.alternate import alternate
from marl.analysis.generalisation.generalise import generalise
from marl.analysis.learning_curves import compare
from marl.analysis.render import render
from marl.core.version import __version__
from marl.evaluation.access import load, make, reference
from marl.evaluation.evaluate import evaluate
from marl.evaluation.export import export
from marl.players.specs import player
from marl.players.tournament.tournament import tournament
from marl.training.callbacks import Callback
from marl.training.train import train
from marl.training.wandb_callback import WandbCallback

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
