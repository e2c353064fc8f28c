"""The tests of core to training run without the environments and wrappers that are built on it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FOLDERS = (
    "core",
    "maths",
    "system",
    "pictures",
    "networks",
    "tasks",
    "policies",
    "algorithms",
    "evaluation",
    "training",
    "support",
)
BESIDE = re.compile(r"marl\.(envs|wrappers)\b")

BLOCKED = """
import sys
sys.modules["marl.envs"] = sys.modules["marl.wrappers"] = None
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
"""Runs pytest where importing either of the packages raises ModuleNotFoundError."""

FAST = (
    "core/test_records.py",
    "maths/test_returns.py",
    "networks/test_critic.py",
    "tasks/test_registry.py",
    "policies/test_scripted.py",
    "evaluation/test_episodes.py",
    "training/test_collector.py",
)
"""Some quick tests of each floor."""


def modules_used(source: str) -> Iterator[str]:
    """Modules that a test imports, and those that it names in strings, e.g. to patch something there."""
    tree = ast.parse(source)
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
            yield node.value


@pytest.mark.parametrize(
    "source",
    [
        "from marl.envs.cartpole import task",
        "from marl import wrappers",
        "def test() -> None:\n    import marl.wrappers.rules.prey as prey",
        "monkeypatch.setattr('marl.envs.cartpole.task', None)",
    ],
)
def test_every_way_to_use_them_is_seen(source: str) -> None:
    assert any(BESIDE.match(name) for name in modules_used(source))


def test_no_test_of_core_to_training_uses_an_environment_or_wrapper_of_the_package() -> None:
    files = [path for folder in FOLDERS for path in sorted((TESTS / folder).rglob("*.py"))] + [TESTS / "conftest.py"]
    assert len(files) > 60
    used = [(path, name) for path in files for name in modules_used(path.read_text(encoding="utf-8"))]
    assert not [f"{path.relative_to(TESTS)}: {name}" for path, name in used if BESIDE.match(name)]


def test_they_pass_where_neither_can_be_imported(tmp_path: Path) -> None:
    options = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent)]
    options += ["-k", "not stored_state", "--basetemp"]  # that one loads PyG, which takes seconds
    command = [sys.executable, "-c", BLOCKED, *options, str(tmp_path / "base"), *(str(TESTS / name) for name in FAST)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=TESTS.parent, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) > 60
