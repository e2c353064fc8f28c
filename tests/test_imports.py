"""Imports point one way, and importing does nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

LAYERS: tuple[tuple[str, ...], ...] = (
    ("marl.errors",),
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
    "envs.cartpole": {"marl.adapters.gymnasium", "marl.adapters.gymnasium_task"},
    "envs.simple_tag_pettingzoo": {"marl.adapters.pettingzoo"},
    "envs.learnt_opponents": {"marl.checkpoint", "marl.serialisation"},
}
"""Tasks of other libraries use the adapters; a saved policy that plays prey has to be loaded."""


def modules() -> dict[str, Path]:
    found = {}
    for package in ("marl", "envs", "wrappers"):
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


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
        if module.startswith("marl."):
            layer(module)


def test_imports_point_one_way() -> None:
    upwards = [
        f"{module} imports {other}"
        for module, others in GRAPH.items()
        for other in others
        if module.startswith("marl.") and other.startswith("marl.") and layer(other) > layer(module)
    ]
    assert not upwards


def test_the_library_knows_neither_environments_nor_wrappers() -> None:
    for module, others in GRAPH.items():
        if module.split(".")[0] == "marl":
            assert not [other for other in others if other.split(".")[0] in ("envs", "wrappers")], module


def test_environments_and_wrappers_use_only_the_first_group() -> None:
    for module, others in GRAPH.items():
        package = module.split(".")[0]
        if package not in ("envs", "wrappers"):
            continue
        known = {other for other in others if other.split(".")[0] == "marl"}
        assert known <= FIRST_GROUP | EXCEPTIONS.get(module, set()), module
        if package == "wrappers":
            assert not [other for other in others if other.split(".")[0] == "envs"], module


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


def test_importing_everything_prints_nothing_seeds_nothing_and_sets_no_threads(tmp_path: Path) -> None:
    names = sorted(name for name in MODULES if not name.endswith("__main__"))
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
