from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from served import news_of, opened, say, serving

from marl.analysis.render import stage
from marl.analysis.steer import Steering, opposed
from marl.core.errors import ConfigError

PREY = "#009E73"


def steering(steps: int, pace: float = 0.0, **settings: Any) -> Steering:
    """Predators that stay about, in episodes of some steps, and prey that stay where they are."""
    overrides = {"max_cycles": steps, "prey": "still", **settings}
    environment, player = stage(None, "random", {"name": "simple_tag"}, overrides, {})
    made = Steering(opposed(environment, "prey"), player, "<script>by hand</script>", 0)
    made.pace = pace
    return made


def moment(address: str, state: str) -> Any:
    """The moment once it is in some state."""
    until = time.monotonic() + 20
    while True:
        told = dict(news_of(address, 2))["moment"]
        if told["state"] == state:
            return told
        assert time.monotonic() < until, told


def clock(made: Steering) -> int:
    """Steps that the environment has taken in its episode."""
    return int(made.environment._clock[0])  # type: ignore[attr-defined]


def place(told: Any) -> tuple[float, float]:
    """Place of what is steered."""
    return told["at"][2 * told["mine"]], told["at"][2 * told["mine"] + 1]


def test_the_first_prey_goes_where_it_is_steered_and_the_others_as_they_would() -> None:
    """Thrust of 4 for a second takes a prey to 1.3 units a second at most; the other has none and is not touched."""
    made = steering(10, num_prey=2, arena=20.0)  # too wide for collisions
    with serving(made.page, made.hear, made.serve) as address, opened(address):  # without a window nobody steers
        ready = moment(address, "ready")
        assert (ready["step"], ready["words"]) == (0, "contacts 0")
        assert say(address, do="steer", way="up", number=2, window="a") == (200, "")
        over = moment(address, "over")
        assert over["step"] == 10 and over["mine"] == ready["mine"] == 4
        (x, y), (was_x, was_y) = place(over), place(ready)
        assert x == was_x and 0.7 < y - was_y < 1.3
        assert over["at"][10:12] == ready["at"][10:12]
        assert say(address, do="again") == (200, "")
        assert place(moment(address, "ready")) != place(ready)


def test_the_same_keys_and_seed_make_the_same_episode() -> None:
    ends = []
    for _ in range(2):
        made = steering(5)
        with serving(made.page, made.hear, made.serve) as address:
            moment(address, "ready")
            say(address, do="start")
            ends.append(moment(address, "over")["at"])
    assert ends[0] == ends[1]


def test_messages_that_were_overtaken_are_passed_over() -> None:
    made = steering(5)
    ways = []
    for way, number, window in (("up", 2, "a"), ("", 1, "a"), ("down", 3, "a"), ("left", 1, "b")):
        assert made.hear({"do": "steer", "way": way, "number": number, "window": window}) == ""
        ways.append(made._way)
    assert ways == ["up", "up", "down", "left"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"do": "steer", "way": "north", "number": 1}, "A way is left, right, up, down or none, with a number."),
        ({"do": "steer", "way": "up"}, "A way is left, right, up, down or none, with a number."),
        ({"do": "steer", "way": ["up"], "number": 1}, "A way is left, right, up, down or none, with a number."),
        ({"do": "fly"}, "There is steer, start and again."),
        ({}, "There is steer, start and again."),
    ],
)
def test_what_is_no_way_is_refused(message: dict[str, Any], told: str) -> None:
    made = steering(5)
    assert made.hear(message) == told
    assert not made._started.is_set()


def test_an_episode_waits_while_no_window_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.system.page_server.HEARTBEAT", 0.01)
    made = steering(1_000, pace=0.01)
    with serving(made.page, made.hear, made.serve) as address:
        moment(address, "ready")
        say(address, do="steer", way="up", number=1, window="a")
        moment(address, "playing")
        time.sleep(0.3)
        steps = clock(made)
        time.sleep(0.3)
        assert clock(made) == steps < 500 and made._way == ""


def test_an_environment_that_plays_no_side_is_refused() -> None:
    environment, _ = stage(None, "balance", {"name": "CartPole-v1"}, {}, {})
    with pytest.raises(ConfigError, match="prey cannot be steered in "):
        opposed(environment, "prey")


def test_a_prey_is_steered_for_30_steps_in_one_window_and_seen_in_another(open_window: Callable[..., Any]) -> None:
    made = steering(30, pace=0.02)
    with serving(made.page, made.hear, made.serve) as address:
        one, other = open_window(address), open_window(address, viewport={"width": 360, "height": 640})
        one.wait_for_selector("#view svg")
        before = one.evaluate("[now.at[2 * now.mine], now.at[2 * now.mine + 1]]")
        one.keyboard.down("ArrowRight")
        for window in (one, other):
            window.locator("#state", has_text="The episode is over").wait_for()
            assert window.inner_text("#step") == "step 30"
            assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert "<script>by hand</script>" in window.inner_text("h1")
        after = other.evaluate("[now.at[2 * now.mine], now.at[2 * now.mine + 1]]")
        assert after[0] > before[0] + 1 and after[1] == before[1]
        x, y, view = [other.evaluate(each) for each in ("now.at[2 * now.mine]", "now.at[2 * now.mine + 1]", "now.view")]
        seen = other.evaluate(
            "([x, y, view]) => { const box = byId('view').firstChild.getBoundingClientRect();"
            "return document.elementFromPoint(box.x + (x / view + 1) / 2 * box.width,"
            "box.y + (1 - y / view) / 2 * box.height).getAttribute('fill'); }",
            [x, y, view],
        )
        assert seen == PREY
        one.keyboard.up("ArrowRight")
        one.keyboard.press("Space")
        other.locator("#state", has_text="to begin").wait_for()
