"""Exported policies answer as in PyTorch over whole episodes; what cannot be exported is refused without onnx too.

`tests/test_export_page.py` has teams with memory and messages, whose export takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from habits import Colour
from two_pictures import Lone

from marl.core.config import Config
from marl.core.errors import ConfigError, FileError
from marl.core.trust import UntrustedError, trusting
from marl.evaluation.access import load, make
from marl.evaluation.export import export
from marl.networks.configs import ActorConfig, CriticConfig, EncoderConfig, GraphConfig, QHeadConfig
from marl.policies.configs import ActorCriticConfig, PartConfig, PlayerConfig, QNetworkConfig, SidesConfig, TableConfig
from marl.policies.kinds import make_policy
from marl.policies.saved import save_policy

needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnx", "onnxscript", "onnxruntime")), reason="needs the extra export"
)
Save = Callable[[dict[str, Any], Config], Path]

ENCODER = EncoderConfig(hidden=(8, 8), temporal="none")
QUIET = GraphConfig(kind="none")
CRITIC = CriticConfig(hidden=(8,), entity_hidden=(8,))
ACTORS = ActorCriticConfig(encoder=ENCODER, graph=QUIET, critic=CRITIC)
STATEFUL = ActorCriticConfig(encoder=EncoderConfig(hidden=(8, 8), temporal="gru"), critic=CRITIC)
HEARING = ActorCriticConfig(encoder=EncoderConfig(hidden=(8, 8), remembers="heard"), critic=CRITIC)
BOUNDED = ActorCriticConfig(encoder=ENCODER, graph=QUIET, critic=CRITIC, actor=ActorConfig(bounded=True))
VALUES = QNetworkConfig(encoder=ENCODER, head=QHeadConfig(dueling=True))
TRUSTED = ("habits", "two_pictures")
PICTURES: dict[str, Any] = {"name": f"{Colour.__module__}:Colour-v0", "arguments": {"size": 40}}
TWO_PICTURES: dict[str, Any] = {"name": f"{Lone.__module__}:Lone-v0", "max_episode_steps": 5}


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves a policy of drawn weights that tell situations apart; gives its folder."""

    def make_run(env: dict[str, Any], config: Config) -> Path:
        with trusting(TRUSTED):
            policy = make_policy(make(env).roster, config)
        for name, x in (*policy.named_parameters(), *policy.named_buffers()):
            if name.startswith(("actors", "heads", "values_")):
                x.data.normal_()
        save_policy(tmp_path / "run", policy, env)
        return tmp_path / "run"

    return make_run


@needs_onnx
@pytest.mark.parametrize(
    ("env", "config", "outputs"),
    [
        (PICTURES, ACTORS, ["log_probs_agent"]),
        (TWO_PICTURES, ACTORS, ["log_probs_agent"]),
        ({"name": "meeting"}, STATEFUL, ["log_probs_A", "log_probs_B", "next_keys", "next_values", "next_valid"]),
        ({"name": "meeting"}, HEARING, ["log_probs_A", "log_probs_B", "next_keys", "next_values", "next_valid"]),
        ({"name": "meeting", "continuous_actions": True}, BOUNDED, ["mean_A", "log_std_A", "mean_B", "log_std_B"]),
        ({"name": "Taxi-v4", "max_episode_steps": 20}, VALUES, ["q_values_agent"]),
        ({"name": "Taxi-v4", "max_episode_steps": 20}, TableConfig(), ["q_values_agent"]),
    ],
)
def test_each_kind_of_policy(
    env: dict[str, Any], config: Config, outputs: list[str], save: Save, tmp_path: Path
) -> None:
    run, file = save(env, config), tmp_path / "policy.onnx"
    facts = export(run, file, trust=TRUSTED)
    assert list(facts["outputs"]) == outputs
    assert ("action_mask_agent" in facts["inputs"]) == (env["name"] == "Taxi-v4")
    from benchmark_export import difference
    from exported_team import ExportedTeam

    found, steps = difference(load(run).eval(), make(run, trust=TRUSTED), ExportedTeam(file), 2)
    assert found < 1e-5 and steps >= 10


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packages count as installed; what is refused is refused before they are needed."""
    monkeypatch.setattr("marl.evaluation.onnx_file.find_spec", lambda name: name)


@pytest.mark.usefixtures("installed")
def test_a_team_that_does_not_fit_is_refused(save: Save, run: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.onnx"
    with pytest.raises(ConfigError, match=r"largest_team is 'A=8,Z=1': .*class 'Z', which is not declared"):
        export(run, file, largest_team="A=8,Z=1")
    with pytest.raises(ConfigError, match=r"largest_team is 'A=8', but Taxi-v4 has no team to choose; leave it out"):
        export(save({"name": "Taxi-v4"}, ACTORS), file, largest_team="A=8")
    with pytest.raises(ConfigError, match=r"classes.A is .* but the policy was trained with"):
        export(run, file, classes={"A": ["target"], "B": ["landmark"]})
    with pytest.raises(FileError, match="holds no trained policy"):
        export(tmp_path, file)
    with pytest.raises(UntrustedError, match=r"give trust=\['habits'\]"), trusting(imported=False):
        export(save(PICTURES, ACTORS), file)
    assert not file.exists()


@pytest.mark.usefixtures("installed")
def test_a_side_is_named_where_there_are_several(
    save: Save, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = tuple(PartConfig(name=f"side_{x}", classes=(x,), players=(PlayerConfig(policy=ACTORS),)) for x in "AB")
    both, file = save({"name": "meeting"}, SidesConfig(sides=parts)), tmp_path / "x.onnx"
    with pytest.raises(ConfigError, match=r"a policy for each side; give one of side_A, side_B, e\.g\. side='side_A'"):
        export(both, file)
    with pytest.raises(ConfigError, match="no side 'side_C'; did you mean side_"):
        export(both, file, side="side_C")
    with pytest.raises(ConfigError, match="side is 'side_A', but the run has one policy for all; leave it out"):
        export(run, file, side="side_A")
    written: list[Any] = []
    monkeypatch.setattr("marl.evaluation.export.write_onnx", lambda *arguments: written.append(arguments) or {})
    assert export(both, file, side="side_B") == {}
    named, facts, path = written[0]
    assert (list(named.inputs), facts["team"], path) == (["features_B"], {"B": 2}, file)
    expected = load(both).policies["side_B"].actors  # type: ignore[operator, union-attr]
    assert torch.equal(named.policy.actors["B"].network[0].weight, expected["B"].network[0].weight)
