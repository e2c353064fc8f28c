"""The public names of the package."""

from __future__ import annotations

from marl.analysis.generalisation.generalise import generalise
from marl.analysis.learning_curves import compare
from marl.core.version import __version__
from marl.evaluation.access import load, make, reference
from marl.evaluation.evaluate import evaluate
from marl.evaluation.export import export
from marl.players.specs import player
from marl.training.train import train

__all__ = ["__version__", "compare", "evaluate", "export", "generalise", "load", "make", "player", "reference", "train"]
