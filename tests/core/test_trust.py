from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from marl.core.errors import ConfigError
from marl.core.trust import TRUST, Trust, UntrustedError, import_named, module_of, trusting


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], set[str]]:
    """A package ``alien`` with ``alien.ship`` on the path, and ``alienation`` beside it; tells which are imported."""
    (tmp_path / "alien").mkdir()
    for name in ("alien/__init__.py", "alien/ship.py", "alienation.py", "alien-ship.py"):
        (tmp_path / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    names = ("alien", "alien.ship", "alienation", "alien-ship")
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return lambda: sys.modules.keys() & set(names)


@pytest.mark.parametrize("text", ["alien:Ship-v0", "alien.ship:Ship-v0"])
def test_a_module_that_nobody_trusts_is_not_imported(text: str, package: Callable[[], set[str]]) -> None:
    module = text.partition(":")[0]
    with pytest.raises(UntrustedError) as caught:
        import_named(text)
    assert not package()
    assert str(caught.value) == (
        f"'{text}' names the module '{module}', which is not trusted and was not imported; if you trust its code, "
        f"import it first or give trust=['{module}']"
    )
    copied = pickle.loads(pickle.dumps(caught.value))  # as it comes back from another process
    assert (copied.module, str(copied)) == (module, str(caught.value))


def test_a_package_is_trusted_with_what_is_in_it_and_no_other_for_its_name(package: Callable[[], set[str]]) -> None:
    with trusting(["alien"]):
        assert import_named("alien.ship:Ship-v0").__name__ == "alien.ship"
        with pytest.raises(UntrustedError):
            import_named("alienation:Ship-v0")
    with trusting("alien.ship", imported=False), pytest.raises(UntrustedError):
        import_named("alien:Ship-v0")
    with trusting(typed="alien.ship"):
        assert import_named("alien.ship").__name__ == "alien.ship"
    assert package() == {"alien", "alien.ship"}


def test_a_misspelt_module_of_a_package_is_answered_with_the_nearest(package: Callable[[], set[str]]) -> None:
    with trusting("alien"), pytest.raises(ConfigError, match=r"did you mean alien\.ship\? Else install it, or put"):
        import_named("alien.shipp:Ship-v0")
    with trusting("aliens"), pytest.raises(ConfigError, match=r"\(No module named 'aliens'\); install it, or put"):
        import_named("aliens.ship:Ship-v0")


def test_a_module_that_a_script_imported_is_trusted_but_for_the_standard_library(
    package: Callable[[], set[str]],
) -> None:
    with trusting("alien"):
        import_named("alien:Ship-v0")
    assert import_named("alien:Ship-v0") is sys.modules["alien"]
    with trusting(imported=False), trusting("other"), pytest.raises(UntrustedError):  # a block within keeps to it
        import_named("alien:Ship-v0")
    for text in ("os:system", "importlib.util:find_spec", "subprocess:run"):
        assert module_of(text) in sys.modules
        with pytest.raises(UntrustedError):
            import_named(text)


def test_trust_is_of_a_block_of_a_typed_name_or_of_the_environment(
    package: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TRUST.get() == Trust()
    with trusting("a, b.c", imported=False), trusting(["d"], typed="e:x"), trusting(typed="f.g_v1"):
        assert TRUST.get() == Trust(frozenset({"a", "b.c", "d", "e", "f.g_v1"}), imported=False)
    with trusting(typed="simple_tag"), trusting(typed=["a:x"]), trusting(typed="..:x"), trusting(typed="./a.b"):
        assert TRUST.get() == Trust()
    monkeypatch.setenv("MARL_TRUST", " other ,alien,")
    assert import_named("alien:Ship-v0").__name__ == "alien"


@pytest.mark.parametrize("package", ["gymnasium", "pettingzoo", "mpe2", "supersuit"])
def test_packages_that_this_one_is_built_on_are_trusted(package: str) -> None:
    assert Trust().covers(package)
    assert Trust().covers(f"{package}.utils")
    assert not Trust().covers(f"{package}s")


@pytest.mark.parametrize("text", ["..:x", ":x", "alien", "alien-ship:x", "a b:x", "alien..ship:x", "a:b:x", ""])
def test_what_names_no_module_is_refused(text: str, package: Callable[[], set[str]]) -> None:
    """Even if trusted: importlib would take any name of a file, and a relative name."""
    with trusting(typed=text), pytest.raises(ConfigError, match="names no module; write MODULE:NAME"):
        import_named(text)
    assert not package()


def test_what_can_be_no_module_cannot_be_trusted() -> None:
    with (
        pytest.raises(ConfigError, match=r"trust is './alien.py'; name a module as an import does"),
        trusting("./alien.py"),
    ):
        pass


def test_a_module_that_is_not_there_is_named() -> None:
    with trusting("nowhere"), pytest.raises(ConfigError, match=r"'nowhere', which cannot be .* on PYTHONPATH"):
        import_named("nowhere:x")


def test_a_trusted_module_may_lie_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does for ``python -m marl``; the script ``marl`` has the folder of scripts in its place."""
    (tmp_path / "my_own_team.py").write_text("made = 7")
    elsewhere = [folder for folder in sys.path if folder not in ("", os.getcwd())]
    monkeypatch.setattr(sys, "path", [*elsewhere])
    monkeypatch.delitem(sys.modules, "my_own_team", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UntrustedError):
        import_named("my_own_team:make")
    assert sys.path == elsewhere
    with trusting(typed="my_own_team:make"):
        assert import_named("my_own_team:make").made == 7
    assert sys.path == [*elsewhere, str(tmp_path)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import pettingzoo.utils.to_parallel", "needs 'pettingzoo.utils.to_parallel', which is not in the installed "),
        (
            "from pettingzoo.utils import to_parallel",
            "cannot import .*; it is not in the installed pettingzoo [0-9.]+;",
        ),
        ("import gym", "needs 'gym', which was replaced by Gymnasium; take a version"),
        ("import nothing_like_it", "needs 'nothing_like_it', which is not installed; install what has it"),
        ("raise ImportError('no GPU', name='numpy')", r"ImportError: no GPU \(.*line 1\)$"),
    ],
)
def test_a_module_that_was_written_for_other_versions_says_so(
    line: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_old.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "of_old", raising=False)
    monkeypatch.setitem(sys.modules, "gym", None)
    with trusting("of_old"), pytest.raises(ConfigError, match=words):
        import_named("of_old:make")
