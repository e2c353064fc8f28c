from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from marl.core.entry_points import MissingModuleError
from marl.games.registry import new_game
from marl.tasks.registry import find_task


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """A distribution ``needy-teams`` with one entry point, as pip leaves it on the path."""

    def install(group: str, value: str) -> None:
        metadata = tmp_path / "needy_teams-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: needy-teams\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\nneedy = {value}\n")
        (tmp_path / "needy_module.py").write_text("import not_there.inner\n")
        monkeypatch.syspath_prepend(tmp_path)

    return install


@pytest.mark.parametrize(("value", "module"), [("gone_module:task", "gone_module"), ("needy_module:task", "not_there")])
@pytest.mark.parametrize(("group", "find"), [("marl.environments", find_task), ("marl.games", new_game)])
def test_a_missing_module_is_named_with_its_entry_and_distribution(
    install: Callable[[str, str], None], group: str, find: Callable[[str], object], value: str, module: str
) -> None:
    install(group, value)
    with pytest.raises(MissingModuleError) as caught:
        find("needy")
    message = str(caught.value)
    for named in ("'needy'", f"'{value}'", f"'{group}'", "'needy-teams'", f"'{module}'"):
        assert named in message
    assert "pip install" not in message


def test_folders_named_envs_and_wrappers_beside_the_script_hide_nothing(tmp_path: Path) -> None:
    for name in ("envs", "wrappers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise RuntimeError('the {name} of the user was imported')\n")
    script = "import marl; print(marl.evaluate('predator_team', episodes=2)['episodes'])"
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    command = [sys.executable, "-m", "marl", "evaluate", "predator_team", "--episodes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "over 2 episodes" in done.stdout
