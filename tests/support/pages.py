"""Pages of the documentation, and a reader who does what they say: the same commands and code, only shorter."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from glob import glob
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from run_here import Here

import marl
from marl.cli.main import main

__all__ = ["NOTEBOOKS", "PAGES", "TOP", "Block", "Reader", "blocks"]

TOP = Path(__file__).parents[2]
DOCS = sorted(path.relative_to(TOP).as_posix() for path in (TOP / "docs").rglob("*.md"))
PAGES = ("README.md", "experiments/README.md", *DOCS)
NOTEBOOKS = tuple(path.relative_to(TOP).as_posix() for path in sorted((TOP / "docs/notebooks").glob("*.ipynb")))

LESS_TRAINING = {"total_env_steps": "128", "num_copies": "4", "rollout_length": "16", "evaluation_episodes": "2"}
LESS = {
    "evaluate": {"--episodes": "2", "--max-steps": "200"},
    "render": {"--max-steps": "20"},
    "check": {"--episodes": "1"},
    "generalise": {"--episodes": "2", "--jobs": "1"},
    "alternate": {"--rounds": "1", "--env-steps": "256"},
    "tournament": {"--games": "2", "--jobs": "1"},
    "judge": {"--positions": "2"},
}
"""Options of each command that take the place of the page's."""
FEWER = {"--seeds": 2, "--native-grid": 2, "--teams": 2, "--prey": 1}
"""Number of values that are left of an option that takes many."""
ELSEWHERE = ("make", "pip", ".", "cd", "git", "tensorboard", "optuna-dashboard", "python", "wandb")
"""Commands that are not run, but checked as far as they name things of this repository."""
EXTRAS = {
    "box2d": "Box2D",
    "examples": "stable_baselines3",
    "export": "onnx",
    "loggers": "wandb",
    "pettingzoo": "pymunk",
    "sweep": "optuna",
}
"""A module of each extra, which is there if the extra is installed."""


class Block(NamedTuple):
    """A fenced block of code: its language, the file that it is to be saved as, and the code."""

    language: str
    file: str
    code: str

    @property
    def commands(self) -> Iterator[list[str]]:
        """The words of each command."""
        for line in self.code.replace("\\\n", " ").splitlines():
            if words := shlex.split(line, comments=True):
                yield [each for word in words for each in files_of(word)]


def files_of(word: str) -> list[str]:
    """Expand a word as a shell does: the files that a pattern stands for, or the word."""
    return (sorted(glob(word)) if re.fullmatch(r"[\w/.-]+\*", word) else []) or [word]


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    fence = r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$'
    text = (TOP / page).read_text(encoding="utf-8")
    assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(re.findall(fence, text, re.MULTILINE | re.DOTALL)), (
        page
    )
    return [Block(*found) for found in re.findall(fence, text, re.MULTILINE | re.DOTALL)]


class Reader:
    """Does what pages say in a folder; a training that several pages begin with is done once.

    Args:
        patch: takes everything back at the end of the test.
        capture: what is printed.
        folder: where the reader is.
        trained: runs by the words of the command that trained them, shared by all readers.
    """

    def __init__(
        self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], folder: Path, trained: dict[str, Path]
    ) -> None:
        self.capture, self.folder, self.trained = capture, folder, trained
        self.skipped: list[str] = []
        """Commands and imports that need an extra which is not installed, and what they need."""
        self._missing: set[str] = set()
        (folder / "experiments/results").mkdir(parents=True)
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        patch.setattr("marl.training.presets.preset_files", lambda: presets(trained, folder))
        patch.setattr("marl.launch.many_runs.RunProcess", Here)
        patch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)
        patch.setattr("marl.analysis.crosstable.EPISODES", 2)
        patch.setattr("marl.cli.page.serve", lambda *_: 0)  # a page would be served until Ctrl-C
        # What costs as much as the short trainings themselves, and is tested elsewhere: their pictures and HParams.
        patch.setattr("marl.training.evaluation.EpisodeEvaluation.draw", lambda *_: None)
        patch.setattr("marl.training.game_evaluation.GameEvaluation.draw", lambda *_: None)
        patch.setattr("marl.training.board._nearest_preset", lambda *_: ("", {}))
        for name, options in (
            ("train", {name: int(value) for name, value in LESS_TRAINING.items()}),
            ("evaluate", {"episodes": 2}),
            ("tournament", {"games": 2, "jobs": 1}),
            ("generalise", {"episodes": 2, "jobs": 1}),
        ):
            patch.setattr(marl, name, shorter(getattr(marl, name), options))

    def read(self, page: str) -> None:
        """Save the page's files, run its commands and its code, from the first line to the last."""
        names: dict[str, Any] = {"__name__": "page"}
        for block in blocks(page):
            if block.file:
                Path(block.file).write_text(block.code, encoding="utf-8")
            elif block.language == "":
                for words in block.commands:
                    self.run(words)
            elif block.language == "python":
                self._execute(block.code, page, names)
            else:
                assert block.language == "text", f"{page}: a block of {block.language} is not saved as a file, nor run"

    def execute(self, notebook: str) -> None:
        """Execute the cells of a notebook, in order."""
        names: dict[str, Any] = {"__name__": "__main__"}
        for cell in json.loads((TOP / notebook).read_text(encoding="utf-8"))["cells"]:
            assert cell["cell_type"] == "markdown" or cell["outputs"] == [], f"{notebook} is stored with outputs"
            if cell["cell_type"] == "code":
                self._execute("".join(cell["source"]), notebook, names)

    def run(self, words: Sequence[str]) -> None:
        """Run a command, or check what it names if it is not of this package."""
        if words[0] != "marl":
            return check_command(words)
        if any(word == out or word.startswith(f"{out}/") for word in words for out in self._missing):
            self.skipped.append(f"{shlex.join(words)}: a run is not there")
            return None
        out = words[words.index("--out") + 1] if "--out" in words else ""
        shorter_words = shortened(words[1:])
        key = shlex.join(word for word in shorter_words if word != out)
        if key in self.trained:
            shutil.copytree(self.trained[key], out)
            return None
        self.capture.readouterr()
        status, told = main(shorter_words), self.capture.readouterr()
        if status and (module := missing_module(told.err)):
            self.skipped.append(f"{shlex.join(words)}: needs {module}")
            self._missing.add(out)
            return None
        assert status == 0, f"marl {shlex.join(shorter_words)}\n{told.out}{told.err}"
        others = [word for word in shorter_words if word != out]
        if words[1] in ("train", "alternate") and out and not any("runs/" in x or Path(x).exists() for x in others):
            self.trained[key] = Path(shutil.copytree(out, self.trained["folder"] / str(len(self.trained))))
        return None

    def _execute(self, code: str, page: str, names: dict[str, Any]) -> None:
        try:
            exec(compile(code, page, "exec"), names)
        except ModuleNotFoundError as error:
            if not missing_module(str(error)):
                raise
            self.skipped.append(f"code of {page}: {error}")


