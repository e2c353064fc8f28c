"""The site beyond `docs/`: pages and files of `experiments/`, and a check that pages load nothing from another host."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

log = logging.getLogger("mkdocs.hooks.marl")  # a warning ends a strict build

TOP = Path(__file__).resolve().parent.parent
SHOWN = ("README.md", "*.py", "presets/*.yaml", "results/**/*.*")
"""Files of `experiments/` that the site has, too."""

LOADING = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\b(?:src|srcset)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|<link\b(?=[^>]*\brel\s*=\s*["']?(?:stylesheet|preconnect|preload|icon|prefetch|dns-prefetch|modulepreload))"""
    r"""[^>]*?\bhref\s*=\s*["']?((?:https?:)?//[^"'\s>]+)"""
    r"""|(?:@import\s+["']?|\burl\(\s*["']?)((?:https?:)?//[^"'\s)]+)""",
    re.IGNORECASE,
)
"""Tags that a browser loads without being asked: scripts, pictures, styles and fonts; a link to be clicked is none."""


def loaded_elsewhere(text: str) -> list[str]:
    """Addresses of other hosts that a page or a style sheet loads from."""
    return [next(filter(None, found)) for found in LOADING.findall(text)]


def shown() -> list[Path]:
    """Files of `experiments/` that the site has."""
    return sorted({path for pattern in SHOWN for path in (TOP / "experiments").glob(pattern)})


def on_files(files: Any, config: Any) -> Any:
    """Add the files of `experiments/`, which lie beside `docs/`."""
    from mkdocs.structure.files import File

    for path in shown():
        place = path.relative_to(TOP).as_posix()
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn links between `docs/` and `experiments/` into those of the site, where `experiments/` lies in `docs/`."""
    markdown = re.sub(r"(\]\((?:\.\./)*)\.\./(experiments/)", r"\1\2", markdown)
    return re.sub(r"(\]\((?:\.\./)+)docs/", r"\1", markdown)


def on_post_build(config: Any) -> None:
    """Warn of each page, script or style sheet that loads from another host."""
    site = Path(config["site_dir"])
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".css"):
            for address in loaded_elsewhere(path.read_text(encoding="utf-8")):
                log.warning("%s loads %s, and the site must do without other hosts", path.relative_to(site), address)
