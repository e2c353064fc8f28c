from __future__ import annotations

import sys
import warnings

import pytest

from marl.core import kernels
from marl.core.errors import Note
from marl.core.kernels import compiled_rules

MODULE = "heap_kernels"
uncached = compiled_rules.__wrapped__
"""Without the memory of earlier calls, in which Numba was there."""


def test_the_rules_of_a_module_are_loaded_once() -> None:
    pytest.importorskip("numba")
    rules = compiled_rules(MODULE)
    assert rules is not None
    assert rules.most_legal == 2
    assert compiled_rules(MODULE) is rules


def test_without_numba_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert uncached(MODULE) is None


def test_another_module_that_is_missing_is_an_error() -> None:
    pytest.importorskip("numba")
    with pytest.raises(ModuleNotFoundError, match="no_such_kernels"):
        uncached("no_such_kernels")


def test_numba_that_is_switched_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.warns(UserWarning, match="Numba cannot be used, .*: NUMBA_DISABLE_JIT is set"):
        assert uncached(MODULE) is None


def test_the_first_compilation_is_noted_and_no_later_one() -> None:
    numba = pytest.importorskip("numba")
    note_compilation = kernels._note_compilation
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        note_compilation()
        numba.njit(lambda: 0)()  # whatever was noted before is so no more
    note_compilation.__wrapped__()
    with pytest.warns(Note, match="compiling a game's rules and search; this takes some seconds") as told:
        assert numba.njit(lambda: 1)() + numba.njit(lambda: 2)() == 3
    assert len(told) == 1
