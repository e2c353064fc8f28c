"""Answers of Gymnasium environments as users write them: that `gymnasium.make` bears, and that nobody can."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import habits
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.spaces import Discrete

import marl
from marl.core.errors import EnvironmentFailedError, TrainingError
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.tasks.gymnasium_config import CLASS

BOTH = pytest.mark.parametrize("processes", [1, 2])


def play(arguments: dict[str, Any], processes: int = 1, steps: int = 2, name: str = "Answering") -> Any:
    """The last of some steps to the right by two copies."""
    environment = GymnasiumEnvironment(f"habits:{name}-v0", 2, arguments, processes=processes)
    try:
        environment.reset(0)
        for _ in range(steps):
            step = environment.step({CLASS: torch.ones(2, 1, dtype=torch.long)})
        return step
    finally:
        environment.close()


@pytest.mark.parametrize("shape", [(), (2, 1), (1, 2, 2), (2, 1, 1, 2, 2)])
def test_a_few_numbers_may_have_any_number_of_axes(shape: tuple[int, ...]) -> None:
    told = {"observation_space": spaces.Box(-1, 1, shape, np.float32), "action_space": Discrete(2)}
    seen = play(told, name="Between").next_observation
    numbers = (seen.images or seen.features)[CLASS][0, 0]
    assert numbers.numel() == max(1, int(np.prod(shape))) and bool(numbers.any())


@BOTH
@pytest.mark.parametrize(
    "step",
    [
        lambda seen, reward, *rest: (seen, np.array([0.5]), *rest),
        lambda seen, reward, *rest: (seen, np.float32(0.5), *rest),
        lambda seen, reward, *rest: (seen, torch.tensor(0.5), *rest),
        lambda seen, reward, *rest: (seen.tolist(), 0.5, *rest),
        lambda seen, reward, *rest: (seen.astype(np.float64), 0.5, *rest),
        lambda seen, reward, *rest: [seen, 0.5, *rest],
        lambda seen, reward, end, cut, info: (seen, 0.5, np.bool_(end), np.array([cut]), info),
        lambda seen, reward, end, cut, info: (seen, 0.5, end, cut, {"path": np.arange(int(seen[0] * 5))}),
        lambda seen, reward, end, cut, info: (seen, 0.5, end, cut, {"words": ["a"], "n": {"n": "text"}}),
        lambda seen, reward, end, cut, info: (seen, 0.5, end, cut, None),
    ],
    ids=["[1]", "float32", "tensor", "list", "float64", "list of five", "bool_", "growing", "words", "None"],
)
def test_what_goes_well_alone_goes_well_in_copies(step: Any, processes: int) -> None:
    taken = play({"step": step, "at": 1}, processes)
    assert taken.reward.tolist() == [[0.5], [0.5]]
    torch.testing.assert_close(taken.next_observation.features[CLASS][:, 0], torch.tensor([[0.4, 0.04]] * 2))


@pytest.mark.parametrize(
    ("space", "given", "features"),
    [
        (spaces.Discrete(9), np.array([3]), [3]),
        (spaces.Discrete(9), 3.0, [3]),
        (spaces.Box(0, 9, (1,), np.float32), 3, [3]),
        (spaces.Box(0, 255, (2,), np.uint8), np.array([3, 200]), [3, 200]),
        (spaces.Box(-1, 1, (2,), np.float32), np.array([True, False]), [1, 0]),
        (spaces.Box(-1e300, 1e300, (2,), np.float64), [1e30, 0], [1e30, 0]),
        (spaces.Box(-1e38, 1e38, (2,), np.float32), np.array([1e30, 0], np.float32), [1e30, 0]),
        (spaces.Box(0, 9, (2, 1), np.float32), [[3], [4]], [3, 4]),
        (spaces.Tuple([spaces.Discrete(4), spaces.Discrete(4)]), [3, np.array(2)], [3, 2]),
        (spaces.Dict(a=spaces.Box(0, 1, (1,))), {"a": 1.0, "b": None}, [1]),
    ],
    ids=str,
)
def test_observations_take_the_form_of_their_space(space: Any, given: Any, features: list[float]) -> None:
    arguments = {"space": space, "reset": lambda seen, info: (given, info), "at": 1}
    step = play({**arguments, "step": lambda seen, *rest: (given, *rest)}, steps=1)
    torch.testing.assert_close(
        step.next_observation.features[CLASS][0, 0].double(), torch.tensor(features).double(), rtol=1e-6, atol=0
    )


FIVE = "Gymnasium's step gives 5: observation, reward, terminated, truncated, info"


@BOTH
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (lambda seen, reward, end, cut, info: (seen, reward, end or cut, info), f"gave 4 values; {FIVE}"),
        (lambda seen, *rest: seen, f"gave an array of float32 and shape [2]; {FIVE}"),
        (lambda *_: None, f"gave a NoneType; {FIVE}"),
        (lambda seen, reward, *rest: (seen, float("nan"), *rest), "gave a reward of nan, which is not finite"),
        (lambda seen, reward, *rest: (seen, np.array([np.inf]), *rest), "gave a reward of inf, which is not finite"),
        (lambda seen, reward, *rest: (seen, None, *rest), "gave a NoneType as reward; a reward is one number"),
        (
            lambda seen, reward, *rest: (seen, np.zeros(2), *rest),
            "gave an array of float64 and shape [2] as reward; a reward is one number",
        ),
        (
            lambda seen, reward, end, *rest: (seen, reward, np.zeros(2), *rest),
            "gave an array of float64 and shape [2] as terminated; Gymnasium has True or False",
        ),
        (lambda seen, *rest: (seen * np.nan, *rest), "gave an observation with nan, which is not finite"),
        (lambda seen, *rest: ([0.5, np.inf], *rest), "gave an observation with inf, which is not finite"),
        (
            lambda seen, *rest: (seen[None], *rest),
            "observed an array of float32 and shape [1, 2], which its observation_space Box(-1.0, 1.0, (2,), float32) "
            "cannot hold",
        ),
        (lambda seen, *rest: ([[1], [1, 2]], *rest), "observed 2 values, which its observation_space Box"),
        (lambda seen, *rest: (None, *rest), "observed a NoneType, which its observation_space Box"),
        (lambda seen, *rest: ("ab", *rest), "observed a str, which its observation_space Box"),
    ],
)
def test_what_no_vectoriser_gathers_is_refused_in_one_line(step: Any, words: str, processes: int) -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        play({"step": step}, processes)
    who = r"the environment habits:Answering-v0, copy [01], in step 2 of its episode, "
    assert re.match(who + re.escape(words), str(caught.value))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reset", "words"),
    [
        (lambda seen, info: seen, "gave an array of float32 and shape [2]"),
        (lambda seen, info: tuple(seen.tolist()), "gave 2 values"),
        (lambda seen, info: (seen, info, 0), "gave 3 values"),
    ],
)
def test_a_reset_of_gym_is_refused_in_one_line(reset: Any, words: str) -> None:
    who = "the environment habits:Answering-v0, copy 0, in its reset, "
    with pytest.raises(EnvironmentFailedError) as caught:
        play({"reset": reset})
    assert str(caught.value) == f"{who}{words}; Gymnasium's reset gives an observation and a dict, the info"


@pytest.mark.parametrize(
    ("space", "given", "words"),
    [
        (spaces.Box(0, 255, (2,), np.uint8), np.array([3, 256]), "observed an array of int64 and shape [2], which"),
        (spaces.Box(0, 9, (1,), np.int8), 0.5, "observed [0.5], which"),
        (spaces.Discrete(9), 0.5, "observed 0.5, which its observation_space Discrete(9) cannot hold"),
        (spaces.Discrete(9), np.eye(9)[1], "observed an array of float64 and shape [9], which"),
        (spaces.Tuple([spaces.Discrete(4), spaces.Discrete(4)]), (1,), "observed 1 values, which"),
        (spaces.Dict(a=spaces.Discrete(4)), {"b": 1}, "observed a dict, which its observation_space Dict"),
    ],
)
def test_what_its_space_cannot_hold_is_refused_where_it_enters(space: Any, given: Any, words: str) -> None:
    with pytest.raises(EnvironmentFailedError) as caught:
        play({"space": space, "reset": lambda seen, info: (given, info)})
    assert words in str(caught.value)


def test_inside_wrappers_of_gymnasium_it_is_told_what_gymnasium_has() -> None:
    """A limit of steps is one."""
    with pytest.raises(
        EnvironmentFailedError, match=r"expected 5, got 4\) \(\w+.py, line \d+\); Gymnasium's step gives"
    ):
        play({"step": lambda seen, reward, end, cut, info: (seen, reward, end or cut, info)}, name="Limited")


def test_a_reset_without_a_seed_is_told_what_gymnasium_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(habits.Walk, "reset", lambda self: None)
    environment = GymnasiumEnvironment("habits:Walk-v0", 1)
    with pytest.raises(EnvironmentFailedError, match=r"argument 'seed' .*; a reset takes seed and options, in Gym"):
        environment.reset(0)
    environment.close()


@BOTH
def test_copies_that_act_in_other_spaces_are_refused(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = itertools.count(2)
    monkeypatch.setattr(habits.Walk, "__init__", lambda self: setattr(self, "action_space", Discrete(next(sizes))))
    with pytest.raises(ValueError, match=r"^the copies of habits:Walk-v0 differ, and Gymnasium .*Discrete\([23]\)"):
        GymnasiumEnvironment("habits:Walk-v0", 3, processes=processes)


def small(name: str) -> dict[str, Any]:
    return {
        "env": {"name": name},
        "policy": {
            "encoder": {"hidden": [8], "temporal": "none"},
            "graph": {"kind": "none"},
            "critic": {"sharing": "independent", "hidden": [8]},
        },
        "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1},
        "total_env_steps": 64,
        "num_copies": 2,
        "rollout_length": 16,
        "threads": 1,
    }


@pytest.mark.filterwarnings("ignore::marl.core.errors.Note")
def test_a_reward_that_is_not_finite_is_told_in_the_same_words_in_training_and_in_evaluation(tmp_path: Path) -> None:
    words = "the environment habits:NanReward-v0, copy 0, in step 3 of its episode, gave a reward of nan, which is not"
    settings = small("habits:NanReward-v0")
    with pytest.raises(EnvironmentFailedError, match=f"^{words}"):
        marl.evaluate(None, 3, policy="random", settings=settings["env"])
    with pytest.raises(TrainingError, match=f"^at env step 0, {words}"):
        marl.train(settings, tmp_path / "x")
