from __future__ import annotations

import sys

import pytest

from marl.core.kernels import compiled_rules

MODULE = "marl.envs.games.kernels.tic_tac_toe"
uncached = compiled_rules.__wrapped__
"""Without the memory of earlier calls, in which Numba was there."""


def test_the_rules_of_a_module_are_loaded_once() -> None:
    pytest.importorskip("numba")
    rules = compiled_rules(MODULE)
    assert rules is not None
    assert rules.most_legal == 9
    assert compiled_rules(MODULE) is rules


def test_without_numba_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    assert uncached(MODULE) is None


def test_another_module_that_is_missing_is_an_error() -> None:
    pytest.importorskip("numba")
    with pytest.raises(ModuleNotFoundError, match="no_such_kernels"):
        uncached("marl.envs.games.kernels.no_such_kernels")


def test_numba_that_is_switched_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    with pytest.warns(UserWarning, match="Numba cannot be used, .*: NUMBA_DISABLE_JIT is set"):
        assert uncached(MODULE) is None
