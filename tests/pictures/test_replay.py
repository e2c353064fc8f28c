from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from marl.core.scene import Scene
from marl.pictures.recording import Recording
from marl.pictures.replay import deeds_panel, drawings_panel, recording_panel, save_replay
from marl.pictures.shapes import Drawing, Text

NASTY = "<script>alert('x')</script>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def scene(x: float, contacts: tuple[int, ...] = ()) -> Scene:
    """Two agents that hear each other both ways, a prey, an obstacle; the first agent stands at x."""
    discs = ((x, 0.12345, 0.075, "A"), (0.5, 0.5, 0.075, "B"), (-0.5, 0.0, 0.05, "prey"), (0.0, 0.0, 0.2, "obstacle"))
    return Scene(discs, ((0, 1), (1, 0)), contacts, 1.5, 1.0)


def recorded(tmp_path: Path, *moments: Any) -> Recording:
    recording = Recording(tmp_path)
    for moment in moments:
        recording.append(moment)
    return recording


def data_of(page: Path) -> Any:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_scenes_are_numbers_that_the_page_draws(tmp_path: Path) -> None:
    recording = recorded(tmp_path, scene(0.0), scene(-0.25, contacts=(0,)))
    panel = recording_panel(recording, [0.0, 2.0], "contacts", ("B", "A"), "one")
    page = data_of(save_replay([panel], "a team", 12.5, tmp_path / "x.html"))
    assert (page["title"], page["frames_per_second"]) == ("a team", 12.5)
    (kept,) = page["panels"]
    assert kept["words"] == ["contacts 0", "contacts 2"]
    assert kept["kinds"] == ["B", "A", "prey", "obstacle"] and kept["fixed"] == ["prey", "obstacle"]
    assert kept["colours"][:2] == ["#0072B2", "#E69F00"]
    assert kept["casts"] == [[[0.075, 1], [0.075, 0], [0.05, 2], [0.2, 3]]]
    first, second = kept["moments"]
    assert first["at"] == [0.0, 0.123, 0.5, 0.5, -0.5, 0.0, 0.0, 0.0] and second["at"][0] == -0.25
    assert first["links"] == [0, 1] and (first["contacts"], second["contacts"]) == ([], [0])
    assert (kept["extent"], kept["range"]) == (1.0, 1.5) and first["view"] >= 1.2


def test_pictures_are_kept_as_they_are_and_large_ones_scaled(tmp_path: Path) -> None:
    small, large = np.full((20, 30, 3), 200, np.uint8), np.zeros((480, 960, 3), np.uint8)
    small[:10] = (255, 0, 0)
    for picture, size in ((small, (30, 20)), (large, (480, 240))):
        panel = recording_panel(recorded(tmp_path, picture), [1.0], "return", (), "")
        head, data = panel["moments"][0].split(",")
        assert head == "data:image/png;base64" and panel["kind"] == "pictures"
        shown = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        assert shown.size == size
        assert np.array_equal(np.asarray(shown)[0, 0], picture[0, 0])


def test_a_name_ends_no_script(tmp_path: Path) -> None:
    panel = drawings_panel([Drawing(10, 10, [Text((5, 5), NASTY, "#000000", 4)])], [NASTY], NASTY)
    path = save_replay([panel], NASTY, 1, tmp_path / "x.html")
    assert "alert" in path.read_text() and "<script>alert" not in path.read_text()
    assert data_of(path)["panels"][0]["name"] == data_of(path)["title"] == NASTY


def test_a_page_that_is_there_stays_whole_where_another_fails(tmp_path: Path) -> None:
    path = save_replay([drawings_panel([], [], "")], "first", 1, tmp_path / "x.html")
    before = path.read_text()
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_replay([{"moments": [float("nan")]}], "second", 1, path)
    assert path.read_text() == before


def test_a_hundred_steps_of_sixteen_agents_take_less_than_a_megabyte(tmp_path: Path) -> None:
    generator, pairs = np.random.default_rng(0), tuple((i, j) for i in range(16) for j in range(16) if i != j)
    scenes = []
    for _ in range(101):
        places = generator.normal(size=(20, 2)).tolist()
        discs = tuple((x, y, 0.075, "A" if i < 8 else "B" if i < 16 else "prey") for i, (x, y) in enumerate(places))
        scenes.append(Scene(discs, pairs, (1, 2, 3), 1.5, 1.0))
    panel = recording_panel(recorded(tmp_path, *scenes), [0.0] * 101, "contacts", ("A", "B"), "")
    assert save_replay([panel], "large", 12.5, tmp_path / "x.html").stat().st_size < 1_000_000


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_draws_the_step_that_an_address_names(tmp_path: Path) -> None:
    moments = recorded(tmp_path, scene(0.0), scene(-0.25, contacts=(0,)), scene(0.5))
    team = recording_panel(moments, [0.0, 2.0, 2.0], "contacts", ("A", "B"), NASTY)
    board = drawings_panel([Drawing(10, 10, [Text((5, 5), f"move {i}", "#000000", 4)]) for i in range(2)], ["a", "b"])
    page = save_replay([team, board], "both", 10, tmp_path / "x.html")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [str(CHROMIUM), *options, f"{page.as_uri()}#1"], capture_output=True, text=True, timeout=120, check=True
    )
    shown = done.stdout.split('<script id="data"')[0]
    assert "step 1 / 2</output>" in shown and "contacts 2" in shown and "move 1" in shown and "move 0" not in shown
    assert '<circle data-disc="0" cx="-0.25" cy="0.123" r="0.075" fill="#0072B2"' in shown
    assert shown.count('class="contact"') == 1
    assert "&lt;script&gt;alert" in shown and "<script>alert" not in shown


