from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from failing_env import NAME, Failing, registered

from marl.core.errors import EnvironmentFailedError
from marl.tasks import processes
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS, GymnasiumConfig
from marl.tasks.gymnasium_task import GymnasiumTask


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registered():
        yield


def step(environment: GymnasiumEnvironment) -> Any:
    return environment.step({CLASS: torch.zeros(2, 1, dtype=torch.long)})


@pytest.mark.parametrize(("how", "end"), [("die", "process ended with exit status 0"), ("kill", "ended by SIGKILL")])
def test_a_process_that_dies_is_named_and_the_others_end(how: str, end: str) -> None:
    environment = GymnasiumEnvironment(NAME, 2, {"how": how, "last": 2}, vectorization="async")
    environment.reset(seed=0)
    step(environment)
    with pytest.raises(EnvironmentFailedError, match=rf"^the environment Failing-v0, copy 1: .*{end}$"):
        step(environment)
    assert not multiprocessing.active_children()
    environment.close()


def test_a_process_that_dies_between_two_steps_is_named_too() -> None:
    environment = GymnasiumEnvironment(NAME, 2, {"how": "die", "last": 9}, vectorization="async")
    environment.reset(seed=0)
    process = next(each for each in multiprocessing.active_children() if each.name.endswith("-0"))
    process.kill()
    process.join()
    with pytest.raises(EnvironmentFailedError, match=r"Failing-v0, copy 0: its process was ended by SIGKILL"):
        step(environment)
    assert not multiprocessing.active_children()


def test_a_step_that_takes_too_long_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE", 0.2)
    arguments = {"how": "hang", "last": 1}
    settings = GymnasiumConfig(name=NAME, arguments=arguments, vectorization="async", step_timeout=0.5)
    environment, begin = GymnasiumTask().make(settings, 2, training=True), time.monotonic()
    environment.reset(seed=0)
    with pytest.raises(
        EnvironmentFailedError, match=r"Failing-v0, copy 1, has not answered for 0\.5 s \(env\.step_timeout\)"
    ):
        step(environment)
    assert time.monotonic() - begin < 30  # it would sleep a minute
    assert not multiprocessing.active_children()


def test_a_limit_of_time_is_refused_where_a_process_would_have_to_end_itself() -> None:
    with pytest.raises(ValueError, match=r"step_timeout is 5, but vectorization is 'sync'.*set vectorization async"):
        GymnasiumConfig(name=NAME, step_timeout=5)


def test_a_copy_that_cannot_be_made_in_its_process_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    here, make = os.getpid(), Failing.__init__

    def only_here(self: Failing, how: str) -> None:
        if os.getpid() != here:
            os._exit(3)
        make(self, how)

    monkeypatch.setattr(Failing, "__init__", only_here)
    with pytest.raises(EnvironmentFailedError, match=r"Failing-v0, copy \d: its process ended with exit status 3"):
        GymnasiumEnvironment(NAME, 2, {"how": "raise"}, vectorization="async")
    assert not multiprocessing.active_children()
