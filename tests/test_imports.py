"""Imports point from later floors to earlier ones, nothing runs in a circle, and importing does nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

from marl.cli import main

ROOT = Path(__file__).parents[1]

SOURCES = {"marl": ROOT / "marl", "marl.envs": ROOT / "envs", "marl.wrappers": ROOT / "wrappers"}
"""Folder of each package; ``rglob`` does not follow the links from ``marl/`` to the others."""

FLOORS: tuple[tuple[str, ...], ...] = (
    ("core",),
    ("maths", "system", "pictures"),
    ("networks", "games"),
    ("tasks",),
    ("policies",),
    ("algorithms", "evaluation", "players"),
    ("training",),
    ("launch",),
    ("analysis",),
    ("api",),
    ("cli",),
    ("__main__",),
)
"""Folders of ``marl/``, the earliest floor first. A module imports from its own folder and from earlier floors."""

BESIDE = {
    "wrappers": {"core", "maths", "wrappers"},
    "envs": {"core", "maths", "wrappers", "envs", "games.shown", "tasks", "policies.saved"},
}
"""The floors that the packages beside ``marl/`` import from; ``marl`` finds these packages by entry points only."""

NAMES_IN_STRINGS = {
    "marl": "the public names, each imported when it is first used",
    "marl.cli.main": "the commands",
}
"""Modules that may name others in strings; beside them a game names its own kernels, and setup.cfg entry points."""

IMPORTERS = {
    *NAMES_IN_STRINGS,
    "marl.core.entry_points",  # what installed packages declare
    "marl.core.kernels",  # a game's own
    "marl.core.trust",  # what settings name, if it is trusted
    "marl.system.workers",  # what processes of this one tell it, which it started itself
    "marl.tasks.gymnasium_making",  # Gymnasium imports MODULE of MODULE:NAME, after `import_named` has
}
"""Modules that import others by names which are no part of their text."""


def modules() -> dict[str, Path]:
    """Every module by the name under which it is imported."""
    found = {}
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
GROUPS = {"marl.environments", "marl.games"}
"""Groups of entry points, one of which is named as a folder is."""
COMMANDS = {f"marl.cli.{name}" for name in main.COMMANDS}
"""Modules that ``marl.cli.main`` imports by the name of a command."""


def imported(path: Path) -> Iterator[str]:
    """Modules of this project that a file imports, inside functions too, but not those for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
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


def named(path: Path) -> Iterator[str]:
    """Modules of this project that a file names in strings, docstrings aside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in statements:
            found = re.findall(r"marl(?:\.\w+)+", node.value)
            yield from (part for part in found if part in MODULES and node.value not in GROUPS)


GRAPH = {name: set(imported(path)) for name, path in MODULES.items()}
IN_STRINGS = {name: set(named(path)) - {name} for name, path in MODULES.items()}


def folder_of(module: str) -> str:
    """The folder of ``marl/`` in which a module lies; the empty string for ``marl`` itself."""
    return module.removeprefix("marl").removeprefix(".").partition(".")[0]


def floor_of(folder: str) -> int:
    return next(height for height, folders in enumerate(FLOORS) if folder in folders)


def allowed(module: str, other: str) -> bool:
    """True if a module may import another."""
    mine, its = folder_of(module), folder_of(other)
    if mine in BESIDE:
        return bool({its, other.removeprefix("marl.")} & BESIDE[mine])
    if its in BESIDE or not its:
        return False
    return mine == its or floor_of(its) < floor_of(mine)


def test_every_folder_has_a_floor() -> None:
    floors = {folder for floor in FLOORS for folder in floor}
    assert {folder_of(module) for module in MODULES} == {"", *floors, *BESIDE}


def test_modules_import_from_earlier_floors_only() -> None:
    edges = [
        (module, other) for module, others in sorted(GRAPH.items()) for other in sorted(others) if module != "marl"
    ]
    assert len(edges) > 500
    assert not [f"{module} imports {other}" for module, other in edges if not allowed(module, other)]


def test_an_import_of_environments_by_the_core_is_refused() -> None:
    assert not allowed("marl.core.task", "marl.envs.cartpole")
    assert not allowed("marl.networks.actor", "marl.games.registry")
    assert not allowed("marl.wrappers.predators", "marl.envs.cartpole")
    assert allowed("marl.envs.simple_tag.learnt_opponents", "marl.policies.saved")
    assert not allowed("marl.envs.simple_tag.learnt_opponents", "marl.policies.policy")


def test_modules_are_named_in_strings_by_the_package_the_command_line_and_games_only() -> None:
    for module, others in IN_STRINGS.items():
        if folder_of(module) == "envs":
            assert not [other for other in others if ".kernels." not in other], module
        elif module not in NAMES_IN_STRINGS:
            assert not others, module


def test_few_modules_import_by_name_or_load_what_may_hold_code() -> None:
    ways = re.compile(r"\b(import_module|__import__|entry_points|gymnasium\.make|exec|pickle\.loads?|torch\.load)\(")
    assert {name for name, path in MODULES.items() if ways.search(path.read_text(encoding="utf-8"))} == IMPORTERS


def test_nothing_imports_in_a_circle() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for other in sorted(GRAPH[module] | (COMMANDS if module == "marl.cli.main" else IN_STRINGS[module])):
                visit(other, (*path, module))
            done.add(module)

    for module in GRAPH:
        visit(module, ())


def test_no_file_names_the_sources_of_environments_and_wrappers_as_packages() -> None:
    old = re.compile(r"^\s*(from|import) (envs|wrappers)\b|[\"'`](envs|wrappers)\.(?!py\b)[\w{]", re.MULTILINE)
    files = [path for kind in ("py", "md", "cfg", "toml") for path in ROOT.rglob(f"*.{kind}")]
    not_ours = {".venv", "build", "runs", "CHANGELOG.md"}  # which has the table of old names
    ours = [path for path in files if not not_ours & set(path.relative_to(ROOT).parts)]
    assert len(ours) > 200
    assert not [f"{path}: {found}" for path in ours for found in old.findall(path.read_text(encoding="utf-8"))]


def test_folders_named_envs_and_wrappers_beside_the_script_hide_nothing(tmp_path: Path) -> None:
    for name in ("envs", "wrappers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the {name} of the user was imported')\n")
    script = "import marl; print(marl.evaluate('predator_team', episodes=2)['episodes'])"
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    command = [sys.executable, "-m", "marl", "play", "tic_tac_toe", "--players", "first,rules"]  # loads no torch
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "player 2 (rules) wins" in done.stdout


def test_every_package_is_listed_for_the_wheel() -> None:
    """``find:`` would not see the packages behind the links, and lose files in the sdist."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    listed = settings["options"]["packages"].split()
    with_code = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert listed == sorted(with_code | {"marl.presets"})  # which holds YAML only


def test_importing_everything_prints_nothing_seeds_nothing_and_sets_no_threads(tmp_path: Path) -> None:
    names = sorted(name for name in MODULES if not name.endswith("__main__"))
    script = f"""
import importlib, random, sys
import numpy as np, rich.console, torch  # rich draws a number when it is imported
random.seed(1); np.random.seed(1); torch.manual_seed(1); torch.set_num_threads(1)
before = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads()
dtype = torch.get_default_dtype(), torch.is_grad_enabled()
import marl
marl.train
assert "matplotlib" not in sys.modules and "marl.envs" not in sys.modules
for name in {names}:
    importlib.import_module(name)
after = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads()
assert before == after
assert dtype == (torch.get_default_dtype(), torch.is_grad_enabled())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert not list(tmp_path.iterdir())
