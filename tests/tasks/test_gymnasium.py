"""GymnasiumEnvironment beside the environments that it runs, stepped one by one by hand."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator

import gymnasium
import habits  # noqa: F401, registers its environments
import numpy as np
import pytest
import torch
from gymnasium_probe import make, push, registered

from marl.core.errors import PictureError, UndrawableError
from marl.core.records import Observation
from marl.core.seeding import episode_seed
from marl.system.interrupts import SIGNALS
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS, GymnasiumConfig

COPIES = 3


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    with registered():
        yield


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("name", "limit"), [("CartPole-v1", 15), ("Pendulum-v1", 7)])
def test_it_equals_each_copy_stepped_by_hand(name: str, limit: int, processes: int) -> None:
    vector = GymnasiumEnvironment(name, COPIES, None, limit, processes)
    alone = [gymnasium.make(name, max_episode_steps=limit) for _ in range(COPIES)]
    ends = {"terminated": 0, "truncated": 0}
    observation = vector.reset(seed=5)
    rows, episode = [env.reset(seed=episode_seed(5, i))[0] for i, env in enumerate(alone)], [*range(COPIES)]
    generator = np.random.default_rng(0)
    for _ in range(40):
        torch.testing.assert_close(observation.features[CLASS][:, 0], torch.tensor(np.stack(rows)), rtol=0, atol=0)
        if name == "CartPole-v1":
            given = chosen = generator.integers(2, size=(COPIES, 1))
        else:
            given = generator.integers(-8, 9, size=(COPIES, 1, 1)).astype(np.float32) / 8
            chosen = 2 * given  # bounds are -2 and 2
        step = vector.step({CLASS: torch.tensor(given)})
        for i, env in enumerate(alone):
            rows[i], reward, terminated, truncated, _ = env.step(chosen[i, 0])
            assert step.reward[i, 0] == float(reward)
            assert (step.terminated[i, 0], step.truncated[i, 0]) == (terminated, truncated)
            assert step.next_observation.features[CLASS][i, 0].tolist() == rows[i].tolist()
            if terminated or truncated:
                ends["terminated"] += terminated
                ends["truncated"] += truncated
                episode[i] += COPIES
                rows[i] = env.reset(seed=episode_seed(5, episode[i]))[0]
        observation = step.observation
    vector.close()
    assert ends["truncated"] > 0
    assert (ends["terminated"] > 0) == (name == "CartPole-v1")
    assert not multiprocessing.active_children()


def test_the_last_observation_is_kept_apart_from_the_first_of_the_next_episode() -> None:
    environment = make(copies=2)
    environment.reset(seed=0)
    for clock in (1, 2, 3):
        step = push(environment, 0, 0)
        assert step.next_observation.features[CLASS][:, 0, 0].tolist() == [clock, clock]
        assert step.observation.features[CLASS][:, 0, 0].tolist() == [clock % 3, clock % 3]
        assert step.terminated[:, 0].tolist() == [clock == 3] * 2
    assert push(environment, 0, 0).observation.features[CLASS][0, 0, 0] == 1


@pytest.mark.parametrize(
    ("limit", "terminated", "truncated"), [(2, False, True), (3, True, True), (4, True, False), (None, True, False)]
)
def test_a_limit_truncates_and_an_end_terminates(limit: int | None, terminated: bool, truncated: bool) -> None:
    """At the same step it is both, and only ``terminated`` stops bootstrapping."""
    environment = make(limit=limit)
    environment.reset(seed=0)
    step = push(environment, 0)
    while not step.ended[0]:
        step = push(environment, 0)
    assert (bool(step.terminated[0, 0]), bool(step.truncated[0, 0])) == (terminated, truncated)


def test_cartpole_is_cut_at_500() -> None:
    environment = make("CartPole-v1")

    def balance(observation: Observation) -> dict[str, torch.Tensor]:
        """Push to the side to which the pole will lean."""
        features = observation.features[CLASS]
        return {CLASS: (features[..., 2] + features[..., 3] > 0).long()}

    step, number = environment.step(balance(environment.reset(seed=6))), 1
    while not step.ended[0]:
        step, number = environment.step(balance(step.observation)), number + 1
    assert (number, bool(step.truncated[0, 0]), bool(step.terminated[0, 0])) == (500, True, False)


def test_no_copies_are_refused() -> None:
    with pytest.raises(ValueError, match="num_copies is 0; give at least 1"):
        make(copies=0)


def test_the_same_seed_gives_the_same_episodes_and_copies_differ() -> None:
    environment = make("CartPole-v1", 4)
    first = environment.reset(seed=3).features[CLASS].clone()
    again = environment.reset(seed=3).features[CLASS]
    other = environment.reset(seed=4).features[CLASS]
    assert first.equal(again)
    everything = torch.cat([first, other])[:, 0]
    assert len(everything.unique(dim=0)) == 8


@pytest.mark.parametrize("processes", [1, 2])
def test_a_state_has_the_seeds_of_the_episodes_to_come(processes: int) -> None:
    """Episodes last three steps; after four each copy is in its second, and its third follows."""
    environments = [GymnasiumEnvironment("CartPole-v1", 2, None, 3, processes) for _ in range(2)]
    first, second = environments
    first.reset(seed=3)
    for _ in range(4):
        push(first, 0, 0)
    seen = second.load_state(first.state())
    assert seen is not None
    for copy, number in ((0, 4), (1, 5)):
        expected = gymnasium.make("CartPole-v1").reset(seed=episode_seed(3, number))[0]
        assert seen.features[CLASS][copy, 0].tolist() == expected.tolist()
    with pytest.raises(ValueError, match="the state has 2 copies; this environment has 1"):
        make("CartPole-v1").load_state(first.state())
    for environment in environments:
        environment.close()


@pytest.mark.parametrize("processes", [1, 2])
def test_some_copies_begin_their_next_episode_before_theirs_has_ended(processes: int) -> None:
    environment = GymnasiumEnvironment("CartPole-v1", 2, None, None, processes)
    environment.reset(seed=3)
    before = push(environment, 0, 0).observation.features[CLASS][0, 0]
    seen = environment.restart(torch.tensor([False, True])).features[CLASS][:, 0]
    expected = gymnasium.make("CartPole-v1").reset(seed=episode_seed(3, 3))[0]
    assert seen.tolist() == [before.tolist(), expected.tolist()]
    state = environment.state()
    environment.close()
    assert state is not None and state["numbers"].tolist() == [2, 5]


def test_without_pictures_it_says_so() -> None:
    environment = make()
    with pytest.raises(UndrawableError, match="cannot be drawn: it has no render mode rgb_array"):
        environment.scene()


@pytest.mark.parametrize("processes", [1, 2])
def test_pictures_are_its_own_and_nothing_is_said(
    processes: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    environment = GymnasiumEnvironment("CartPole-v1", 1, None, None, processes)
    environment.reset(seed=0)
    picture = environment.scene()
    environment.close()
    assert picture.shape == (400, 600, 3)  # type: ignore[union-attr]
    assert "XDG_RUNTIME_DIR" not in capfd.readouterr().err
    assert "SDL_VIDEODRIVER" not in os.environ


@pytest.mark.parametrize("processes", [1, 2])
def test_the_picture_of_an_end_is_that_before_the_reset_and_training_draws_none(processes: int) -> None:
    """Of the walk to the right, five steps, in the first row; the second tells how many the copy has drawn."""
    environment = GymnasiumEnvironment("habits:Drawing-v0", 2, processes=processes)
    environment.reset(seed=0)
    for _ in range(7):
        push(environment, 1, 1)
    assert environment.scene()[:2, 0, 0].tolist() == [2, 1]
    for _ in range(3):
        push(environment, 1, 1)
    assert environment.scene(at_end=True)[:2, 0, 0].tolist() == [5, 2]
    assert environment.scene(1)[:2, 0, 0].tolist() == [0, 1]
    environment.close()


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("none", r"Drawing-v0 draws None; a picture is an array \[H, W, 3\]"),
        ("channels first", r"Drawing-v0 draws an array of shape \(3, 60, 80\)"),
        ("raises", r"Drawing-v0, copy 0, in its reset, failed: NotImplementedError: later \(habits.py"),
    ],
)
def test_a_picture_that_fails_is_told_and_stops_nothing(habit: str, words: str, processes: int) -> None:
    environment = GymnasiumEnvironment("habits:Drawing-v0", 1, {"habit": habit}, processes=processes)
    environment.reset(seed=0)
    with pytest.raises(PictureError, match=words):
        environment.scene()
    for _ in range(5):
        push(environment, 1)
    with pytest.raises(PictureError, match=words.replace("its reset", "step 5 of its episode")):
        environment.scene(at_end=True)
    environment.close()


def test_its_processes_ignore_signals() -> None:
    """A terminal or a system sends them to all of them; training wants to finish its iteration."""
    before = set(multiprocessing.active_children())
    environment = GymnasiumEnvironment("CartPole-v1", 2, processes=2)
    environment.reset(seed=0)
    for process in set(multiprocessing.active_children()) - before:
        assert process.pid is not None
        for number in SIGNALS:
            os.kill(process.pid, number)
    for _ in range(3):
        assert environment.step({CLASS: torch.zeros(2, 1, dtype=torch.int64)}).reward.tolist() == [[1.0], [1.0]]
    environment.close()


def test_more_processes_than_1024_are_refused() -> None:
    with pytest.raises(ValueError, match=r"processes is 1,025; give at most 1,024"):
        GymnasiumEnvironment("CartPole-v1", 1025, processes=1025)
    with pytest.raises(ValueError, match=r"less than or equal to 1024"):
        GymnasiumConfig(name="CartPole-v1", processes=1025)
