from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from made_up_report import made_up
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from marl.analysis.generalisation.files import write_files


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of two reports, of which the second took the place of the first. Tests must not change them."""
    folder = tmp_path_factory.mktemp("report")
    write_files(made_up(("still",)), folder)
    for stale in ("heat_map_density.png", "curves_density.png", "profiles_density.png"):
        (folder / stale).write_text("of an arena that is played no more")
    write_files(made_up(), folder)
    return folder


def test_a_report_leaves_its_files_and_a_second_takes_their_place(written: Path) -> None:
    names = ["curves_fixed.png", "heat_map_fixed.png", "profiles_fixed.png"]
    names += ["report.csv", "report.json", "report.md", "tensorboard"]
    assert sorted(path.name for path in written.iterdir()) == names
    assert json.loads((written / "report.json").read_text()) == made_up().as_json()
    for name in names[:3]:
        with Image.open(written / name) as picture:
            assert min(picture.size) > 300
    assert all(len(list(folder.iterdir())) == 1 for folder in (written / "tensorboard").iterdir())


def test_the_table_has_a_row_for_each_policy_and_cell(written: Path) -> None:
    with (written / "report.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 3 * 4
    (row,) = [r for r in rows if (r["policy"], r["prey"], r["cell"]) == ("team", "random", "4+4")]
    assert (row["agents"], row["contacts_per_episode"], row["contacts_per_episode_low"]) == ("8", "10.0", "9.0")
    assert (row["contacts_per_episode_interval_over"], row["contacts_per_episode_seeds"]) == ("seeds", "3")
    assert (row["first_contact_step"], row["first_contact_step_interval_over"]) == ("", "")
    assert (row["ratio_to_native"], row["ratio_to_native_high"]) == ("0.5", "0.6")
    (other,) = [r for r in rows if (r["policy"], r["prey"], r["cell"]) == ("chase", "flee", "1+1")]
    assert (other["contacts_per_episode_interval_over"], other["ratio_to_native"]) == ("episodes", "")


def test_tensorboard_has_scores_over_team_size(written: Path) -> None:
    events = EventAccumulator(str(written / "tensorboard" / "team"))
    events.Reload()
    score = events.Scalars("contacts_per_episode/flee fixed")
    assert [(event.step, event.value) for event in score] == [(2, 3.0), (8, 0.0)]
    assert [event.step for event in events.Scalars("contacts_per_episode/flee fixed 3+1")] == [4]
    assert [event.value for event in events.Scalars("ratio_to_native/random fixed")] == [0.5]
    better = events.Scalars("probability_of_improvement_to_native/random fixed")
    assert [(event.step, event.value) for event in better] == [(8, 0.25)]
    pictures = EventAccumulator(str(written / "tensorboard" / "pictures"))
    pictures.Reload()
    assert sorted(pictures.Tags()["images"]) == ["curves_fixed", "heat_map_fixed", "profiles_fixed"]
