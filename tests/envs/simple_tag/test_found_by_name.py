"""simple_tag and its policies as the registry finds them by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from marl.core.errors import ConfigError, FileError
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.task import task
from marl.tasks.environment_config import make_environment
from marl.tasks.registry import find_policy, find_task


def test_an_installed_task_is_found_by_name() -> None:
    assert find_task("simple_tag") is task


def test_what_the_environment_refuses_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="env: num_copies is 0"):
        make_environment(task, SimpleTagConfig(), 0)
    environment = make_environment(task, SimpleTagConfig(team={"A": 3}), 5)
    assert environment.num_copies == 5
    assert environment.roster.team == {"A": 3, "B": 0}


def test_policies_come_with_tasks_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_policy("predator_team") == Path(task.policies["predator_team"])
    assert (find_policy(Path("held_out_prey")) / "policy.safetensors").is_file()
    with pytest.raises(FileError, match=r"runs/x does not exist; .* predator_team, memory_team, held_out_prey"):
        find_policy("runs/x")
    # a folder that is there goes before the name
    Path("predator_team").mkdir()
    assert find_policy("predator_team") == Path("predator_team")
