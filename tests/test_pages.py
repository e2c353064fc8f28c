"""Commands and code of the README, the documentation and its notebooks, as they stand there, only shorter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import NOTEBOOKS, PAGES, TOP, Reader, blocks

TRAINED: dict[str, Path] = {}
"""Runs that pages have trained, by the command."""
OWN_TEST = {"docs/sweeps.md", "docs/other_libraries.md", "docs/export.md"}
"""Pages whose code takes too long for this, and has a test of its own, `test_<page>_page.py`."""


@pytest.fixture
def reader(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Reader:
    TRAINED.setdefault("folder", tmp_path_factory.mktemp("trained"))
    return Reader(monkeypatch, capsys, tmp_path, TRAINED)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in OWN_TEST and blocks(page)])
def test_the_commands_and_the_code_of_a_page_work(page: str, reader: Reader) -> None:
    reader.read(page)
    if reader.skipped:
        pytest.skip("; ".join(reader.skipped))


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_the_cells_of_a_notebook_work(notebook: str, reader: Reader) -> None:
    reader.execute(notebook)


def test_the_folder_of_a_run_has_the_files_that_a_page_names(reader: Reader) -> None:
    page = (TOP / "docs/python.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z_.]+/?)`[ ,]", page.partition("## The folder of a run")[2], re.MULTILINE)
    assert {"config.yaml", "checkpoints/", "best_policy/"} <= set(named)
    reader.run(["marl", "train", "cartpole_ppo", "--out", "runs/cartpole"])
    assert [name for name in named if not Path("runs/cartpole", name).exists()] == []


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ("marl train cartpole_pp0 --out runs/x", "cartpole_pp0"),
        ("make bread", "bread"),
        ("pip install marl-teams[speed]", "speed"),
        ("python experiments/nothing.py", "nothing"),
        ("curl https://a.example", "neither run nor checked"),
    ],
)
def test_a_command_that_does_not_work_is_found(commands: str, reason: str, reader: Reader) -> None:
    with pytest.raises(AssertionError, match=reason):
        reader.run(commands.split())


def test_code_that_does_not_work_is_found(reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.TOP", tmp_path)
    for text, error in (
        ("```python\nimport marl\nmarl.trian\n```\n", AttributeError),
        ("```python\nimport marl.nothing\n```\n", ModuleNotFoundError),
        ("```yaml\na: 1\n```\n", AssertionError),
    ):
        (tmp_path / "page.md").write_text(text, encoding="utf-8")
        with pytest.raises(error):
            reader.read("page.md")


def test_every_page_begins_with_its_purpose() -> None:
    """After the title, in one sentence."""
    for page in PAGES[1:]:
        if not page.startswith("docs/reference/"):
            title, blank, first = (TOP / page).read_text(encoding="utf-8").splitlines()[:3]
            assert title.startswith("# "), page
            assert blank == "", page
            assert first[:1].isalpha() or first[:1] == "`", page


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "experiments/README.md"])
def test_the_links_of_a_page_that_the_site_does_not_check_lead_somewhere(page: str) -> None:
    path = TOP / page
    links = re.findall(r"\]\((?!http)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readme_is_short_and_begins_with_two_commands() -> None:
    text = (TOP / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert [words[:2] for words in blocks("README.md")[0].commands] == [["make", "train"], ["make", "test"]]
    assert "|---" not in text.partition("make train")[0]
