"""``experiments/peers.py``: curves on common places, what is told of them, and the package's own trainings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import peer_trainings
import peers as script
import pytest

from marl.core.reading import read_json

# env steps, CPU seconds and contacts; 10 points, the contacts rise by 4 each
RISING = np.array([[1000 * (i + 1), 2.0 * (i + 1), 4.0 * i] for i in range(10)])


def test_a_row_tells_the_last_tenth_and_where_marks_were_reached() -> None:
    flat = RISING * [1, 1, 0] + [0, 0, 5.0]
    told = script.told_of([RISING, flat], (1, 2))
    # the last tenth of 20 seconds holds the points at 18 and 20
    assert told["contacts"]["value"] == pytest.approx((34 + 5) / 2)
    assert told["reached"] == {"20": [[6000, 12.0], None], "30": [[9000, 18.0], None]}
    assert told["env_steps"] == [10_000, 10_000]
    assert script.table({"sb3_ppo": told}).splitlines()[-1].endswith("| 6,000, 12 (1 of 2) | 9,000, 18 (1 of 2) |")
    assert script.table({"sb3_ppo": script.told_of([flat], (1,))}).splitlines()[-1].endswith("| never | never |")


@pytest.mark.parametrize("axis", [0, 1])
def test_seeds_share_the_places_that_all_have_reached(axis: int) -> None:
    places, contacts = script.at_places([RISING, RISING[:5]], axis)
    unit = (1000, 2)[axis]
    assert unit <= places.min() and places.max() <= 5 * unit
    assert contacts.shape == (2, len(places))
    assert contacts == pytest.approx(np.tile(4 * (places / unit - 1), (2, 1)))  # both are on this line


def test_what_is_kept_is_thinned_to_means() -> None:
    many = np.array([[i, i / 10, i % 2] for i in range(1, 1001)])
    kept = script.thinned(many)
    assert len(kept) == 101
    assert {point[2] for point in kept[1:-1]} == {0.5}


def test_a_training_of_this_package_leaves_a_curve_and_stops_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["", "full_view", "3", str(tmp_path / "3.json"), "--seconds", "0"])
    monkeypatch.setattr(peer_trainings, "CURVE", None, raising=False)
    peer_trainings.main()
    (points,) = json.loads((tmp_path / "3.json").read_text()).values()
    ((env_steps, seconds, contacts),) = points  # the first is after the first episodes, and is the last
    assert env_steps >= 100 * 64
    assert seconds > 0
    assert 0.3 < contacts < 4  # nothing is learnt yet; random predators have 1.3


def test_episodes_are_counted_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curve = peer_trainings.Curve(tmp_path / "c.json", seconds=1e9)
    monkeypatch.setattr(peer_trainings, "CURVE", curve, raising=False)
    env = peer_trainings.counted_tag()
    rewards = 0.0
    for seed in range(peer_trainings.EPISODES):
        env.reset(seed=seed)
        while env.agents:
            rewards += env.step(dict.fromkeys(env.agents, 0))[1]["adversary_2"]
    ((env_steps, _, contacts),) = curve.points
    assert env_steps == 100 * peer_trainings.EPISODES
    assert contacts == pytest.approx(rewards / 10 / peer_trainings.EPISODES, abs=1e-3)


def test_a_stopped_measurement_goes_on_and_what_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.subprocess, "run", lambda *command, **options: pytest.fail("it is trained again"))
    for seed in (1, 2):
        path = tmp_path / "full_view" / f"{seed}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"points": RISING.tolist()}))
    before: dict[str, Any] = {"jaxmarl_ippo": {**script.told_of([RISING], (9,)), "seconds": 1.0}}
    (tmp_path / "peers.json").write_text(json.dumps(before))
    script.main(only=("full_view",), seeds=(1, 2), runs=tmp_path, out=tmp_path / "peers.json")
    assert list(read_json(tmp_path / "peers.json")) == ["full_view", "jaxmarl_ippo"]
    assert "| JaxMARL IPPO | 34.0" in capsys.readouterr().out
    assert (tmp_path / "peers.png").stat().st_size > 10_000


def test_a_system_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SystemExit, match="benchmarl_mappo is not a system that can be trained here; there is full_view"
    ):
        script.main(only=("benchmarl_mappo",), runs=tmp_path, out=tmp_path / "peers.json")
