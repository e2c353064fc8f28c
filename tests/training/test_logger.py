from __future__ import annotations

import json
import math
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from marl.core.errors import Note
from marl.training.logger import Logger

DOCUMENTED = Path(__file__).parents[2] / "docs" / "metrics.md"


def events_of(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    return events


def scalars_of(folder: Path, name: str) -> dict[int, float]:
    return {event.step: event.value for event in events_of(folder).Scalars(name)}


def test_scalars_go_to_both_and_what_is_not_finite_to_none(tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    logger.scalars(10, {"loss/policy": 0.5, "return/A": math.nan, "return/B": math.inf})
    logger.scalars(20, {"loss/policy": 0.25})
    logger.close()
    assert scalars_of(tmp_path, "loss/policy") == {10: 0.5, 20: 0.25}
    assert events_of(tmp_path).Tags()["scalars"] == ["loss/policy"]
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"env_steps": 10, "loss/policy": 0.5},
        {"env_steps": 20, "loss/policy": 0.25},
    ]


def test_everything_is_on_the_disk_before_closing(tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    logger.scalars(10, {"x": 0.5})
    assert scalars_of(tmp_path, "x") == {10: 0.5}
    assert (tmp_path / "metrics.jsonl").read_text() == '{"env_steps": 10, "x": 0.5}\n'
    logger.close()


def test_resuming_drops_what_was_logged_after_the_checkpoint(tmp_path: Path) -> None:
    first = Logger(tmp_path)
    for step in (10, 20, 30):
        first.scalars(step, {"x": step / 10})
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"env_steps": 40, "x"')  # cut by a crash
    second = Logger(tmp_path, resume_at=20)
    second.scalars(30, {"x": -3.0})
    second.close()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(row["env_steps"], row["x"]) for row in rows] == [(10, 1.0), (20, 2.0), (30, -3.0)]
    assert scalars_of(tmp_path, "x") == {10: 1.0, 20: 2.0, 30: -3.0}