def test_a_table_tells_what_agents_did_and_got(tmp_path: Path) -> None:
    """The second agent has left before the second step, and a reward that is no number is told."""
    first: list[tuple[Any, float, bool]] = [(1, 0.5, True), ([0.1234, -1.0], -2.0, True)]
    second: list[tuple[Any, float, bool]] = [(0, 0.25, True), ([0.0, 0.0], 9.0, False)]
    panel = deeds_panel(["A", "B"], [None, first, second], ["return 0", "return 1", "return 2"], "one")
    (kept,) = data_of(save_replay([panel], "a table", 10, tmp_path / "x.html"))["panels"]
    assert (kept["kind"], kept["agents"], kept["words"][2]) == ("deeds", ["A", "B"], "return 2")
    assert kept["moments"] == [
        [[None, 0.0, 0.0, True], [None, 0.0, 0.0, True]],
        [[1, 0.5, 0.5, True], [[0.123, -1.0], -2.0, -2.0, True]],
        [[0, 0.25, 0.75, True], [[0.0, 0.0], 9.0, -2.0, False]],
    ]
    lost = deeds_panel(["A"], [[(0, float("nan"), True)]], ["return nan"])
    assert lost["moments"] == [[[0, "nan", "nan", True]]]


def test_sights_and_attention_are_kept_with_each_scene(tmp_path: Path) -> None:
    seen = replace(scene(0.0), sights=((0, 3), (1, 2)))
    moments = recorded(tmp_path, seen, scene(0.5), seen)
    panel = recording_panel(moments, [0.0] * 3, "contacts", ("A", "B"), attention=[[[0.0, 1.0], [0.754, 0.0]], None])
    assert panel["sights"] == [(0, 3, 1, 2), ()] and [each["sees"] for each in panel["moments"]] == [0, 1, 0]
    assert panel["moments"][0]["heeds"] == [[0, 100], [75, 0]]
    assert "heeds" not in panel["moments"][1] and "heeds" not in panel["moments"][2]


def test_a_reader_scrubs_and_looks_through_an_agents_eyes(tmp_path: Path, open_window: Callable[..., Any]) -> None:
    seen = replace(scene(0.0), sights=((0, 3), (1, 2)))
    far = replace(scene(-0.75, contacts=(0,)), sights=seen.sights)
    attention = [None, [[0.0, 1.0], [0.75, 0.0]]]
    team = recording_panel(recorded(tmp_path, seen, far, seen), [0, 2, 3], "contacts", ("A", "B"), NASTY, attention)
    table = deeds_panel(["<b>", "two"], [None, [(1, 0.5, True), (0, 2.5, False)]], ["return 0", "return 1"])
    page = open_window(
        save_replay([team, table], NASTY, 10, tmp_path / "x.html").as_uri(), viewport={"width": 360, "height": 740}
    )
    page.locator("#at").fill("1")
    assert page.inner_text("#step") == "step 1 / 2" and page.inner_text(".score >> nth=0") == "contacts 2"
    assert page.locator(".contact").count() == 1 and page.inner_text("h1") == NASTY
    picture = np.asarray(Image.open(io.BytesIO(page.locator(".view >> nth=0").screenshot())).convert("RGB"))
    reach = team["moments"][1]["view"]
    row, column = ((1 - 0.123 / reach) / 2, (1 - 0.75 / reach) / 2)
    height, width = picture.shape[:2]
    assert picture[round(row * height), round(column * width)].tolist() == [0, 0x72, 0xB2]
    page.select_option("select >> nth=0", label="B")
    assert page.inner_text(".look") == "B sees prey; it heeds A (75 %)"
    assert page.locator(".seen").count() == 1 and page.locator(".heeded").count() == 1
    page.locator('[data-disc="0"]').click()
    assert page.inner_text(".look") == "A sees obstacle; it heeds B (100 %)"
    assert page.locator("tbody tr").all_inner_texts() == ["<b>\t1\t0.5\t0.5", "two (left)\t\t\t0"]
    page.keyboard.press("End")
    assert page.inner_text("#step") == "step 2 / 2" and page.evaluate("document.documentElement.scrollWidth <= 360")
