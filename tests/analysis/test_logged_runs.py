from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from marl.analysis.logged_runs import choose_metric, find_runs, read_logged
from marl.core.errors import ConfigError, FileError, Note

MakeRun = Callable[..., Path]


def test_a_folder_stands_for_all_runs_in_it_and_each_comes_once(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(name, [(1, 1)]) for name in ("x/seed-1", "x/seed-2", "y")]
    assert find_runs([tmp_path / "y", tmp_path / "x", tmp_path / "x" / "seed-2"]) == [runs[2], runs[0], runs[1]]
    with pytest.raises(FileError, match="nowhere does not exist"):
        find_runs([tmp_path / "nowhere"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileError, match="empty holds no run"):
        find_runs([tmp_path / "empty"])


def test_a_line_that_is_being_written_is_left_out_and_a_damaged_one_is_told(make_run: MakeRun) -> None:
    run = make_run("x", [(10, 1.0), (20, 2.0)])
    log = run / "metrics.jsonl"
    log.write_text(log.read_text() + '{"env_steps": 30, "return/ag')
    x, y = read_logged(run).series["return/agent"]
    assert (x.tolist(), y.tolist()) == ([10, 20], [1, 2])
    damaged = (
        b'{"env_steps"',
        b'{"env_steps": 5, "return/agent": "\xe9"}',
        b'{"env_steps": 5, "return/agent": NaN}',
        b"7",
    )
    log.write_bytes(b"".join(row + b"\n" for row in damaged) + log.read_bytes())
    with pytest.warns(Note, match=r"metrics\.jsonl: 4 damaged rows are left out, the first in line 1$"):
        x, y = read_logged(run).series["return/agent"]
    assert (x.tolist(), y.tolist()) == ([10, 20], [1, 2])
    log.write_bytes(b'{"env_steps"\n')
    with pytest.raises(FileError, match=r"has logged nothing yet .*1 damaged row is left out"):
        read_logged(run)
    log.write_text("")
    with pytest.raises(FileError, match="has logged nothing yet"):
        read_logged(run)


def test_scores_are_their_running_mean_over_episodes(make_run: MakeRun) -> None:
    run = make_run("x", [(10, 1.0)])
    assert "score" not in read_logged(run).series
    window = read_logged(run).config["score_log"]["window"]
    lines = ["episode,env_steps,exploration,score,minimum,mean,maximum"]
    lines += [f"{i},{9 * i},0.5,9,9,{8 + i},9" for i in range(1, window)]
    (run / "scores.csv").write_text("\n".join(lines))
    assert "score" not in read_logged(run).series  # no window is whole yet
    lines += [f"{window},30,0.5,21,9,15,21", f"{window + 1},50,0.5,21,9,16,21"]
    (run / "scores.csv").write_text("\n".join(lines))
    x, y = read_logged(run).series["score"]
    assert (x.tolist(), y.tolist()) == ([window, window + 1], [15, 16])
    (run / "scores.csv").write_bytes("\n".join([*lines, f"{window + 2},70,0.5,\xe9", ""]).encode("latin-1"))
    with pytest.warns(Note, match=rf"scores\.csv: 1 damaged row is left out, the first in line {window + 3}$"):
        assert read_logged(run).series["score"][1].tolist() == [15, 16]
    (run / "scores.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FileError, match=r"scores\.csv is not a log of scores"):
        read_logged(run)


@pytest.mark.parametrize(
    ("metrics", "points", "expected"),
    [
        (["return/agent", "loss/policy"], 2, "return/agent"),
        (["return/agent", "evaluation/return_per_agent"], 2, "evaluation/return_per_agent"),
        (["return/agent", "evaluation/return_per_agent"], 1, "return/agent"),
        (["evaluation/return_per_x", "evaluation/contacts_per_episode"], 2, "evaluation/contacts_per_episode"),
    ],
)
def test_which_metric_is_shown(metrics: list[str], points: int, expected: str, make_run: MakeRun) -> None:
    run = make_run("x", [(i, 1.0) for i in range(points)], metrics[0])
    line = ", ".join(f'"{name}": 1.0' for name in metrics)
    (run / "metrics.jsonl").write_text("".join(f'{{"env_steps": {i}, {line}}}\n' for i in range(points)))
    assert choose_metric([read_logged(run)]) == expected


def test_a_metric_that_a_run_lacks_is_refused_with_those_all_have(make_run: MakeRun) -> None:
    one = read_logged(make_run("x", [(1, 1.0)]))
    other = read_logged(make_run("y", [(1, 1.0)], "return/A"))
    with pytest.raises(ConfigError, match=r"metric is 'return/agent', which .*/y has not logged; all have loss/value$"):
        choose_metric([one, other], "return/agent")
    with pytest.raises(ConfigError, match=r"not two evaluations each; .* or name a metric: all have loss/value"):
        choose_metric([one, other])
    assert choose_metric([one, other], "loss/value") == "loss/value"
