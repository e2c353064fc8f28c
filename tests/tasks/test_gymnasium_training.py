"""Gymnasium's environments through training, resuming, loading and playing."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path
from typing import Any

import pytest
from failing_env import NAME, registered
from habits import Cage, Table

import marl
from marl.core.errors import ConfigError, Note, TrainingError
from marl.core.seeding import episode_seed
from marl.evaluation.access import reference
from marl.evaluation.episodes import play_episodes
from marl.tasks.environment_config import environment_config
from marl.tasks.gymnasium import GymnasiumEnvironment
from marl.training.run import build_run
from marl.training.run_config import load_config

CARTPOLE = "gymnasium:CartPole-v1"
"""As Gymnasium registers it; without the module it is the one that the package offers, with its rule."""


def preset(name: str, **env: Any) -> dict[str, Any]:
    return {
        "env": {"name": name, **env},
        "policy": {
            "encoder": {"hidden": [8], "temporal": "none"},
            "graph": {"kind": "none"},
            "critic": {"sharing": "independent", "hidden": [8]},
        },
        "algorithm": {"name": "ppo", "epochs": 1, "minibatches": 1},
        "total_env_steps": 128,
        "num_copies": 4,
        "rollout_length": 16,
        "evaluation_episodes": 2,
        "threads": 1,
    }


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("name", [CARTPOLE, "Pendulum-v1"])
def test_it_trains_goes_on_is_loaded_and_plays(name: str, processes: int, tmp_path: Path) -> None:
    settings = preset(name, processes=processes, max_episode_steps=25)
    first = marl.train(settings, tmp_path / "x")
    resumed = marl.train(None, tmp_path / "x", resume=True, total_env_steps=256)
    assert (first.env_steps, resumed.env_steps) == (128, 256)
    assert not multiprocessing.active_children()
    policy = marl.load(tmp_path / "x")
    assert not policy.training
    result = marl.evaluate(tmp_path / "x", episodes=3)
    assert marl.evaluate(policy, episodes=3, settings=settings["env"]) == result
    assert result["episode_length"]["mean"] <= 25
    assert result["return_per_agent"]["minimum"] <= result["return_per_agent"]["mean"]


@pytest.mark.parametrize(("pay", "shown"), [(0.9, "0.9"), (20_000_039.0, "20000039")])
def test_returns_are_as_exact_as_the_rewards(pay: float, shown: str, tmp_path: Path) -> None:
    """In float32 a return of 0.9 is below a threshold of 0.9, and 20,000,039 is 20,000,040."""
    settings = preset("habits:Paid-v0", arguments={"pay": pay}) | {"score_log": {"window": 5}}
    result = marl.train(settings, tmp_path / "x")
    assert result.metrics["score/solved_at_episode"] == 5
    assert result.metrics["score/mean_5"] == pay
    assert result.metrics["return/agent"] == pay
    assert result.metrics["evaluation/return_per_agent"] == pay
    rows = (tmp_path / "x" / "scores.csv").read_text().splitlines()[1:]
    assert {row.split(",")[3] for row in rows} == {shown}


def test_an_evaluation_of_what_never_ends_is_cut_and_said_to_be(tmp_path: Path) -> None:
    with pytest.warns(Note) as notes:
        result = marl.train(preset("habits:Cage-v0") | {"evaluation_max_steps": 30}, tmp_path / "x")
    told = [str(each.message) for each in notes]
    assert told[0].endswith("an episode never ends: give env__max_episode_steps")
    assert "2 of 2 episodes were cut after 30 steps and count with what they had brought" in told
    assert result.metrics["evaluation/episode_length"] == 30


@pytest.mark.filterwarnings("ignore::marl.core.errors.Note")
def test_stopping_is_heard_in_an_evaluation_which_stays_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Training takes 64 steps, so that the eightieth is of the evaluation."""
    step, taken = Cage.step, 0

    def interrupted(self: Cage, action: Any) -> Any:
        nonlocal taken
        taken += 1
        if taken == 80:
            signal.raise_signal(signal.SIGINT)
        return step(self, action)

    settings = preset("habits:Cage-v0") | {"total_env_steps": 64, "evaluation_max_steps": 30}
    with monkeypatch.context() as patch:
        patch.setattr(Cage, "step", interrupted)
        stopped = marl.train(settings, tmp_path / "x")
    assert taken < 64 + 2 * 30
    assert not any(name.startswith("evaluation/") for name in stopped.metrics)
    resumed = marl.train(None, tmp_path / "x", resume=True)
    assert resumed.metrics["evaluation/episode_length"] == 30


