"""Modules that a stranger's run names are imported by no command, unless they are trusted."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from stranger import NAME, Stranger, stranger

from marl.core.trust import import_named
from marl.envs.simple_tag.task import SimpleTagTask
from marl.system.launcher import program

__all__ = ["stranger"]

Cli = Callable[..., tuple[int, str, str]]
PRESETS = Path(__file__).parents[2] / "experiments/presets"


@pytest.fixture
def words(stranger: Stranger, run: Path, preset_file: Path, tmp_path: Path) -> Callable[[str], list[str]]:
    """Splits a line and fills in the files of the test."""
    places = {"run": stranger.run, "preset": stranger.preset, "own": run, "tag": preset_file, "tmp": tmp_path}
    return lambda line: [word.format(presets=PRESETS, **places) for word in line.split()]


@pytest.mark.parametrize(
    "line",
    [
        "evaluate {run} --episodes 2",
        "evaluate {run}/policy --episodes 2",
        "evaluate {run} --policy random --episodes 2",
        "render {run} --out {tmp}/x.gif",
        "train --resume {run} --total-env-steps 96",
    ],
)
def test_a_command_on_a_strangers_run_is_refused_and_tells_the_one_that_trusts_it(
    line: str, words: Callable[[str], list[str]], stranger: Stranger, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = cli(*words(line))
    assert (status, out) == (2, "")
    assert f"{NAME!r} names the module 'strange.maze', which is not trusted and was not imported" in err
    assert stranger.imports == 0
    told = shlex.split(err.rpartition("if you trust its code: ")[2])[1:]
    assert told == [*words(line), "--trust", "strange.maze"]
    assert cli(*told)[0] == 0
    assert stranger.imports == 1
    # one that is imported already is not trusted for that on a command line, and a variable trusts it for a shell
    assert cli(*words(line.replace("96", "128")))[0] == 2
    monkeypatch.setenv("MARL_TRUST", "other, strange")
    assert cli(*words(line.replace("96", "128")))[0] == 0


def test_the_command_that_is_told_is_quoted(cli: Cli, stranger: Stranger) -> None:
    run = shutil.copytree(stranger.run, stranger.code / "a run; reboot")
    err = cli("evaluate", run)[2]
    assert f"evaluate '{run}' --trust strange.maze\n" in err


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("train {preset} --help", 0),
        ("train --resume {run} --help", 0),
        ("compare {run} --out {tmp}/x.png", 0),
        ("generalise {own} --teams 1+1 --natives {run} --out {tmp}/x", 2),
        ("generalise {run} --teams 1+1 --out {tmp}/x", 2),
        ("generalise {own} {run} --teams 1+1 --out {tmp}/x", 2),
        ("evaluate {own} --prey {run}", 2),
        ("generalise {own} --teams 1+1 --prey {run} --out {tmp}/x", 2),
        ("train {tag} --prey {run} --out {tmp}/x", 2),
        ("train {tag} --initial-policy {run} --out {tmp}/x", 2),
        ("train {tag} --initial-policy {run} --seeds 2 --out {tmp}/x", 2),
        ("alternate {presets}/predator_teams_flee.yaml {run}/config.yaml --out {tmp}/x", 2),
    ],
)
def test_commands_that_only_read_a_strangers_run_import_nothing(
    line: str, status: int, words: Callable[[str], list[str]], stranger: Stranger, cli: Cli
) -> None:
    assert cli(*words(line))[0] == status
    assert stranger.imports == 0


@pytest.mark.parametrize(
    "line",
    [
        "train {preset} --out {tmp}/x",
        "check {preset} --episodes 1",
        "check strange.maze:Maze-v0 --episodes 1",
        "train {presets}/cartpole_random.yaml --env.name strange.maze:Maze-v0 --total-env-steps 256 --out {tmp}/x"
        " --score-log.threshold 500",
        "train --resume {run} --env.name strange.maze:Maze-v0 --total-env-steps 96",
        "evaluate --policy random --task strange.maze:Maze-v0 --episodes 2",
        "render --policy random --task strange.maze:Maze-v0 --out {tmp}/x.gif",
    ],
)
def test_a_module_that_is_typed_needs_no_more_words(
    line: str, words: Callable[[str], list[str]], stranger: Stranger, cli: Cli
) -> None:
    assert cli(*words(line))[0] == 0
    assert stranger.imports == 1


def test_a_task_that_imports_what_a_run_names_is_refused_in_a_measurement_of_transfer(
    words: Callable[[str], list[str]], stranger: Stranger, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = SimpleTagTask.make

    def importing(*arguments: Any, **options: Any) -> Any:
        import_named(NAME)
        return make(*arguments, **options)

    monkeypatch.setattr(SimpleTagTask, "make", importing)
    line = words("generalise {own} --teams 1+1 --episodes 2 --jobs 1 --out {tmp}/x")
    status, _, err = cli(*line)
    assert (status, stranger.imports) == (2, 0)
    assert err.endswith(f"if you trust its code: {shlex.join([program('marl'), *line])} --trust strange.maze\n")
    assert cli(*line, "--trust", "strange.maze")[0] == 0
    assert stranger.imports == 1


def test_processes_of_many_runs_trust_what_was_typed(cli: Cli, stranger: Stranger, tmp_path: Path) -> None:
    status, out, _ = cli("train", stranger.preset, "--seeds", "1", "--out", tmp_path / "x")
    assert status == 0, out
    assert stranger.imports == 2  # here, before anything begins, and in the run's process


def test_a_stopped_run_tells_what_it_needs_to_go_on(
    cli: Cli, stranger: Stranger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(run: Any, monitor: Any) -> Any:
        result = SimpleNamespace(finished=False, env_steps=32, stopped_by=None)
        monitor.callbacks.tell(lambda each: each.on_start(run))
        monitor.callbacks.tell(lambda each: each.on_end(result))
        return result

    monkeypatch.setattr("marl.training.loop.train", stopped)
    status, out, _ = cli("train", stranger.preset, "--out", tmp_path / "x")
    assert status == 130
    assert f"train --trust strange.maze --resume {tmp_path / 'x'}\n" in out


def test_what_cannot_be_a_module_is_refused(cli: Cli, stranger: Stranger, tmp_path: Path) -> None:
    status, _, err = cli("evaluate", stranger.run, "--trust", "./maze.py")
    assert (status, err) == (2, "error: trust is './maze.py'; name a module as an import does, e.g. my_package.envs\n")
    settings = yaml.safe_load(stranger.preset.read_text())
    for name in ("..:x", "strange-maze:x", ":", "a b:x"):
        settings["env"]["name"] = name
        (tmp_path / "odd.yaml").write_text(yaml.safe_dump(settings))
        status, _, err = cli("train", tmp_path / "odd.yaml", "--out", tmp_path / "x")
        assert status == 2
        assert f"{name!r}" in err


def test_a_typed_module_that_is_not_there_is_named(cli: Cli) -> None:
    status, _, err = cli("evaluate", "--policy", "random", "--task", "nowhere:Maze-v0")
    assert status == 2
    assert "'nowhere', which cannot be imported here" in err
