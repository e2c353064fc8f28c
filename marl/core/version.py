"""Versions of the package and of its files."""

from __future__ import annotations

__all__ = ["FORMAT", "__version__"]

__version__ = "0.1.0"

FORMAT = 4
"""Format of policies, checkpoints and configurations; earlier ones are read, later ones refused."""