def missing_module(told: str) -> str:
    """The module of an extra that is not installed, of which an error tells; empty if it tells of none."""
    missing = {extra: module for extra, module in EXTRAS.items() if importlib.util.find_spec(module) is None}
    named = (module for extra, module in missing.items() if module in told or f"[{extra}]" in told)
    return next(named, "pymunk" if "pettingzoo[" in told and "pettingzoo" in missing else "")


def presets(trained: dict[str, Path], folder: Path) -> dict[str, Path]:
    """The presets, in which simple_tag lasts 10 steps."""
    place = trained.setdefault("folder", folder) / "presets"
    if not place.exists():
        shutil.copytree(TOP / "experiments/presets", place)
        for path in place.glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("name: simple_tag", "name: simple_tag\n  max_cycles: 10"), encoding="utf-8")
    return {path.stem: path for path in place.glob("*.yaml")}


def shortened(words: Sequence[str]) -> list[str]:
    """The words of a command with fewer env steps, seeds, teams, episodes, games and simulations."""
    command, resumed = words[0], "--resume" in words
    less = dict(LESS.get(command, {}))
    if command == "train" and not {"--print-config", "--help"} & set(words):
        less = {f"--{name.replace('_', '-')}": value for name, value in LESS_TRAINING.items()}
        if any("alpha_zero" in word for word in words):
            less["--algorithm.search.simulations"] = "4"
        if resumed:
            less = {"--total-env-steps": "192"}
    kept = []
    for word, before in zip(words, ("", *words), strict=False):
        if word not in less and before not in less:
            kept.append(first_of(word, FEWER[before]) if before in FEWER else word)
    if command in ("play", "tournament", "judge") and "--web" not in words:
        kept = [fewer_simulations(word) for word in kept]
    return [*kept, *(word for pair in less.items() for word in pair)]


def first_of(values: str, most: int) -> str:
    """The first values of a list with commas, or so many seeds."""
    return str(min(int(values), most)) if values.isdigit() else ",".join(values.split(",")[:most])


def fewer_simulations(players: str) -> str:
    """Players that search less; a random one in place of a human."""
    players = re.sub(r"\buct:([\d.]+)s?", lambda found: f"uct:{len(found[1])}", players)  # those that differ still do
    players = re.sub(r"\bnegamax:\d+", "negamax:2", players)
    return re.sub(r"\bhuman\b", "random", re.sub(r"(\baz:[^:,]+):[1-9][\d.]*s?", r"\1:2", players))


def shorter(function: Any, options: dict[str, Any]) -> Any:
    """A function of `marl` with some options that take the place of the caller's."""

    def call(*given: Any, **others: Any) -> Any:
        replaced = {**others, **options}
        if others.get("resume"):
            replaced = {**others, "total_env_steps": 192}
        if "players" in others or (function.__name__ == "tournament" and len(given) > 1):
            given = (given[0], [fewer_simulations(player) for player in given[1]], *given[2:])
        return function(*given, **replaced)

    return call


def check_command(words: Sequence[str]) -> None:
    """Check that what a command of another program names is there."""
    assert words[0] in ELSEWHERE, f"{shlex.join(words)} is neither run nor checked"
    if words[0] == "make" and len(words) > 1:
        assert re.search(rf"^{re.escape(words[1])}:", (TOP / "Makefile").read_text("utf-8"), re.MULTILINE), words
    if words[0] == "python":
        assert (TOP / words[1]).is_file(), words
    for extra in re.findall(r"marl-teams\[([\w,]+)\]", shlex.join(words)):
        for each in extra.split(","):
            assert f"\n{each} =\n" in (TOP / "setup.cfg").read_text("utf-8"), words
