"""Presets that come with the package, by name."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["preset_files", "purpose_of"]


def preset_files() -> dict[str, Path]:
    """Files of the presets that come with the package, by name."""
    folder = Path(str(files("marl") / "presets"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def purpose_of(preset: Path) -> str:
    """First sentence of the comment at the beginning of a preset."""
    lines = preset.read_text(encoding="utf-8").splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines[: _first(lines)])
    return comment.partition(". ")[0].rstrip(".")


def _first(lines: list[str]) -> int:
    """Number of lines before the first that is no comment."""
    return next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
