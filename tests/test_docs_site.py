"""The site: its reference has every public name, and its pages load nothing from another host."""

from __future__ import annotations

import importlib
import importlib.util
import posixpath
import re
from pathlib import Path
from types import ModuleType

import pytest

import marl
import marl.wrappers

TOP = Path(__file__).parent.parent
REFERENCE = sorted((TOP / "docs/reference").glob("*.md"))
NAMED = [name for page in REFERENCE for name in re.findall(r"^::: ([\w.]+)$", page.read_text("utf-8"), re.MULTILINE)]
PAGES = [TOP / "README.md", *sorted((TOP / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", TOP / "docs/hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(module: str, name: str) -> bool:
    """True if the reference has a name by itself, or with all that its module offers."""
    return f"{module}.{name}" in NAMED or module in NAMED


def test_every_public_name_is_on_a_page_of_the_reference() -> None:
    assert [name for name in marl.__all__ if not shown("marl", name)] == []
    assert [name for name in marl.wrappers.__all__ if not shown("marl.wrappers", name)] == []


def test_the_reference_has_each_name_once_and_none_that_is_not_there() -> None:
    assert sorted(NAMED) == sorted(set(NAMED))
    for name in NAMED:
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last) or importlib.import_module(name), name


def test_what_the_pages_import_is_on_a_page_of_the_reference() -> None:
    imported = {
        (module, name)
        for page in PAGES
        for module, names in re.findall(r"^from (marl[\w.]*) import ([\w, ]+)$", page.read_text("utf-8"), re.MULTILINE)
        for name in names.split(", ")
    }
    assert ("marl.wrappers", "AdversaryClass") in imported
    games = {(module, name) for module, name in imported if module.startswith("marl.envs.games.")}
    assert [each for each in sorted(imported - games) if not shown(*each)] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<script src="https://unpkg.com/mermaid.js"></script>', ["https://unpkg.com/mermaid.js"]),
        ('<link rel="stylesheet" href="//fonts.example/css">', ["//fonts.example/css"]),
        ('<link href="https://fonts.example" rel=preconnect>', ["https://fonts.example"]),
        ("<img alt=x src=http://a.example/b.png>", ["http://a.example/b.png"]),
        ("@import url(https://a.example/x.css);", ["https://a.example/x.css"]),
        ('body { background: url("//a.example/x.png") }', ["//a.example/x.png"]),
        ('<a href="https://a.example">here</a> <link rel="canonical" href="https://a.example/">', []),
        ('<script src="../assets/bundle.js"></script><img src="episode.gif">', []),
    ],
)
def test_what_a_page_loads_from_another_host_is_found(hooks: ModuleType, text: str, found: list[str]) -> None:
    assert hooks.loaded_elsewhere(text) == found


def test_a_page_that_loads_from_another_host_is_told(
    hooks: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.html").write_text("<img src=a.png>")
    (tmp_path / "bad.html").write_text("<img src=https://a.example/a.png>")
    hooks.on_post_build({"site_dir": str(tmp_path)})
    assert [record.message for record in caplog.records] == [
        "bad.html loads https://a.example/a.png, and the site must do without other hosts"
    ]


def test_links_to_the_experiments_are_those_of_the_site(hooks: ModuleType) -> None:
    here = "[a](../experiments/README.md) ![b](../../experiments/results/b.png) [c](experiments.md) ../experiments"
    there = "[a](experiments/README.md) ![b](../experiments/results/b.png) [c](experiments.md) ../experiments"
    assert hooks.on_page_markdown(here) == there
    back = "[a](../docs/results.md#b) [c](../docs/d/e.md) [f](results.md) ../docs/"
    assert hooks.on_page_markdown(back) == "[a](../results.md#b) [c](../d/e.md) [f](results.md) ../docs/"


def anchors(page: str) -> set[str]:
    """Anchors of the headings of a page, as Markdown's table of contents makes them; headings alike count up."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    headings = [re.sub(r"[^\w\s-]", "", each).strip().lower() for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    found = [re.sub(r"[-\s]+", "-", heading) for heading in headings]
    return {f"{name}_{number}" if number else name for name in found for number in range(found.count(name))}


def test_each_link_of_a_page_names_a_file_and_a_heading_of_the_site(hooks: ModuleType) -> None:
    docs = {path.relative_to(TOP / "docs").as_posix(): path for path in (TOP / "docs").rglob("*.*")}
    site = docs | {path.relative_to(TOP).as_posix(): path for path in hooks.shown()}
    pages = {place: path.read_text("utf-8") for place, path in site.items() if path.suffix == ".md"}
    links = [
        (place, posixpath.normpath(posixpath.join(posixpath.dirname(place), link)) if link else place, anchor)
        for place, page in pages.items()
        for link, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)\s]*)\)", hooks.on_page_markdown(page))
        if ":" not in link
    ]
    assert [each for each in links if each[1] not in site] == []
    headings = [each for each in links if each[2] and not each[1].startswith("reference/")]  # its anchors are names
    assert ("results.md", "experiments/README.md", "beside-natives") in headings
    assert [each for each in headings if each[2] not in anchors(pages[each[1]])] == []
