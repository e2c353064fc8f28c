from __future__ import annotations

from pathlib import Path

import pytest
import torch

from marl.core.errors import ConfigError
from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.wording import in_command
from marl.evaluation.onnx_file import check_out, check_packages, write_onnx
from marl.networks.configs import EncoderConfig
from marl.policies.configs import QNetworkConfig
from marl.policies.named_policy import NamedPolicy
from marl.policies.q_network import QNetwork


def test_missing_packages_are_told_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.evaluation.onnx_file.find_spec", lambda name: None if name == "onnxruntime" else name)
    with pytest.raises(ConfigError, match=r"needs onnxruntime: pip install 'marl-teams\[export\]'"):
        check_packages()


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    assert check_out(str(tmp_path / "x.onnx")) == tmp_path / "x.onnx"
    with pytest.raises(ConfigError, match=r"^out is .*x.pt'; an exported policy ends in .onnx"):
        check_out(tmp_path / "x.pt")
    with in_command(), pytest.raises(ConfigError, match=r"^--out is .*; name a file in a folder that exists"):
        check_out(tmp_path / "nowhere/x.onnx")


def test_a_file_that_answers_otherwise_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights change between the export and the comparison."""
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    roster = Roster((AgentClass("A", 3, ActionSpec("discrete", 2)),), (1,))
    network = QNetwork(roster, QNetworkConfig(encoder=EncoderConfig(hidden=(4,), temporal="none")))
    seen = Observation({"A": torch.ones(2, 1, 3)}, torch.ones(2, 1, dtype=torch.bool))
    named, file = NamedPolicy(network, seen), tmp_path / "x.onnx"
    exported = torch.onnx.export

    def changed(*arguments: object, **options: object) -> object:
        program = exported(*arguments, **options)  # type: ignore[arg-type]
        network.heads["A"].advantage[-1].bias.data += 1  # type: ignore[index, union-attr]
        return program

    monkeypatch.setattr("torch.onnx.export", changed)
    with pytest.raises(ConfigError, match=r"answers otherwise, by (1|0\.\d+); nothing was written"):
        write_onnx(named, {}, file)
    assert not list(tmp_path.iterdir())
