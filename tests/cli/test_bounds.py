"""Numbers beyond all bounds on the command line: each is refused at once, by its name; the help has the bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("train {preset} --out x --seeds 999999999", "--seeds is '999999999'; give at most 10,000 seeds"),
        (
            "train {preset} --out x --seed 18446744073709551616",
            "seed is '18446744073709551616': input should be less than",
        ),
        ("train {preset} --out x --threads 1000000", "threads is 1000000; give at most"),
        ("train {preset} --out x --seeds 2 --threads 1000000", "threads is 1000000; give at most"),
        ("train {preset} --out x --seeds 2 --jobs 1000000", "--jobs is 1000000; give at most 1,024"),
        (
            "train {preset} --out x --num-copies 65537",
            "num_copies is '65537': input should be less than or equal to 65536",
        ),
        (
            "train {preset} --out x --rollout-length 1000000000000",
            "rollout_length 1,000,000,000,000 and a team of 4 take",
        ),
        (
            "train {preset} --out x --total-env-steps 1e300",
            "total_env_steps is '1e300': input should be a valid integer",
        ),
        ("train {preset} --out x --team A=1000000", "env.team: team 'A=1000000': 1000000 agents of a class"),
        ('train {preset} --out x --env {{"name":"..:x"}}', "'..:x' names no module; write MODULE:NAME"),
        ("train {preset} --out x --env []", "env.name is missing; name a task"),
        ("train {preset} --out x --algorithm.name [a]", "algorithm.name is '[a]'; there is ppo"),
        ("train {preset} --out x --policy.encoder.hidden 60000 60000", "policy: networks have some"),
        ("train {preset} --out x --native-grid 1+1000000", "--native-grid: teams '1+1000000': 1000000 agents of a"),
        ("evaluate {run} --team A=1000000", "1000000 agents of a class; a team has at most 4,096"),
        ("evaluate {run} --episodes 999999999998", "--episodes is 999999999998; give at most 10,000,000"),
        ("evaluate {run} --seed 4294967296", "--seed is 4294967296; give at most 4,294,967,295"),
        ("render {run} --seed 4294967296", "--seed is 4294967296; give at most 4,294,967,295"),
        ("generalise {run} --teams 1+1000000 --out x", "1000000 agents of a class; a team has at most 4,096"),
        ("generalise {run} --teams 1+1 --out x --jobs 1000000", "jobs is 1000000; give at most 1,024"),
        ("alternate {preset} {preset} --out x --rounds 1000000", "rounds is 1000000; give at most 10,000"),
        ("play tic_tac_toe --players first,uct:" + "9" * 400 + "s", "seconds for each move (uct:0.5s; at most 86,400)"),
        ("play tic_tac_toe --players first,first --seed 4294967296", "--seed is 4294967296; give at most"),
        ("tournament tic_tac_toe first random --games 999999999998", "give at most 10,000,000 in all"),
        ("tournament tic_tac_toe first random --jobs 1000000", "--jobs is 1000000; give at most 1,024"),
        ("judge tic_tac_toe first --seed 4294967296", "--seed is 4294967296; give at most 4,294,967,295"),
    ],
)
def test_a_number_beyond_all_bounds_is_refused_at_once(
    line: str, told: str, cli: Cli, preset_file: Path, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begin = time.process_time()
    status, _, err = cli(*line.format(preset=preset_file, run=run).split())
    assert (status, time.process_time() - begin < 5) == (2, True)
    assert told in " ".join(err.split())
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("command", "bounds"),
    [
        ("train {preset}", ["at most 65,536", "below 2^32", "at most 4 a core", "at most 10,000", "at most 4,096"]),
        ("evaluate", ["at most 10,000,000", "below 2^32"]),
        ("render", ["below 2^32"]),
        ("generalise", ["at most 4,096 agents", "at most 10,000,000", "below 2^32", "at most 1,024"]),
        ("alternate", ["at most 10,000"]),
        ("play", ["below 2^32"]),
        ("tournament", ["at most 10,000,000", "below 2^32", "at most 1,024"]),
        ("judge", ["below 2^32"]),
    ],
)
def test_the_help_has_the_bounds(command: str, bounds: list[str], cli: Cli, preset_file: Path) -> None:
    status, out, _ = cli(*command.format(preset=preset_file).split(), "--help")
    text = " ".join(out.replace("│", " ").split())
    assert status == 0
    assert [bound for bound in bounds if bound not in text] == []
