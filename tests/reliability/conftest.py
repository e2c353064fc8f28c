from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_server import CommandServer
from drills import Drill, DrillOf, Scenario
from file_faults import build_library, missing


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """TensorBoard's reader warns whenever a run was resumed."""
    caplog.set_level(logging.ERROR, "tensorboard")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandServer]:
    """Runs commands with faults; tests that need it are skipped where that cannot be done."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("server")
    server = CommandServer(build_library(folder), folder)
    yield server
    server.close()


@pytest.fixture(scope="session")
def drill_of(server: CommandServer, tmp_path_factory: pytest.TempPathFactory) -> DrillOf:
    """``drill_of(scenario)``: its drill, one for all tests."""
    drills: dict[str, Drill] = {}

    def make(scenario: Scenario) -> Drill:
        if scenario.name not in drills:
            folder: Path = tmp_path_factory.mktemp(scenario.name).resolve()
            drills[scenario.name] = Drill(server, scenario, folder)
        return drills[scenario.name]

    return make
