from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from marl.core.wording import argument, in_command

TOP = Path(__file__).parents[2]
OPTION, COMMAND = re.compile(r"--[a-z]"), re.compile(r"\b(?:marl|pip|tensorboard) ")


def texts_of(source: str) -> Iterator[str]:
    """Texts of a module but its docstrings; what is filled into one is left out."""
    tree = ast.parse(source)
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inner |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def test_arguments_are_written_as_their_reader_does() -> None:
    def written() -> list[str]:
        return [argument("native_grid"), argument("resume", "runs/x", "True"), argument("score_log.threshold", "195")]

    assert written() == ["native_grid", "resume=True", "score_log__threshold=195"]
    with in_command():
        assert written() == ["--native-grid", "--resume runs/x", "--score-log.threshold 195"]
    assert written()[0] == "native_grid"


def test_only_commands_write_options_themselves() -> None:
    """A whole command, which is for the shell whoever reads it, may stand anywhere."""
    files = [path for folder in ("marl", "envs", "wrappers") for path in sorted((TOP / folder).rglob("*.py"))]
    assert len(files) > 150
    others = [path for path in files if "cli" not in path.relative_to(TOP).parts]
    found = [(path, text) for path in others for text in texts_of(path.read_text(encoding="utf-8"))]
    assert not [f"{path.name}: {text}" for path, text in found if OPTION.search(COMMAND.split(text)[0])]
