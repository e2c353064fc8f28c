from __future__ import annotations

import getpass
import json
import platform
from pathlib import Path

import pytest
import torch

from marl.core.version import __version__
from marl.core.wording import in_command
from marl.training.system_file import save_system

CPU = torch.device("cpu")


def test_each_process_that_trains_adds_versions_command_and_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["/home/somebody/lessons/first.py", "--data", "/home/somebody/data"])
    save_system(tmp_path, 0, CPU)
    with in_command(["train", "--resume", "my run"]):
        added = save_system(tmp_path, 512, CPU)
    text = (tmp_path / "system.json").read_text()
    first, second = json.loads(text)["processes"]
    assert (first["env_steps"], first["command"]) == (0, "first.py")
    assert (second["env_steps"], second["command"]) == (512, "marl train --resume 'my run'")
    assert second == added
    assert first["versions"]["marl-teams"] == __version__
    assert first["versions"]["torch"] == torch.__version__.partition("+")[0] or torch.__version__
    assert first["versions"]["python"] == platform.python_version()
    assert (first["machine"]["system"], first["machine"]["device"]) == (platform.system(), "cpu")
    names = ("somebody", platform.node(), str(tmp_path), f"/{getpass.getuser()}/")
    assert not [name for name in names if name in text]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"processes": 1}', b'{"processes": [NaN]}', b"\xff"])
def test_a_damaged_file_is_begun_anew(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "system.json").write_bytes(content)
    save_system(tmp_path, 7, CPU)
    (only,) = json.loads((tmp_path / "system.json").read_text())["processes"]
    assert only["env_steps"] == 7
