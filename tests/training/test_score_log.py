from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from marl.core.errors import ConfigError
from marl.core.serialisation import load_state, save_state
from marl.training.score_log import ScoreLog, ScoreLogConfig, Solved, stopped_by_score


def make_log(threshold: float | None = 4.0, **settings: Any) -> ScoreLog:
    """Three episodes are the window."""
    return ScoreLog(ScoreLogConfig(window=3, **settings), "Task-v0", threshold)


def opened(folder: Path, **settings: Any) -> ScoreLog:
    log = make_log(**settings)
    log.open(folder)
    return log


def rows(folder: Path) -> list[str]:
    return (folder / "scores.csv").read_text().splitlines()


def test_each_episode_is_a_row_with_the_window_that_ends_there(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.add([1.0, 4.0], [8, 8], 0.5)
    log.add([1.0], [20], None)
    log.add([2.5], [31], 0.25)
    assert rows(tmp_path) == [  # on the disk before closing
        "episode,env_steps,exploration,score,minimum,mean,maximum",
        "1,8,0.5,1,1,1,1",
        "2,8,0.5,4,1,2.5,4",
        "3,20,,1,1,2,4",
        "4,31,0.25,2.5,1,2.5,4",
    ]
    log.close()


def test_several_classes_have_columns_of_their_own_and_keep_them(tmp_path: Path) -> None:
    def made() -> ScoreLog:
        return ScoreLog(ScoreLogConfig(window=3), "Task-v0", 4.0, ("wolf", "hare"))

    log = made()
    log.open(tmp_path)
    log.add([1.0, 4.0], [8, 8], 0.5, {"wolf": [3.0, 5.0], "hare": [-1.0, math.nan]})
    log.close()
    whole = [
        "episode,env_steps,exploration,score,minimum,mean,maximum,return_wolf,return_hare",
        "1,8,0.5,1,1,1,1,3,-1",
        "2,8,0.5,4,1,2.5,4,5,",
    ]
    assert rows(tmp_path) == whole
    save_state(tmp_path, "state", log.state())
    state = load_state(tmp_path, "state")
    resumed = made()
    resumed.load_state(state)
    resumed.open(tmp_path)
    resumed.close()
    assert rows(tmp_path) == whole
    del state["class_scores"]  # as an earlier version stored it
    resumed = made()
    resumed.load_state(state)
    resumed.open(tmp_path)
    resumed.close()
    assert rows(tmp_path)[1:] == ["1,8,0.5,1,1,1,1,,", "2,8,0.5,4,1,2.5,4,,"]


def test_metrics_are_of_the_last_window(tmp_path: Path) -> None:
    log = opened(tmp_path)
    assert log.metrics == {}
    log.add([9.0, 1.0, 2.0, 3.0], [1, 2, 3, 4], None)
    assert log.metrics == {
        "score/mean_3": 2.0,
        "score/minimum_3": 1.0,
        "score/maximum_3": 3.0,
        "score/episodes": 4.0,
        "score/solved_at_episode": 3.0,
    }


def test_a_task_is_solved_when_a_whole_window_first_reaches_the_threshold(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.add([9.0, 9.0], [10, 20], None)
    assert log.solved is None  # two are no window
    log.add([-9.0, 9.0], [30, 40], None)
    assert log.solved is None  # means 3 and 3
    log.add([12.0, 0.0], [50, 60], None)
    assert log.solved == Solved(5, 50, 3)  # mean 4, not above it
    assert str(log.solved) == "Solved in 2 runs, 5 total runs"
    log.add([90.0], [70], None)
    assert log.solved == Solved(5, 50, 3)


def test_the_summary_says_when_it_was_solved(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.save(0)
    assert json.loads((tmp_path / "score.json").read_text())["solved_at_episode"] is None
    log.add([9.0, 9.0, 9.0, 0.0], [10, 20, 30, 40], None)
    log.save(40)
    assert json.loads((tmp_path / "score.json").read_text()) == {
        "env_steps": 40,
        "episodes": 4,
        "threshold": 4.0,
        "window": 3,
        "mean": 6.0,
        "best_mean": 9.0,
        "solved_at_episode": 3,
        "solved_in_runs": 0,
        "solved_at_env_steps": 30,
        "text": "Solved in 0 runs, 3 total runs",
    }


def test_going_on_drops_later_rows_and_counts_on(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add([1.0, 2.0], [10, 20], 0.5)
    state = first.state()
    first.add([50.0], [30], 0.5)
    first.close()
    with (tmp_path / "scores.csv").open("a") as file:
        file.write("4,4")  # cut by a crash
    second = make_log()
    second.load_state(state)
    second.open(tmp_path)
    second.add([9.0], [32], 0.5)
    second.close()
    assert rows(tmp_path)[1:] == ["1,10,0.5,1,1,1,1", "2,20,0.5,2,1,1.5,2", "3,32,0.5,9,1,4,9"]
    assert second.solved == Solved(3, 32, 3)


def test_an_episode_costs_the_same_in_any_window(tmp_path: Path) -> None:
    """Scores count how often they are compared: those of a window of 5,000 are not gone through."""

    class Counted(float):
        compared = 0

        def __gt__(self, other: object) -> bool:
            Counted.compared += 1
            return float(self) > float(other)  # type: ignore[arg-type]

        __lt__ = __gt__

    log = ScoreLog(ScoreLogConfig(window=5000), "Task-v0", 4.0)
    log.open(tmp_path)
    log.add([Counted(i % 7) for i in range(6000)], range(6000), None)
    log.close()
    assert Counted.compared < 5 * 6000
    assert log.metrics["score/mean_5000"] == sum(i % 7 for i in range(1000, 6000)) / 5000


def test_rows_that_were_lost_or_damaged_are_written_anew_from_the_state(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add([1.0], [10], 0.5)
    first.add([2.0], [20], None)
    state, expected = first.state(), (tmp_path / "scores.csv").read_text()
    first.close()
    for left in (b"", expected.encode()[:-9], b"\xff" * 40):
        (tmp_path / "scores.csv").write_bytes(left)
        second = make_log()
        second.load_state(state)
        second.open(tmp_path)
        second.close()
        assert (tmp_path / "scores.csv").read_text() == expected


def test_a_state_without_exploration_keeps_the_rows_that_are_there(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add([1.0, 2.0], [10, 20], 0.5)
    state, expected = first.state(), (tmp_path / "scores.csv").read_text()
    first.close()
    del state["exploration"]  # as earlier versions wrote it
    second = make_log()
    second.load_state(state)
    second.open(tmp_path)
    second.close()
    assert (tmp_path / "scores.csv").read_text() == expected


def test_a_state_is_judged_by_the_present_rule() -> None:
    log = make_log()
    for score in (3.0, 3.0, 3.0, 6.0):
        log._take(score, 1)
    easier = make_log(3.0)
    easier.load_state(log.state())
    assert (log.solved, easier.solved) == (Solved(4, 1, 3), Solved(3, 1, 3))


def test_a_number_goes_before_what_the_task_states() -> None:
    assert make_log(475.0).threshold == 475
    assert ScoreLog(ScoreLogConfig(threshold=195), "Task-v0", 475.0).threshold == 195
    assert ScoreLog(ScoreLogConfig(threshold="task"), "Task-v0", 475.0).threshold == 475


def test_without_a_threshold_nothing_is_written_unless_episodes_are_counted(tmp_path: Path) -> None:
    log = opened(tmp_path, threshold=None)
    log.add([1.0], [1], None)
    log.save(1)
    assert (list(tmp_path.iterdir()), log.metrics) == ([], {})
    log = opened(tmp_path, threshold=None, episodes=2)
    log.add([1e9], [1], None)
    assert len(rows(tmp_path)) == 2
    assert (log.solved, log.over) == (None, False)
    log.add([1e9], [1], None)
    assert log.over


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": "task"}, "threshold is 'task', but the environment 'Task-v0' states no reward_threshold: give"),
        ({"stop_when_solved": True}, "stop_when_solved is true, but the environment 'Task-v0' states no"),
    ],
)
def test_a_rule_that_the_task_does_not_state_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ScoreLog(ScoreLogConfig(**settings), "Task-v0", None)


def test_a_threshold_is_finite() -> None:
    with pytest.raises(ValueError, match="finite"):
        ScoreLogConfig(threshold=math.nan)


@pytest.mark.parametrize("stop", [True, False])
def test_solving_ends_training_where_it_is_wished(stop: bool, tmp_path: Path) -> None:
    log = opened(tmp_path, stop_when_solved=stop)
    log.add([9.0, 9.0], [1, 2], None)
    assert not log.over
    log.add([9.0], [3], None)
    log.save(3)
    assert log.over is stop
    assert stopped_by_score(tmp_path, log.config, 3) is stop
    assert not stopped_by_score(tmp_path, log.config, 2)  # the summary is of another checkpoint
    (tmp_path / "score.json").write_text("{")
    assert not stopped_by_score(tmp_path, log.config, 3)
