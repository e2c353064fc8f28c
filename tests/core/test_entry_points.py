from __future__ import annotations

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
