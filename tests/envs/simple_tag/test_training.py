"""Runs of simple_tag: what they log, how they go on, and what their settings refuse."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from stored_runs import assert_equal_bit_for_bit, stop_after
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.testing import assert_close

import marl
from marl.core.errors import ConfigError
from marl.core.serialisation import load_state
from marl.core.version import FORMAT
from marl.policies.saved import present_weights
from marl.training.changes import check_resumable
from marl.training.checkpoints import Checkpoints
from marl.training.run_config import load_config, read_config, save_config
from marl.training.train import train_run

DOCUMENTED = Path(__file__).parents[3] / "docs" / "metrics.md"
FORMAT_1 = Path(__file__).parents[2] / "policies" / "format_1"
"""Runs as the last version of format 1 wrote them; see ``tests/policies/test_saved.py``."""


def test_a_run_logs_every_metric_that_is_documented_and_no_other(run: Path) -> None:
    scalars = EventAccumulator(str(run)).Reload().Tags()["scalars"]
    logged = {re.sub(r"/[AB]$", "/<class>", name) for name in scalars}
    logged = {name.replace("_20", "_<window>") for name in logged}
    documented = set(
        re.findall(r"^\| `([a-z_/<>]+)` \| (?!Q-learning|DQN|AlphaZero)", DOCUMENTED.read_text(), re.MULTILINE)
    )
    documented -= {"alive/<class>", "evaluation/return/<side>"}  # where agents leave, and where there are sides
    documented -= {"won/<rival>", "evaluation/share_won_<rival>", "evaluation/share_drawn"}  # where two play each other
    measured = {name for name in logged if not name.startswith("final/")}
    chance = {"evaluation/first_contact_step", "score/solved_at_episode"}
    assert measured - chance == documented - chance
    assert {name.removeprefix("final/") for name in logged - measured} <= measured


def test_a_run_with_a_curriculum_and_lost_links_resumes_bit_for_bit(
    run: Path, preset: dict[str, Any], tmp_path: Path
) -> None:
    config = read_config(preset)
    assert train_run(config, tmp_path / "x", callbacks=stop_after(2)).env_steps == 512
    assert train_run(config, tmp_path / "x", resume=True).finished
    assert_equal_bit_for_bit(tmp_path / "x", run)


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_a_checkpoint_of_format_1_goes_on_as_it_did_then(algorithm: str, tmp_path: Path) -> None:
    run = tmp_path / algorithm
    shutil.copytree(FORMAT_1 / algorithm, run)
    assert marl.train(None, run, resume=True).env_steps == 96
    latest = Checkpoints(run / "checkpoints").latest
    assert latest is not None
    weights = load_state(latest, "weights")["weights"]
    expected = load_state(run, "after")["weights"]
    assert list(present_weights(expected, 1)) == list(weights)
    # moments of normalisers were float32 then
    assert_close(list(weights.values()), list(expected.values()), rtol=1e-4, atol=1e-5, check_dtype=False)
    assert load_state(latest, "state")["format"] == FORMAT


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"team": {"Z": 1}}, "team names class 'Z', which is not declared"),
        ({"team": "A=0,B=0"}, "team {'A': 0, 'B': 0} has no predators"),
        ({"classes": {"A": [], "B": ["prey"]}}, "class 'A' sees nothing"),
        ({"classes": {"A": ["sky"], "B": ["prey"]}}, "env: class 'A' sees 'sky'; what can be seen is"),
        ({"communication": {"range": -1}}, "env.communication.range is -1: input"),
    ],
)
def test_refusals_name_field_and_value_and_what_would_do(env: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config({"env": {"name": "simple_tag", **env}})


def test_settings_come_back_from_their_saved_form(tmp_path: Path) -> None:
    env = {"name": "simple_tag", "communication": None, "classes": {"A": ["prey", "teammates"]}, "team": "A=3"}
    config = read_config({"env": env, "algorithm": {"name": "ppo"}})
    save_config(config, tmp_path / "config.yaml")
    back = load_config(tmp_path / "config.yaml")
    assert back == config
    assert back.env.communication is None
    assert back.env.team == {"A": 3}


def test_a_run_cannot_go_on_against_other_prey_or_with_another_team() -> None:
    old = read_config({"env": {"name": "simple_tag"}}).model_dump(mode="json")
    classes = {"A": ["landmarks"], "B": ["prey"], "C": ["prey"]}
    other = {"name": "simple_tag", "team": {"A": 2, "B": 2, "C": 1}, "classes": classes}
    with pytest.raises(ConfigError, match=r"env\.classes\.C is .*, but the run was trained with None"):
        check_resumable(old, read_config({"env": other}))
    with pytest.raises(ConfigError, match=r"env\.prey is 'flee', but the run was trained with 'random'"):
        check_resumable(old, read_config({"env": {"name": "simple_tag", "prey": "flee"}}))
