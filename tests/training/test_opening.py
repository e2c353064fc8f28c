from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.core.errors import ConfigError, FileError
from marl.core.files import atomic_path
from marl.system.lock import sole_user
from marl.training.opening import WRITTEN, clear_leftovers, open_run
from marl.training.run_config import read_config

State = dict[str, Any]


def contents(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_which_another_trains_is_refused_untouched(
    resume: bool, run: Path, preset: State, tmp_path: Path
) -> None:
    folder = tmp_path / "x"
    shutil.copytree(run, folder)
    (folder / ".config.0123abcd.yaml").touch()  # which the other writes
    before = contents(folder)
    with sole_user(folder):
        with pytest.raises(ConfigError, match=r"another marl command works in .*/x; wait"):
            marl.train(preset, folder, resume)
        assert marl.evaluate(folder, episodes=1)["episodes"] == 1
    assert contents(folder) == before


def test_a_run_is_locked_while_it_is_open(preset: State, tmp_path: Path) -> None:
    config = read_config(preset)
    with open_run(config, tmp_path / "x") as opened:
        assert not opened.finished
        with pytest.raises(ConfigError, match="another marl command works in"), open_run(config, tmp_path / "x"):
            pass
    with open_run(config, tmp_path / "x"):
        pass


def test_what_cannot_be_opened_leaves_no_folder(preset: State, tmp_path: Path) -> None:
    config = read_config(preset)
    with pytest.raises(FileError, match="there is no such folder"), open_run(config, tmp_path / "nowhere", True):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file is a file; name another"), open_run(config, tmp_path / "file"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_leftovers_of_a_dead_process_go_and_nothing_else_does(tmp_path: Path) -> None:
    for folder in ("policy", "best_policy", "history", "checkpoints/000000000512", "checkpoints/.writing-000000001024"):
        (tmp_path / folder).mkdir(parents=True)
    names = [name.replace("*", "000000000512") for name in WRITTEN]
    for name in names:
        with atomic_path(tmp_path / name) as temporary:
            temporary.touch()
        temporary.touch()  # as if it had died before
    (tmp_path / "checkpoints" / ".writing-000000001024" / "state.safetensors").touch()
    mine = (".config.yaml", ".config.012345678.yaml", ".config.0123ABCD.yaml", ".notes.0123abcd.txt", "a.0123abcd.yaml")
    for name in mine:
        (tmp_path / name).touch()
    clear_leftovers(tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert files == {"policy", "best_policy", "history", "checkpoints", "checkpoints/000000000512", *names, *mine}


def test_a_new_run_may_begin_where_one_died_before_it_wrote_its_settings(preset: State, tmp_path: Path) -> None:
    (tmp_path / ".config.0123abcd.yaml").touch()
    with open_run(read_config(preset), tmp_path) as opened:
        assert opened.env_steps == 0