@pytest.mark.filterwarnings("error::marl.core.errors.Note")
def test_training_goes_on_without_pictures(tmp_path: Path) -> None:
    assert marl.train(preset(CARTPOLE, arguments={"render_mode": None}), tmp_path / "x").finished


@pytest.mark.parametrize(
    ("habit", "words"),
    [
        ("none", r"^an episode is left without its picture: habits:Drawing-v0 draws None; a picture is"),
        ("raises", "^an episode is left without its picture: the environment habits:Drawing-v0, copy 0, in its reset"),
        ("floats", "^all pixels of each picture of the episode have the same colour$"),
    ],
)
def test_pictures_that_fail_cost_a_note_and_nothing_else(habit: str, words: str, tmp_path: Path) -> None:
    settings = preset("habits:Drawing-v0", arguments={"habit": habit})
    with pytest.warns(Note, match=words):
        result = marl.train(settings, tmp_path / "x")
    assert result.finished
    assert "evaluation/return_per_agent" in result.metrics


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm__symmetries": True}, r"algorithm\.symmetries is on, but this environment names none"),
        (
            {"algorithm__auxiliary_coef": 0.5},
            r"algorithm\.auxiliary_coef is 0\.5, .* no hidden quantities .* set it to 0",
        ),
        ({"env__arguments": {"bogus": 3}}, r"Gymnasium cannot make gymnasium:CartPole-v1 with .*'bogus'"),
        ({"policy": {"kind": "random"}}, r"policy\.kind is 'random', but algorithm\.name is 'ppo'"),
    ],
)
def test_settings_that_do_not_suit_a_single_agent_are_refused(changes: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        marl.train(preset(CARTPOLE), tmp_path / "x", **changes)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_an_environment_that_exits_ends_training_with_an_error(processes: int, tmp_path: Path) -> None:
    """Two copies, of which one exits in its 20th step: the fourth of the second rollout."""
    settings = preset(NAME, arguments={"how": "exit", "last": 20}, processes=processes)
    settings |= {"num_copies": 2, "checkpoint_interval": 32, "evaluation_interval": 1000}
    good = tmp_path / "x" / "checkpoints" / "000000000032"
    with registered(), pytest.raises(TrainingError) as caught:
        marl.train(settings, tmp_path / "x")
    words = f"the environment {NAME}, copy 1, in step 5 of its episode, failed: SystemExit: 0 (failing_env.py, line "
    assert str(caught.value).startswith(f"at env step 32, {words}")
    assert str(caught.value).endswith(f"; the last good checkpoint is {good}")
    assert not multiprocessing.active_children()


def test_an_environment_that_fails_in_an_evaluation_ends_training_likewise(tmp_path: Path) -> None:
    """The seed of its second copy is odd, that of the only one in training is not."""
    settings = preset(NAME, arguments={"how": "exit", "last": 3}) | {"num_copies": 1, "seed": 2}
    with registered(), pytest.raises(TrainingError, match=r"at env step 128, .*SystemExit: 0 .*checkpoint is .*128$"):
        marl.train(settings, tmp_path / "x")


def test_a_task_is_the_same_in_any_unit(tmp_path: Path) -> None:
    """What is learnt, and what it brings, does not depend on the bounds of its actions."""
    brought = []
    for low, high in ((-1.0, 1.0), (-2000.0, 2000.0), (-0.001, 0.001), (0.0, 1000.0)):
        settings = preset("habits:Target-v0", arguments={"low": low, "high": high})
        marl.train(settings, tmp_path / str(high))
        played = marl.evaluate(tmp_path / str(high), episodes=1, deterministic=True)
        brought.append(played["return_per_agent"]["mean"])
    assert brought == pytest.approx([brought[0]] * 4, abs=1e-3)


@pytest.mark.parametrize("algorithm", ["ppo", "dqn", "q_learning"])
def test_whole_numbers_of_several_parts_are_learnt_from(algorithm: str, tmp_path: Path) -> None:
    """Blackjack observes a Tuple of Discretes."""
    settings = preset("Blackjack-v1")
    if algorithm != "ppo":
        kind = {"dqn": "q_network", "q_learning": "table"}[algorithm]
        learning = {"learning_starts": 64, "batch_size": 16} if algorithm == "dqn" else {}
        settings |= {"policy": {"kind": kind}, "algorithm": {"name": algorithm, **learning}}
    marl.train(settings, tmp_path / "x")
    if algorithm == "q_learning":
        assert marl.load(tmp_path / "x").get_buffer("values_agent").shape == (704, 2)
    assert marl.evaluate(tmp_path / "x", episodes=5)["episode_length"]["mean"] >= 1


@pytest.mark.parametrize("algorithm", ["q_learning", "sarsa"])
def test_a_table_of_states_learns_by_the_algorithms_name_alone(algorithm: str, tmp_path: Path) -> None:
    """Slippery ice: a random walk gets 0.015, the best possible is 0.744."""
    settings = {"env": {"name": "FrozenLake-v1"}, "algorithm": {"name": algorithm}}
    marl.train(settings, tmp_path / "x", total_env_steps=10_000)
    assert marl.evaluate(tmp_path / "x", episodes=200, deterministic=True)["return_per_agent"]["mean"] > 0.5


def test_illegal_actions_are_never_played(tmp_path: Path) -> None:
    """The environment raises an error at one."""
    for algorithm, kind in (("ppo", "actor_critic"), ("dqn", "q_network"), ("q_learning", "table")):
        settings = preset("habits:Closed-v0")
        if kind != "actor_critic":
            learning = {"learning_starts": 32, "batch_size": 16} if algorithm == "dqn" else {}
            settings |= {"policy": {"kind": kind}, "algorithm": {"name": algorithm, **learning}}
        if kind == "table":
            settings["policy"]["bins"] = [{"low": -1, "high": 1, "count": 5}]
        marl.train(settings, tmp_path / algorithm)
    marl.evaluate(None, 3, policy="random", settings={"name": "habits:Closed-v0"})


@pytest.mark.filterwarnings("ignore::marl.core.errors.Note")
def test_an_evaluation_does_not_depend_on_how_many_copies_play_it() -> None:
    """Of a walk that draws all its steps itself; ``marl evaluate`` names the seeds of its episodes."""
    task, config = environment_config({"name": "habits:Drawn-v0"}, {})
    player = reference("random", task.make(config, 1))
    tables = [
        play_episodes(lambda copies: task.make(config, copies), player, 10, seed=3, most_copies=copies)
        for copies in (1, 3, 8)
    ]
    for table in tables:
        assert table.length.tolist() == tables[0].length.tolist()
        assert table.agent_return.tolist() == tables[0].agent_return.tolist()
    assert len({*tables[0].length}) > 3
    result = marl.evaluate(None, 10, seed=3, policy="random", settings={"name": "habits:Drawn-v0"})
    assert result["episode_seeds"] == [episode_seed(3, number) for number in range(10)]
    assert result["episode_length"]["mean"] == tables[0].length.mean()


def test_a_training_makes_few_environments(tmp_path: Path) -> None:
    """Four copies and a probe, for the evaluation four, a probe and that of the picture; one shows what is seen."""
    Table.made = 0
    marl.train(preset("habits:Table-v0", max_episode_steps=9) | {"evaluation_episodes": 30}, tmp_path / "x")
    assert Table.made == 12


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_that_goes_on_plays_the_episodes_that_would_have_come(processes: int, tmp_path: Path) -> None:
    """Copies of walks of four steps play two episodes in a rollout; at the end three of each copy have begun."""
    settings = preset("habits:Walk-v0", max_episode_steps=4, processes=processes)
    settings |= {"num_copies": 2, "rollout_length": 8, "total_env_steps": 16}
    marl.train(settings, tmp_path / "x")
    run = build_run(load_config(tmp_path / "x" / "config.yaml"), tmp_path / "x", resume=True)
    state = run.source.state()["environment"]
    run.source.close()
    assert (state["seed"], state["numbers"].tolist()) == (1, [8, 9])


def test_an_older_checkpoint_goes_on_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no state of a Gymnasium environment."""
    settings = preset(CARTPOLE) | {"total_env_steps": 64}
    with monkeypatch.context() as patch:
        patch.setattr(GymnasiumEnvironment, "state", lambda self: None)
        marl.train(settings, tmp_path / "x")
    assert marl.train(None, tmp_path / "x", resume=True, total_env_steps=128).env_steps == 128
