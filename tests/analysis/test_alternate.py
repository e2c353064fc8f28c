from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import marl
from marl.core.errors import ConfigError
from marl.training.progress import Progress

NETWORKS = {
    "encoder": {"hidden": [8], "temporal": "none"},
    "graph": {"kind": "none"},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}
RUN = {"num_copies": 4, "rollout_length": 8, "evaluation_episodes": 1, "threads": 1, "policy": NETWORKS}
PREDATORS = {"env": {"name": "simple_tag", "max_cycles": 10, "prey": "flee"}, **RUN}
SIDE = {"name": "simple_tag", "side": "prey", "team": {"P": 1}, "classes": {"P": ["predators:4"]}, "max_cycles": 10}
PREY = {"env": SIDE, **RUN}


class Stop(marl.Callback):
    """Stop the second version after its first iteration."""

    def __init__(self) -> None:
        self.seen = 0

    def on_iteration(self, progress: Progress) -> bool:
        self.seen += 1
        return self.seen < 3


def test_both_sides_are_trained_in_turn_from_python_and_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("marl.analysis.crosstable.EPISODES", 5)
    settings: dict[str, Any] = {"out": tmp_path / "duel", "rounds": 1, "env_steps": 64, "seed": 3}
    given = copy.deepcopy((PREDATORS, PREY))
    assert marl.alternate(*given, **settings, callbacks=[Stop()]) == {"finished": False, "trained": ["predators-1"]}
    assert capsys.readouterr().out == ""
    result = marl.alternate(*given, **settings, progress=True)
    assert "from env step 32 to 64" in capsys.readouterr().out
    assert (result["finished"], result["trained"]) == (True, ["predators-1", "prey-1"])
    assert (result["rows"], result["columns"]) == (["chase", "predators-1"], ["flee", "prey-1"])
    assert json.loads((tmp_path / "duel" / "crosstable.json").read_text())["mean"] == result["mean"]
    assert given == (PREDATORS, PREY)
    with pytest.raises(ConfigError, match="give one for each side of the same task"):
        marl.alternate(PREY, PREY, tmp_path / "x")
