from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from marl.cli import worker
from marl.core.errors import ConfigError
from marl.training.callbacks import Callback
from marl.training.progress import Progress
from marl.training.run_config import RunConfig, read_config

State = dict[str, Any]
WHERE = Progress(256, 512, 100.0, {"return/agent": 1.5, "loss/value": 2.0})


@contextmanager
def child(folder: Path, monkeypatch: pytest.MonkeyPatch, job: State | None = None) -> Iterator[Callable[[], None]]:
    """Streams as the parent sets them: output in ``told``, errors in ``log``. Gives what ends the input, as it does."""
    read, write = os.pipe()
    for what in ("ignore_signals", "outlive_parent_shortly"):  # this process is no child
        monkeypatch.setattr(worker, what, lambda: None)
    if job is not None:
        os.write(write, json.dumps(job).encode() + b"\n")
    told, log = (folder / "told").open("w"), (folder / "log").open("w")
    with os.fdopen(write) as parent, os.fdopen(read) as stdin, told, log, redirect_stdout(told), redirect_stderr(log):
        monkeypatch.setattr(sys, "stdin", stdin)
        yield parent.close


def test_a_job_is_read_and_progress_told_while_prints_go_into_the_log(
    preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the metrics only returns are shown, so only they are sent."""

    def train(config: RunConfig[Any], folder: Path, resume: bool, callbacks: list[Callback]) -> int:
        assert (config, folder, resume) == (read_config(preset), tmp_path / "x", True)
        print("printed", flush=True)
        (callback,) = callbacks
        callback.on_iteration(WHERE)
        return 7

    monkeypatch.setattr(worker, "train_run", train)
    with child(
        tmp_path,
        monkeypatch,
        {"config": preset, "folder": str(tmp_path / "x"), "resume": True, "trust": [], "command": []},
    ):
        assert worker.main() == 7
    assert (tmp_path / "log").read_text() == "printed\n"
    (line,) = (tmp_path / "told").read_text().splitlines()
    assert Progress(**json.loads(line)) == replace(WHERE, metrics={"return/agent": 1.5})


def test_errors_are_in_the_log_and_in_the_status(
    preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*arguments: Any, **named: Any) -> int:
        raise ConfigError("x is not empty")

    monkeypatch.setattr(worker, "train_run", train)
    with child(tmp_path, monkeypatch, {"config": preset, "folder": "x", "resume": False, "trust": [], "command": []}):
        assert worker.main() == 2
    assert (tmp_path / "log").read_text() == "error: x is not empty\n"


def test_a_parent_that_dies_before_it_gives_a_job_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with child(tmp_path, monkeypatch) as end:
        end()
        assert worker.main() == 130


def test_training_is_asked_to_stop_when_the_input_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output, channel = os.pipe()
    with child(tmp_path, monkeypatch) as end:
        tell = worker._Teller(channel)
        assert tell.on_iteration(WHERE)
        end()
        assert not tell.on_iteration(WHERE)
        assert len(os.read(output, 4096).splitlines()) == 2
        os.close(output)
        assert not tell.on_iteration(WHERE)  # nobody reads
    os.close(channel)
