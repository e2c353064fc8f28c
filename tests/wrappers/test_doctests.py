"""The examples in the docstrings of the public wrappers."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

import marl.wrappers

MODULES = sorted({getattr(marl.wrappers, name).__module__ for name in marl.wrappers.__all__})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_their_docstrings_say(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