def test_histograms_count_every_value(tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    logger.histogram(5, "weights/x", torch.tensor([[0.0, 1.0], [1.0, 4.0]]))
    logger.histogram(5, "weights/none", torch.zeros(0))
    logger.close()
    (event,) = events_of(tmp_path).Histograms("weights/x")
    assert (event.step, event.histogram_value.num, event.histogram_value.sum) == (5, 4, 6)
    assert sum(event.histogram_value.bucket) == 4
    assert events_of(tmp_path).Tags()["histograms"] == ["weights/x"]


def test_a_histogram_that_cannot_be_made_is_left_out_with_a_note(tmp_path: Path) -> None:
    """64 bins are narrower than what float32 tells apart at 1e15."""
    logger = Logger(tmp_path)
    with pytest.warns(Note, match=r"histogram rollout/reward of env step 1,000 is left out: .*bins"):
        logger.histogram(1000, "rollout/reward", torch.full((8,), 1e15))
    logger.histogram(1000, "rollout/value", torch.ones(8))
    logger.close()
    events = events_of(tmp_path)
    assert events.Tags()["histograms"] == ["rollout/value"]
    (note,) = events.Tensors("rollout/reward")
    assert b"left out" in note.tensor_proto.string_val[0]


def test_a_picture_keeps_its_size(tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    logger.picture(7, "episode", np.zeros((12, 30, 3), np.uint8))
    logger.close()
    (event,) = events_of(tmp_path).Images("episode")
    assert (event.step, event.height, event.width) == (7, 12, 30)


def test_hyper_parameters_name_metrics_and_add_no_chart(tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    logger.scalars(9, {"return/all": 3.0})
    logger.hyper_parameters(9, {"task": "meeting", "env.team.A": 2}, ["return/all"])
    logger.close()
    events = events_of(tmp_path)
    assert events.Tags()["scalars"] == ["return/all"]
    data = events.PluginTagToContent("hparams")
    assert set(data) == {"_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"}
    assert b"env.team.A" in data["_hparams_/session_start_info"]
    assert b"return/all" in data["_hparams_/experiment"]


def test_events_lie_in_the_folder_but_an_older_run_keeps_its_own_place(tmp_path: Path) -> None:
    (tmp_path / "old" / "tensorboard").mkdir(parents=True)
    (tmp_path / "new").mkdir()
    for name in ("old", "new"):
        logger = Logger(tmp_path / name)
        logger.scalars(1, {"x": 1.0})
        logger.close()
    assert len(list((tmp_path / "new").glob("events.out.tfevents.*"))) == 1
    assert len(list((tmp_path / "old" / "tensorboard").iterdir())) == 1
    assert not list((tmp_path / "old").glob("events.*"))


def test_a_run_logs_every_metric_that_is_documented_and_no_other(run: Path) -> None:
    events = events_of(run)
    logged = {re.sub(r"/[AB]$", "/<class>", name) for name in events.Tags()["scalars"]}
    logged = {name.replace("_20", "_<window>") for name in logged}
    text = DOCUMENTED.read_text().replace("per_predator", "per_walker")
    documented = set(re.findall(r"^\| `([a-z_/<>]+)` \| (?!Q-learning|DQN|AlphaZero)", text, re.MULTILINE))
    documented -= {"curriculum/contacts"}  # measured by simple_tag alone
    documented -= {"alive/<class>", "evaluation/return/<side>"}  # where agents leave, and where there are sides
    documented -= {"won/<rival>", "evaluation/share_won_<rival>", "evaluation/share_drawn"}  # where two play each other
    chance = {"evaluation/first_contact_step", "score/solved_at_episode"}
    assert logged - chance == documented - chance
    assert {name.split("/")[0] for name in events.Tags()["histograms"]} == {"weights", "rollout"}
    assert [event.step for event in events.Images("episode")] == [1024, 1280]


@pytest.mark.parametrize("method", ["events", "jsonl"])
def test_what_cannot_be_written_raises_there_and_then(method: str, tmp_path: Path) -> None:
    logger = Logger(tmp_path)
    if method == "events":
        logger.events.records._writer = logger.events.file = Path("/dev/full").open("wb")  # noqa: SIM115
    else:
        logger.file = Path("/dev/full").open("w")  # noqa: SIM115
    with pytest.raises(OSError, match="No space left"):
        logger.scalars(1, {"x": 1.0})
    logger.close()


def test_damaged_rows_are_counted_when_they_are_dropped(tmp_path: Path) -> None:
    rows = [
        b'{"env_steps": 10}',
        b'{"env_steps": \xe9}',
        b"[" * 5000,
        b'{"x": 1}',
        b'{"env_steps": 20}',
        b'{"env_steps": 30}',
    ]
    (tmp_path / "metrics.jsonl").write_bytes(b"\n".join(rows) + b"\n{")
    with pytest.warns(Note, match=r"metrics\.jsonl: 3 damaged rows are left out, the first in line 2$"):
        Logger(tmp_path, resume_at=20).close()
    assert (tmp_path / "metrics.jsonl").read_bytes() == b'{"env_steps": 10}\n{"env_steps": 20}\n'
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Logger(tmp_path, resume_at=20).close()


def test_resuming_cuts_the_log_where_it_was_when_the_checkpoint_was_written(tmp_path: Path) -> None:
    """An evaluation is logged after the checkpoint, at the same env step, and is played again."""
    first = Logger(tmp_path)
    first.scalars(10, {"x": 1.0})
    logged = first.sync()
    first.scalars(10, {"evaluation/x": 5.0})
    first.close()
    second = Logger(tmp_path, 10, logged)
    second.scalars(10, {"evaluation/x": 5.0})
    second.scalars(20, {"x": 2.0})
    second.close()
    third = Logger(tmp_path, 10, logged)  # the second's file is of later events alone
    third.scalars(10, {"evaluation/x": 5.0})
    third.close()
    events = events_of(tmp_path)
    assert [(e.step, e.value) for name in ("x", "evaluation/x") for e in events.Scalars(name)] == [(10, 1), (10, 5)]
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
    assert len(list(tmp_path.glob("events.*"))) == 2


def test_a_clock_that_was_set_back_does_not_put_new_events_before_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for now in (5_000_000_007, 3_000_000_000):
        monkeypatch.setattr("time.time_ns", lambda now=now: now)
        Logger(tmp_path).close()
    names = sorted(path.name for path in tmp_path.glob("events.*"))
    assert [name.split(".")[3:5] for name in names] == [["0000000005", "000000007"], ["0000000005", "000000008"]]


def test_events_of_others_stay(tmp_path: Path) -> None:
    first = Logger(tmp_path)
    logged = first.sync()
    first.close()
    foreign = tmp_path / "events.out.tfevents.9999999999.host.1.0"  # as other packages name theirs
    foreign.touch()
    Logger(tmp_path, 10, logged).close()
    assert foreign.exists()
