from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("evaluate", "nobody plays; name a run's folder or a reference: marl evaluate RUN"),
        ("evaluate nowhere", "nowhere does not exist; name the folder of a run"),
        ("evaluate {run} --episodes 0", "--episodes is 0; give at least 1"),
        ("evaluate {run} --seed -1", "--seed is -1; give at least 0"),
        ("evaluate {run} --team nonsense", "'nonsense' is not NAME=COUNT"),
        ("evaluate {run} --team Z=1", "class 'Z', which is not declared"),
        ("evaluate {run} --prey nonsense", "prey is 'nonsense'"),
        ("evaluate {run} --max-cycles 0", "max_cycles is 0: input should be greater than or equal to 1"),
        ("evaluate {run} --policy chess", "policy is 'chess'; this environment has random, chase"),
        ("evaluate {run} --messages maybe", "invalid choice 'maybe'"),
        ("evaluate {run} --json nowhere/out.json", "--json nowhere/out.json: name a file in a folder that exists"),
        (
            "evaluate {run} --env.bogus 3",
            "--env.bogus has no value, or is no field; simple_tag has --env.name, --env.backend, --env.side",
        ),
        ("evaluate {run} --env.max-cycle 3", "is no field; did you mean --env.max-cycles? simple_tag has --env.name"),
        ("evaluate {run} --env.comunication.range 3", "did you mean --env.communication.range or "),
        ("evaluate {run} --env.max-cycles", "--env.max-cycles has no value, or is no field"),
        ("evaluate {run} --env.num-obstacles 4", "was trained with"),
        ("render {run} --env.max-cycles 0", "max_cycles is '0': input should be greater than or equal to 1"),
        ("render", "nobody plays; name a run's folder or a reference: marl render RUN"),
        ("render nowhere", "nowhere does not exist"),
        ("render {run} --out x.avi", "--out: 'x.avi' ends in '.avi'; an animation ends in .gif or .mp4"),
        ("render {run} --out nowhere/x.gif", "--out: 'nowhere/x.gif': the folder 'nowhere' does not exist"),
        ("render {run} --team A=0,B=0", "has no predators"),
    ],
)
def test_bad_input_of_evaluate_and_render_is_refused(line: str, message: str, cli: Cli, run: Path) -> None:
    status, out, err = cli(*line.format(run=run).split())
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())
