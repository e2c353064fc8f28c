from __future__ import annotations

import io

from rich.console import Console

from marl.commands.progress import Watcher
from marl.training import Progress


def test_that_the_task_is_solved_is_told_once() -> None:
    text = io.StringIO()
    with Watcher(Console(file=text), 100) as watch:
        watch(Progress(10, 100, 1.0, {}))
        watch(Progress(20, 100, 1.0, {}, "Solved in 1 runs, 101 total runs"))
        watch(Progress(30, 100, 1.0, {}, "Solved in 1 runs, 101 total runs"))
    assert text.getvalue().splitlines()[1:] == ["Solved in 1 runs, 101 total runs (20 env steps)"]
