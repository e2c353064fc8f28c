"""A command line that tells its exit status and what it printed; `preset` and `run` are of simple_tag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from line_runs import walkers
from small_tag import small_env
from written_runs import make_run

from marl.cli.main import main

__all__ = ["make_run", "small_env", "walkers"]

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line; gives exit status and what was printed."""

    def run_line(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        return status, *capsys.readouterr()

    return run_line


@pytest.fixture(autouse=True)
def _threads() -> Any:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)
