"""Copies in several processes beside the same in one."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import habits
import pytest
import torch
from counting_pettingzoo import Counting
from gymnasium.spaces import Discrete
from leaving_pettingzoo import Leaving, Painted, PaintedTurns, Turns
from torch import Tensor

from marl.core.errors import EnvironmentFailedError
from marl.tasks import processes as tasks_processes
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.tasks.random_actions import random_actions

COPIES = 5


def make(factory: Callable[[], Any], processes: int, **options: Any) -> PettingZooEnvironment:
    return PettingZooEnvironment(factory, COPIES, lambda name: "A", ("A",), processes=processes, **options)


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Equal bit for bit, in type and shape, too."""
    if is_dataclass(one):
        for field in fields(one):
            assert_same(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    elif isinstance(one, Mapping):
        assert one.keys() == other.keys(), where
        for name in one:
            assert_same(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, Tensor):
        assert one.dtype == other.dtype and one.shape == other.shape and one.equal(other), where
    else:
        assert one == other, where


ENDS = {"dies": {"x": 2, "z": 5}, "cut": {"y": 3}}


@pytest.mark.parametrize(
    "factory",
    [
        lambda: Leaving(**ENDS, masks=True),
        lambda: Leaving(joins={"x": 2}, dies={"x": 4, "y": 4, "z": 4}, silent=True),
        lambda: Leaving(dies={"x": 2, "y": 6, "z": 6}, returns={"x": 4}, cut={"x": 6}),
        lambda: Painted(**ENDS),
        lambda: Turns(masks=True),
        PaintedTurns,
        lambda: Counting(fields=("adjacency", "entities", "entity_mask")),
        lambda: Counting(continuous=True),
    ],
    ids=["masks", "joins", "comes back", "images", "turns", "images in turns", "fields", "continuous"],
)
def test_two_processes_tell_what_one_tells(factory: Callable[[], Any]) -> None:
    """Three copies in one and two in the other; after a while some begin anew."""
    one, two = (make(factory, processes, rejoin=True) for processes in (1, 2))
    generator = torch.Generator().manual_seed(0)
    seen = one.reset(3)
    assert_same(two.reset(3), seen)
    for time_ in range(12):
        if time_ == 7:
            some = torch.tensor([False, False, False, True, False])
            seen = one.restart(some)
            assert_same(two.restart(some), seen)
        actions = random_actions(seen, one.roster, generator)
        moved = one.step(actions)
        assert_same(two.step(actions), moved)
        seen = moved.observation
    assert_same(two.state(), one.state())
    two.close()
    assert not multiprocessing.active_children()


def test_what_was_told_is_not_written_over() -> None:
    env = make(lambda: Leaving(**ENDS), 2)
    first = env.reset(0)
    before = first.features["A"].clone()
    step(env)
    assert first.features["A"].equal(before)
    env.close()


def test_there_are_no_more_processes_than_copies() -> None:
    env = make(Leaving, 9)
    assert len(multiprocessing.active_children()) == COPIES
    env.close()


class Sick(Leaving):
    """A copy that fails in its second step, in its own way, once it was told to."""

    how = ""

    def step(self, actions: dict[str, str]) -> Any:
        if self.how and self.time == 1:
            self.suffer()
        return super().step(actions)

    def suffer(self) -> None:
        if self.how == "raise":
            raise ZeroDivisionError("100 % wrong")
        time.sleep(60)


def sick(how: str, **options: Any) -> PettingZooEnvironment:
    """Copies after a step, of which the last will fail in its next."""
    made: list[Sick] = []

    def make_one() -> Sick:
        made.append(Sick(**ENDS))
        made[-1].how = how if multiprocessing.current_process().name.endswith("-1") and len(made) == 3 else ""
        return made[-1]

    env = make(make_one, 2, **options)
    env.reset(0)
    step(env)
    return env


def step(env: PettingZooEnvironment) -> None:
    env.step({"A": torch.zeros(COPIES, 3, dtype=torch.long)})


def fail(env: PettingZooEnvironment) -> EnvironmentFailedError:
    with pytest.raises(EnvironmentFailedError) as caught:
        step(env)
    assert not multiprocessing.active_children()
    env.close()
    return caught.value


def test_a_copy_that_fails_is_named_with_its_own_traceback() -> None:
    error = fail(sick("raise"))
    words = "the environment leaving, copy 4, in step 2 of its episode, failed: ZeroDivisionError: 100 % wrong"
    assert str(error).startswith(words)
    assert "in suffer" in str(error.__cause__)


def test_a_process_that_hangs_is_named_and_tells_where(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks_processes, "GRACE", 0.2)
    error = fail(sick("hang", step_timeout=0.3))
    assert str(error) == "the environment leaving, copies 3 to 4, has not answered for 0.3 s (env.step_timeout)"
    assert "in suffer" in capfd.readouterr().err


def test_a_process_that_dies_is_named_with_its_copies() -> None:
    env = make(Leaving, 2)
    env.reset(0)
    process = next(each for each in multiprocessing.active_children() if each.name.endswith("-0"))
    process.kill()
    process.join()
    assert str(fail(env)) == "the environment leaving, copies 0 to 2: its process was ended by SIGKILL"


def test_with_a_limit_of_time_even_one_process_is_beside_this() -> None:
    env = GymnasiumEnvironment("CartPole-v1", 2, step_timeout=60)
    assert len(multiprocessing.active_children()) == 1
    env.close()


def test_what_cannot_be_pickled_plays_in_one_process_only() -> None:
    factory = partial(Leaving, masks=threading.Lock())
    make(factory, 1).close()
    told = r"processes is 2, but leaving cannot be sent to another process \(TypeError: cannot pickle '_thread.lock'.*"
    with pytest.raises(
        ValueError, match=told + "set processes to 1 and leave step_timeout out, or give arguments that"
    ):
        make(factory, 2)
    assert not multiprocessing.active_children()


def test_copies_in_other_spaces_than_the_first_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in the other process are alike."""
    here = os.getpid()

    def make_one(self: Any) -> None:
        self.action_space = Discrete(2 if os.getpid() == here else 3)

    monkeypatch.setattr(habits.Walk, "__init__", make_one)
    told = r"^the copies of habits:Walk-v0 differ, .* a copy has the space Discrete\(3\), the first has Discrete\(2\)$"
    with pytest.raises(ValueError, match=told):
        GymnasiumEnvironment("habits:Walk-v0", 2, processes=2)
    assert not multiprocessing.active_children()


def test_states_with_running_episodes_need_one_process() -> None:
    with pytest.raises(ValueError, match="processes is 2, but get_state is given, which needs the copies in this one"):
        make(Leaving, 2, get_state=lambda env: {}, set_state=lambda env, state: None)
