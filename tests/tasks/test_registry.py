from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from meeting import MeetingTask, task

from marl.core.errors import ConfigError, FileError
from marl.core.trust import UntrustedError, trusting
from marl.tasks.environment_config import make_environment
from marl.tasks.registry import UnknownTaskError, find_policy, find_task, shipped_policies


def offer(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setattr("marl.core.entry_points.entry_points", lambda group: [EntryPoint(name, value, group)])


def test_an_installed_task_is_found_by_name() -> None:
    assert find_task("meeting") is task


def test_an_unknown_name_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "tag", "nothing:task")
    with pytest.raises(UnknownTaskError, match=r"env\.name is 'chess', .*there is: tag, all of Gymnasium's and P"):
        find_task("chess")
    with pytest.raises(UnknownTaskError, match=r"; did you mean CartPole-v1 or .*\? Else there is: tag"):
        find_task("cartpole")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "CartPole-v7",
            r"^env\.name is 'CartPole-v7', which Gymnasium .* does not have; it has CartPole-v0 and CartPole-v1$",
        ),
        ("FrozenLake-v0", "does not have; it has FrozenLake-v1$"),
        ("Ant-v3", "does not have; it has Ant-v4 and Ant-v5$"),
        ("Pendulum", "does not have; it has Pendulum-v1$"),
        ("ALE/Pong-v5", r"is registered by the module ale_py: name it ale_py:ALE/Pong-v5 \(pip install ale-py\)$"),
        ("PongNoFrameskip-v4", "name it ale_py:PongNoFrameskip-v4"),
        ("MiniGrid-Empty-5x5-v0", r"name it minigrid:MiniGrid-Empty-5x5-v0 \(pip install minigrid\)"),
        ("FetchReach-v1", r"name it gymnasium_robotics:FetchReach-v1 \(pip install gymnasium-robotics\)"),
    ],
)
def test_a_name_that_gymnasium_had_is_answered_with_what_there_is(name: str, words: str) -> None:
    with pytest.raises(UnknownTaskError, match=words):
        find_task(name)


def test_a_trusted_module_may_register_what_gymnasium_makes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = (
        "import gymnasium",
        "gymnasium.register('Pushed-v0', 'gymnasium.envs.classic_control.cartpole:CartPoleEnv', reward_threshold=7.0)",
    )
    (tmp_path / "pushed.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnknownTaskError, match="'Pushed-v0', which no installed package offers"):
        find_task("Pushed-v0")
    found = find_task("pushed:Pushed-v0")
    config = found.config_type(name="pushed:Pushed-v0")
    with pytest.raises(UntrustedError, match="names the module 'pushed', which is not trusted"):
        make_environment(found, config, 2)
    assert "pushed" not in sys.modules
    with trusting("pushed"):
        environment = make_environment(found, config, 2)
    assert environment.reset(0).features["agent"].shape == (2, 1, 4)
    assert environment.reward_threshold == 7.0
    environment.close()
    assert make_environment(found, config, 2).num_copies == 2  # it is imported by now


def test_a_name_in_no_module_is_refused_when_the_environment_is_made() -> None:
    for name, message in {
        "nowhere:Pushed-v0": r"'nowhere', which cannot be imported here .* on PYTHONPATH",
        "gymnasium:Nowhere-v0": r"cannot make gymnasium:Nowhere-v0: NameNotFound: Environment `Nowhere` doesn't exist",
    }.items():
        task = find_task(name)
        with trusting("nowhere"), pytest.raises(ConfigError, match=message):
            make_environment(task, task.config_type(name=name), 2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("import gym_of_old", "'walks', which is there but needs 'gym_of_old', which is not installed; install"),
        ("import walks.more", "'walks', which is there but needs 'walks.more', which is not"),
        (
            "from gymnasium import ghost",
            "'walks', which is there but fails when it is imported: ImportError: cannot import",
        ),
        ("x =", r"fails when it is imported: SyntaxError: invalid syntax"),
        ("exit(3)", r"fails when it is imported: SystemExit: 3"),
        ("raise ValueError('no')", r"fails when it is imported: ValueError: no \(.*walks.py, line 1\)"),
    ],
)
def test_a_module_that_is_there_and_cannot_be_imported_is_not_called_missing(
    line: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "walks.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "walks", raising=False)
    task = find_task("walks:Walk-v0")
    with trusting("walks"), pytest.raises(ConfigError, match=words):
        make_environment(task, task.config_type(name="walks:Walk-v0"), 2)


def test_policies_come_with_tasks_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    offer(monkeypatch, "meeting", "meeting:task")
    come = {name: tmp_path / "installed" / name for name in ("seekers", "idlers")}
    monkeypatch.setattr(MeetingTask, "policies", come)
    assert shipped_policies() == come
    assert find_policy("seekers") == come["seekers"]
    assert find_policy(Path("idlers")) == come["idlers"]
    with pytest.raises(FileError, match=r"runs/x does not exist; .* package: seekers, idlers"):
        find_policy("runs/x")
    # a folder that is there goes before the name
    Path("seekers").mkdir()
    assert find_policy("seekers") == Path("seekers")


def test_a_task_that_cannot_be_imported_has_no_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, "needy", "not_there_task:task")
    assert shipped_policies() == {}
