from __future__ import annotations

from pathlib import Path

import pytest

from marl.core.errors import ConfigError
from marl.system.lock import sole_user


def test_one_command_at_a_time_works_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with sole_user(folder), pytest.raises(ConfigError, match="another marl command works in"), sole_user(folder):
        pass
    with sole_user(folder):
        assert folder.is_dir()
