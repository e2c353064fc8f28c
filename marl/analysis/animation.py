"""Animated pictures that are written."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

__all__ = ["Animation"]

MOST_SHOWN = 20_000_000
"""Bytes of an animation that a notebook takes in."""


@dataclass(frozen=True)
class Animation:
    """Animated picture of an episode or a game, which a notebook shows.

    Args:
        path: of the file.
        told: length and result in words.
    """

    path: Path
    told: str

    def _repr_html_(self) -> str:
        told = escape(f"{self.path}: {self.told}")
        if not self.path.is_file() or self.path.stat().st_size > MOST_SHOWN:
            return told
        if self.path.suffix.lower() == ".html":
            page = escape(self.path.read_text(encoding="utf-8"))
            return f'<iframe srcdoc="{page}" width="100%" height="680" title="{told}"></iframe>'
        data = base64.b64encode(self.path.read_bytes()).decode()
        if self.path.suffix.lower() == ".gif":
            return f'<img src="data:image/gif;base64,{data}" alt="{told}">'
        return f'<video src="data:video/mp4;base64,{data}" controls loop>{told}</video>'
