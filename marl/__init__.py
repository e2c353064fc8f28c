"""Train teams of agents, and measure how they carry over to other team sizes."""

from __future__ import annotations

from marl.api import evaluate, load, make, reference, train

__all__ = ["__version__", "evaluate", "load", "make", "reference", "train"]

__version__ = "0.1.0"
