"""``marl check``: what is printed, and written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from marl.cli.main import main


def test_it_prints_the_facts_and_a_preset_that_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "check.json"
    arguments = ["mpe2.simple_spread_v3", "--env.arguments.max_cycles", "4", "--episodes", "1", "--json", str(file)]
    assert main(["check", *arguments]) == 0
    told = capsys.readouterr().out
    for words in (
        "3 (agent_0, agent_1, agent_2); observes Box(-inf, inf, (18,), float32); acts in Discrete(5)",
        "agents move     all at once",
        "episodes        4 steps, truncated",
        "one seed twice  the same episode",
        "pictures        700 x 700 pixels",
    ):
        assert words in told
    preset = yaml.safe_load(told.partition("a preset to start from")[2].partition("\n\n")[2].partition("wrote")[0])
    assert preset["env"] == {"name": "mpe2.simple_spread_v3", "arguments": {"max_cycles": 4}}
    written = tmp_path / "preset.yaml"
    written.write_text(yaml.safe_dump(preset))
    assert main(["train", str(written), "--print-config"]) == 0
    assert json.loads(file.read_text())["lengths"] == [4]


def test_a_name_that_is_not_there_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "classic/conect_four-v3"]) == 2
    assert "did you mean classic/connect_four-v3" in capsys.readouterr().err


def test_gymnasiums_are_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "Taxi-v4", "--max-steps", "20", "--episodes", "1"]) == 0
    told = capsys.readouterr().out
    assert "observes Discrete(500); acts in Discrete(6)" in told and "20 steps, cut here" in told
    assert 'legal actions   masks in info["action_mask"]' in told


def test_a_module_of_ones_own_is_named_as_an_import_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_teams").mkdir()
    (tmp_path / "own_teams" / "leaving_v0.py").write_text("from leaving_pettingzoo import leaving as parallel_env")
    (tmp_path / "lacking.yaml").write_text("total_env_steps: 5")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["--episodes", "1", "--env.arguments", "{cut: {x: 4, y: 4, z: 4}}"]
    assert main(["check", "own_teams.leaving_v0", *arguments]) == 0
    out = capsys.readouterr().out
    assert "4 steps, truncated" in out
    assert main(["check", "lacking.yaml"]) == 2
    assert "lacking.yaml: env.name is missing" in capsys.readouterr().err


FIRST = "red_0 at 1, blue_5 at 1, red_6 at 2, blue_1 at 2, red_2 at 3, "


@pytest.mark.parametrize(("agents", "left"), [(7, "blue_3 at 4\n"), (8, "blue_7 at 3 and 1 more\n")])
def test_a_few_of_many_are_named(agents: int, left: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Agent n leaves at step 1 + n % 5, the last at the end: 6 of 7 leave early, and 7 of 8."""
    arguments = ["--episodes", "1", "--env.arguments.agents", str(agents)]
    assert main(["check", "crowd_pettingzoo:crowd", *arguments]) == 0
    assert f"left early      {FIRST}{left}" in capsys.readouterr().out
