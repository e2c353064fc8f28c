"""Run folders that were never trained."""

from __future__ import annotations

from written_runs import make_run

__all__ = ["make_run"]
