"""Whatever stands in a preset or on a command line: no traceback, status 0, 1 or 2, and soon."""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from marl.cli.main import main

NETWORKS = {
    "encoder": {"hidden": [8], "transformer": {"heads": 2, "window": 2, "feedforward": 8}},
    "graph": {"kind": "gat", "heads": 2},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}
BUDGET = {
    "total_env_steps": 32,
    "num_copies": 2,
    "rollout_length": 8,
    "evaluation_episodes": 1,
    "evaluation_interval": 32,
    "threads": 1,
}
TAG: dict[str, Any] = {
    "env": {
        "name": "simple_tag",
        "max_cycles": 4,
        "team": {"A": 1, "B": 1},
        "training_teams": {"A": [1, 1], "B": [0, 1]},
        "curriculum": {"episodes": 2, "stages": [{"prey_speed": 0.5, "until": 0.0}, {}]},
    },
    "policy": NETWORKS,
    "algorithm": {"name": "ppo", "learning_rate": [0.003, 0.001], "epochs": 1, "minibatches": 1},
    "score_log": {"threshold": 1000, "window": 2},
    **BUDGET,
}
POLE: dict[str, Any] = {
    "env": {"name": "CartPole-v1", "max_episode_steps": 4, "arguments": {}},
    "policy": {"kind": "table", "bins": [{"low": -1, "high": 1, "count": 3}, [0.0], [], [-0.1, 0.1]]},
    "algorithm": {"name": "q_learning", "exploration": {"kind": "linear", "end": 0.5}},
    "score_log": {"stop_when_solved": False, "window": 2},
    **BUDGET,
}
LONG = {*BUDGET, "max_cycles", "max_episode_steps", "epochs"}
"""Fields that make a training longer, as was asked for; they get no number between these and what is refused."""

NUMBERS = [-1, 0, 1, 3, 4097, 10**6, 10**10, 2**32, 2**63, 2**64, 10**400, 1e308, 1e-308, float("nan"), float("inf")]
WORDS = ["", "[/0.1]", "None", "..:x", "A=1000000", "x\0y", "1e5", "9" * 400, "💥", "\x1b[31m", "/dev/null", "auto"]
ODD = st.recursive(
    st.sampled_from([*NUMBERS, *WORDS, None, True]) | st.text(max_size=8) | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "kind", "A", "low"]), inner),
    max_leaves=4,
)
SNIPPETS = [
    "seed: 2001-13-45",
    "x: !!float abc",
    "x: " + "[" * 3000,
    "seed: " + "9" * 5000,
    "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)),
    "algorithm: {name: [a]}",
    "policy: {kind: {a: b}}",
    "env: &e {name: *e}",
    "1: 2",
    '"\\ud800": 1',
    "\x00",
]


IMPORTED_LATE = (
    *("marl.cli.many_runs", "marl.cli.one_run", "marl.envs.simple_tag.making", "marl.networks.message_layers"),
    *("marl.tasks.gymnasium", "marl.training.score_picture"),
)
"""Modules whose import is not counted."""


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    for name in IMPORTED_LATE:
        import_module(name)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def fields(values: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths to all values within a preset."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for name, value in items:
        yield (*path, name)
        yield from fields(value, (*path, name))


@st.composite
def presets(draw: st.DrawFn) -> str:
    """A preset as text, with one to three values replaced, left out or added."""
    preset = copy.deepcopy(draw(st.sampled_from([TAG, POLE])))
    for _ in range(draw(st.integers(1, 3))):
        *path, last = draw(st.sampled_from(list(fields(preset))))
        place: Any = preset
        for part in path:
            place = place[part]
        value = draw(ODD)
        if last not in LONG or (isinstance(value, int | float) and not -1 <= value < 1e15):
            place[last] = value
        if isinstance(place, dict) and draw(st.integers(0, 9)) == 0:
            place[draw(st.text(max_size=5))] = value
    text = str(yaml.safe_dump(preset))
    return text if draw(st.integers(0, 3)) else f"{text}\n{draw(st.sampled_from(SNIPPETS))}\n"


OPTIONS = [
    *("--seed", "--threads", "--team", "--prey", "--seeds", "--jobs", "--device", "--initial-policy"),
    *("--env", "--env.name", "--env.classes", "--env.communication", "--env.num-prey", "--env.training-teams"),
    *("--policy", "--policy.kind", "--policy.encoder.hidden", "--policy.encoder.sharing", "--policy.graph.heads"),
    *("--algorithm", "--algorithm.name", "--algorithm.learning-rate", "--algorithm.gamma", "--score-log.window"),
]


@st.composite
def options(draw: st.DrawFn) -> list[str]:
    """One to three options of ``marl train``."""
    words: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        name, value = draw(st.sampled_from(OPTIONS)), draw(ODD)
        text = (
            value
            if isinstance(value, str)
            else yaml.safe_dump(value, default_flow_style=True, width=1e9).split("\n")[0]
        )
        if name != "--seeds" or not text.isdecimal():  # many runs, each in a process, take their time
            words += [name, text.replace("\0", "")]
    return words


def check(preset: str, words: list[str]) -> None:
    """Train with a preset and options, and hold the promise."""
    before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "preset.yaml"
        path.write_bytes(preset.encode("utf-8", "surrogatepass"))
        status = main(["train", str(path), "--out", str(Path(folder) / "run"), *words])
    seconds = time.process_time() - begin
    assert status in (0, 1, 2)
    assert status == 0 or seconds < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # kB


@settings(max_examples=16, derandomize=True, database=None, deadline=None)
@given(presets())
def test_whatever_stands_in_a_preset(preset: str) -> None:
    check(preset, [])


@settings(max_examples=80, derandomize=True, database=None, deadline=None)
@given(options())
def test_whatever_stands_on_the_command_line(words: list[str]) -> None:
    check(yaml.safe_dump(TAG), words)
