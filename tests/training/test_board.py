from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from marl.training import board
from marl.training.board import chart_layout, hyper_parameters
from marl.training.run_config import config_text, load_config, read_config

State = dict[str, Any]


def test_charts_are_those_of_which_there_is_a_metric() -> None:
    layout = chart_layout(["return/all", "return/A", "loss/value", "time/share_acting"])
    assert {category: [*charts] for category, charts in layout.items()} == {
        "learning": ["return in training", "evaluation: return"],
        "optimiser": ["losses"],
        "speed": ["shares of time"],
    }
    assert layout["learning"]["return in training"] == ["Multiline", ["^return/"]]
    games = chart_layout(["search/entropy", "points/drawn"])
    assert [*games["learning"]] == ["evaluation: points against each player", "share won"]


@pytest.fixture
def presets(preset: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two presets of the environment, one of which has another algorithm, and one of none that there is."""
    other = {**preset, "algorithm": {"name": "a2c"}, "num_copies": 8}
    values = {"first": preset, "second": other, "third": {"env": {"name": "meeting_of_others"}}}
    for name, content in values.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setattr(board, "preset_files", lambda: {name: tmp_path / f"{name}.yaml" for name in values})


def test_hyper_parameters_are_the_nearest_preset_and_what_differs_from_it(presets: None, preset: State) -> None:
    named = {"task": "meeting", "algorithm": "ppo", "preset": "first", "changes": "none", "seed": 7}
    assert hyper_parameters(read_config({**preset, "seed": 7, "threads": 2}), False) == named
    algorithm = {**preset["algorithm"], "clip_range": 0.1, "learning_rate": [0.1, 0.0]}
    changed = {**preset, "seed": 7, "algorithm": algorithm}
    different = {"algorithm.learning_rate": "[0.1, 0.0]", "algorithm.clip_range": 0.1}
    found = hyper_parameters(read_config(changed), False)
    changes = found.pop("changes")
    assert found == {"task": "meeting", "algorithm": "ppo", "preset": "first", "seed": 7, **different}
    assert "algorithm.learning_rate [0.1, 0.0]" in str(changes) and "algorithm.clip_range 0.1" in str(changes)
    other = hyper_parameters(read_config({**preset, "algorithm": {"name": "a2c"}}), False)
    named = {"task": "meeting", "algorithm": "a2c", "preset": "second", "changes": "num_copies 32", "seed": 1}
    assert other == {**named, "num_copies": 32}


def test_a_task_without_a_preset_has_no_differences(preset: State) -> None:
    told = {"task": "meeting", "algorithm": "ppo", "preset": "", "changes": "none", "seed": 1}
    assert hyper_parameters(read_config(preset), False) == told


def test_a_run_has_texts_charts_and_hyper_parameters_but_no_chart_of_one_dot(run: Path) -> None:
    events = EventAccumulator(str(run), {"tensors": 0}).Reload()
    config = load_config(run / "config.yaml")
    (text,) = events.Tensors("run/config")
    lines = text.tensor_proto.string_val[0].decode().splitlines()
    assert "\n".join(line.removeprefix("    ") for line in lines) + "\n" == config_text(config)
    (versions,) = events.Tensors("run/versions")
    assert b"| torch | " in versions.tensor_proto.string_val[0]
    assert events.Tensors("run/command")
    (charts,) = events.Tensors("custom_scalars__config__")
    layout = Layout.FromString(charts.tensor_proto.string_val[0])
    assert [category.title for category in layout.category] == ["learning", "who touches", "optimiser", "speed"]
    data = HParamsPluginData.FromString(events.PluginTagToContent("hparams")["_hparams_/experiment"])
    metrics = [info.name.tag for info in data.experiment.metric_infos]
    assert {"return/all", "evaluation/return/all", "score/mean_20"} <= set(metrics) <= set(events.Tags()["scalars"])
    assert [name for name in events.Tags()["scalars"] if name.startswith("final/")] == []


def test_the_mean_over_all_classes_has_the_same_name_for_all_tasks(run: Path) -> None:
    events = EventAccumulator(str(run), {"scalars": 0}).Reload()
    evaluated = [(e.step, e.value) for e in events.Scalars("evaluation/return/all")]
    assert evaluated == [(e.step, e.value) for e in events.Scalars("evaluation/return_per_walker")]
    means = {name: [e.value for e in events.Scalars(f"return/{name}")] for name in ("A", "B", "all")}
    for a, b, both in zip(*means.values(), strict=True):
        assert both == pytest.approx((a + b) / 2, rel=1e-5)  # both classes have as many agents
