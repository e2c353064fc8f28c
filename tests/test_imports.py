"""Imports point one way, and importing does nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS: tuple[tuple[str, ...], ...] = (
    ("marl.errors",),
    ("marl.entries",),
    ("marl.config", "marl.roster", "marl.batch", "marl.symlog"),
    ("marl.decay", "marl.symmetry", "marl.game"),
    ("marl.environment",),
    (
        "marl.seeding",
        "marl.returns",
        "marl.losses",
        "marl.distributions",
        "marl.serialisation",
        "marl.statistics",
        "marl.seed_statistics",
        "marl.seed_groups",
        "marl.captions",
        "marl.board_picture",
        "marl.cores",
        "marl.process_pool",
        "marl.rendering",
    ),
    ("marl.interrupts", "marl.logger", "marl.score_log", "marl.networks", "marl.buffers", "marl.adapters"),
    ("marl.score_plot", "marl.search"),
    ("marl.games", "marl.players"),
    ("marl.policies",),
    ("marl.algorithms", "marl.collectors", "marl.progress"),
    ("marl.tasks", "marl.finite", "marl.evaluation", "marl.checkpoint"),
    ("marl.run_config",),
    ("marl.initial_policy",),
    ("marl.training",),
    ("marl.api", "marl.alternation", "marl.grid", "marl.processes"),
    ("marl.generalisation", "marl.comparison", "marl.tournament"),
    ("marl.commands",),
    ("marl.cli",),
    ("marl.__main__", "marl.worker"),
)
"""A module imports from its own group and from those above, but not upwards."""

FIRST_GROUP = {
    "marl.errors",
    "marl.config",
    "marl.roster",
    "marl.batch",
    "marl.environment",
    "marl.game",
    "marl.symlog",
    "marl.symmetry",
}
"""What environments and wrappers may know of the library."""

EXCEPTIONS = {
    "marl.envs.cartpole": {"marl.adapters.gymnasium", "marl.adapters.gymnasium_task"},
    "marl.envs.simple_tag_pettingzoo": {"marl.adapters.pettingzoo"},
    "marl.envs.learnt_opponents": {"marl.checkpoint", "marl.serialisation"},
}
"""Tasks of other libraries use the adapters; a saved policy that plays prey has to be loaded."""


SOURCES = {"marl": ROOT / "marl", "marl.envs": ROOT / "envs", "marl.wrappers": ROOT / "wrappers"}
"""Where each package lies; ``rglob`` does not follow the links from ``marl/`` to the others."""


def modules() -> dict[str, Path]:
    found = {}
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def package_of(module: str) -> str:
    """The longest of the packages in which a module lies."""
    return max((package for package in SOURCES if (module + ".").startswith(package + ".")), key=len)


MODULES = modules()


def imported(path: Path) -> Iterator[str]:
    """Modules of this project that a file imports, those inside functions included, for types only excluded."""
    tree = ast.parse(path.read_text())
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            assert node.level == 0
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in inner)


GRAPH = {name: set(imported(path)) for name, path in MODULES.items()}


def layer(module: str) -> int:
    for height, names in enumerate(LAYERS):
        if any(module == name or module.startswith(name + ".") for name in names):
            return height
    raise AssertionError(f"{module} has no place in LAYERS")


def test_every_module_of_the_library_has_a_place() -> None:
    assert len(GRAPH) > 40
    for module in GRAPH:
        if package_of(module) == "marl" and module != "marl":
            layer(module)


def test_imports_point_one_way() -> None:
    upwards = [
        f"{module} imports {other}"
        for module, others in GRAPH.items()
        for other in others
        if {package_of(module), package_of(other)} == {"marl"} and "marl" not in (module, other)
        if layer(other) > layer(module)
    ]
    assert not upwards


def test_the_library_knows_neither_environments_nor_wrappers() -> None:
    for module, others in GRAPH.items():
        if package_of(module) == "marl":
            assert not [other for other in others if package_of(other) != "marl"], module


def test_environments_and_wrappers_use_only_the_first_group() -> None:
    for module, others in GRAPH.items():
        package = package_of(module)
        if package == "marl":
            continue
        known = {other for other in others if package_of(other) == "marl"}
        assert known <= FIRST_GROUP | EXCEPTIONS.get(module, set()), module
        if package == "marl.wrappers":
            assert not [other for other in others if package_of(other) == "marl.envs"], module


def test_no_file_names_the_sources_of_environments_and_wrappers_as_packages() -> None:
    old = re.compile(r"^\s*(from|import) (envs|wrappers)\b|[\"'`](envs|wrappers)\.(?!py\b)\w+", re.MULTILINE)
    files = [path for kind in ("py", "md", "cfg", "toml") for path in ROOT.rglob(f"*.{kind}")]
    not_ours = {".venv", "build", "runs", "CHANGELOG.md"}  # which has the table of old names
    ours = [path for path in files if not not_ours & set(path.relative_to(ROOT).parts)]
    assert len(ours) > 200
    assert not [f"{path}: {found}" for path in ours for found in old.findall(path.read_text(encoding="utf-8"))]


def test_every_package_is_listed_for_the_wheel() -> None:
    """``find:`` would not see the packages behind the links, and lose files in the sdist."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = settings["options"]["packages"].split()
    assert listed == sorted(name for name, path in MODULES.items() if path.name == "__init__.py")


def test_nothing_imports_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for other in sorted(GRAPH[module]):
                visit(other, (*path, module))
            done.add(module)

    for module in GRAPH:
        visit(module, ())


@pytest.mark.parametrize("package", SOURCES)
def test_importing_everything_prints_nothing_seeds_nothing_and_sets_no_threads(package: str, tmp_path: Path) -> None:
    names = sorted(name for name in MODULES if package_of(name) == package and not name.endswith("__main__"))
    script = f"""
import importlib, random, warnings
import numpy as np, rich.console, torch  # rich draws a number when it is imported
random.seed(1); np.random.seed(1); torch.manual_seed(1); torch.set_num_threads(1)
before = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads()
dtype = torch.get_default_dtype(), torch.is_grad_enabled()
for name in {names}:
    importlib.import_module(name)
after = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads()
assert before == after
assert dtype == (torch.get_default_dtype(), torch.is_grad_enabled())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert not list(tmp_path.iterdir())
