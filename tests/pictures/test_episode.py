from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from marl.core import colours
from marl.core.scene import Scene
from marl.pictures import episode as rendering
from marl.pictures.recording import Recording

WIDTH, HEIGHT = 480, 560


def scene(x: float = 0.0, contacts: tuple[int, ...] = (), hearing: float | None = None, linked: bool = False) -> Scene:
    discs = ((x, 0.5, 0.1, "A"), (-0.5, -0.5, 0.1, "B"), (0.5, -0.5, 0.1, "prey"), (-0.5, 0.5, 0.2, "obstacle"))
    return Scene(discs, ((0, 1), (1, 0)) if linked else (), contacts, hearing, 1.0)


def pixel(frame: np.ndarray, x: float, y: float, view: float = 1.2) -> np.ndarray:
    """The colour at a place of the world; the world's square stands on the legend, a tenth of the height."""
    column = (x / view + 1) / 2 * WIDTH
    row = HEIGHT - HEIGHT / 10 - (y / view + 1) / 2 * WIDTH
    return frame[round(row), round(column)].astype(int)


def rgb(colour: str) -> np.ndarray:
    return np.round(np.array(to_rgb(colour)) * 255).astype(int)


def recorded(*scenes: Scene) -> Recording:
    recording = Recording(Path(tempfile.gettempdir()))
    for each in scenes:
        recording.append(each)
    return recording


def draw(*scenes: Scene) -> np.ndarray:
    return np.stack(list(rendering.draw(recorded(*scenes), range(len(scenes)), width=WIDTH)))


def coloured(frame: np.ndarray, colour: str) -> np.ndarray:
    """Rows and columns ``[n, 2]`` of that colour above the legend."""
    return np.argwhere((frame[: HEIGHT * 9 // 10] == rgb(colour)).all(-1))


def test_everything_lies_where_the_scene_says_in_its_colour() -> None:
    (frame,) = draw(scene(0.3))
    assert frame.shape == (HEIGHT, WIDTH, 3)
    assert frame.dtype == np.uint8
    np.testing.assert_array_equal(pixel(frame, 0.3, 0.5), rgb(colours.CLASS_COLOURS[0]))
    np.testing.assert_array_equal(pixel(frame, -0.5, -0.5), rgb(colours.CLASS_COLOURS[1]))
    np.testing.assert_array_equal(pixel(frame, 0.5, -0.5), rgb(colours.PREY_COLOUR))
    np.testing.assert_array_equal(pixel(frame, -0.5, 0.5), rgb(colours.OBSTACLE_COLOUR))
    np.testing.assert_array_equal(pixel(frame, 0.8, 0.8), [255, 255, 255])


def test_a_frame_shows_its_own_scene_only() -> None:
    first, second = draw(scene(-0.1), scene(0.7))
    blue = rgb(colours.CLASS_COLOURS[0])
    np.testing.assert_array_equal(pixel(first, -0.1, 0.5), blue)
    np.testing.assert_array_equal(pixel(second, 0.7, 0.5), blue)
    np.testing.assert_array_equal(pixel(second, -0.1, 0.5), [255, 255, 255])


def test_named_classes_keep_their_colours_when_nobody_of_a_class_plays() -> None:
    only_b = Scene(((0.0, 0.0, 0.1, "B"),), (), (), None, 1.0)
    (frame,) = rendering.draw(recorded(only_b), [0], classes=("A", "B"), width=WIDTH)
    np.testing.assert_array_equal(pixel(frame, 0.0, 0.0), rgb(colours.CLASS_COLOURS[1]))


def test_a_contact_is_ringed() -> None:
    quiet, touching = draw(scene(), scene(contacts=(0,)))
    assert not len(coloured(quiet, colours.CONTACT_EDGE))
    ring = coloured(touching, colours.CONTACT_EDGE)
    middle_row = HEIGHT * 9 / 10 - (0.5 / 1.2 + 1) / 2 * WIDTH
    np.testing.assert_allclose((ring.min(0) + ring.max(0)) / 2, [middle_row, WIDTH / 2], atol=1.5)


def test_links_and_ranges_are_drawn_only_if_there_are_any() -> None:
    plain, linked, ranged = (draw(s)[0] for s in (scene(), scene(linked=True), scene(hearing=0.4)))
    np.testing.assert_array_equal(pixel(plain, -0.25, 0.0), [255, 255, 255])
    assert pixel(linked, -0.25, 0.0).max() < 200  # halfway between the linked discs
    angles = np.linspace(0, 2 * np.pi, 100)
    circle = [pixel(ranged, 0.4 * np.cos(a), 0.5 + 0.4 * np.sin(a)) for a in angles if np.cos(a) > 0]
    darker = np.mean([min(p) < 245 for p in circle])
    assert 0.2 < darker < 0.95  # dashed: neither absent nor unbroken


def test_the_view_widens_smoothly_and_nothing_leaves_it() -> None:
    places = [0.0] * 20 + [6.0] + [0.0] * 20
    scenes = [Scene(((x, 0.0, 0.05, "A"),), (), (), None, 1.0) for x in places]
    frames = draw(*scenes)
    columns = [coloured(frame, colours.CLASS_COLOURS[0])[:, 1] for frame in frames]
    assert all(len(c) > 3 for c in columns)
    assert columns[20].max() < WIDTH - 1
    views = rendering.half_widths(recorded(*scenes).outline.reaches)
    assert views[0] == pytest.approx(1.2)
    assert views[20] > 6.0
    assert np.abs(np.diff(views)).max() < 6.0 / 10  # a jump would be nearly 5


@pytest.mark.parametrize("width", [240, 250, 480])
def test_sizes_are_even(width: int) -> None:
    (frame,) = rendering.draw(recorded(scene()), [0], width=width)
    assert frame.shape[1] == width
    assert frame.shape[0] % 2 == 0


def test_captions_change_with_step_and_score() -> None:
    same = recorded(scene(), scene())
    first, second = rendering.draw(same, [0, 0], width=WIDTH)
    _, scored = rendering.draw(same, [0, 9], width=WIDTH)
    top = slice(0, HEIGHT // 20)
    left, right = slice(0, WIDTH // 2), slice(WIDTH // 2, WIDTH)
    assert (first[top, left] != second[top, left]).any()
    assert (first[top, right] == second[top, right]).all()
    assert (second[top, right] != scored[top, right]).any()


@pytest.mark.parametrize(
    ("scenes", "scores", "message"),
    [
        ([], [], "0 scenes"),
        ([scene()], [1.0, 2.0], "2 scores for 1 scenes"),
        ([scene(), scene(float("nan"))], [0.0, 0.0], "step 1"),
    ],
)
def test_bad_scenes_are_refused(scenes: list[Scene], scores: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rendering.draw(recorded(*scenes), scores)


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width is 241"):
        rendering.draw(recorded(scene()), [0.0], width=241)


def test_only_the_steps_that_are_asked_for_are_drawn_each_when_it_is_taken() -> None:
    recording = recorded(*(scene(x / 10) for x in range(9)))
    every = list(rendering.draw(recording, range(9), width=WIDTH))
    some = rendering.draw(recording, range(9), width=WIDTH, only=[0, 3, 8])
    assert np.array_equal(next(some), every[0])
    assert np.array_equal(list(some), [every[3], every[8]])
