"""Episodes on a page in which a person steers one agent against a trained team."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from torch import Tensor

from marl.core.colours import FIXED_COLOURS
from marl.core.environment import Opposed, TaskEnvironment
from marl.core.errors import ConfigError
from marl.core.scene import Scene
from marl.evaluation.episodes import EpisodePlayer, Moment, play_moments, score_name
from marl.pictures.page import whole_page
from marl.pictures.recording import Outline
from marl.pictures.scene_numbers import SceneNumbers
from marl.system.page_server import LOOK, PageServer

__all__ = ["Steering", "opposed"]

WAYS = {"": 0, "left": 1, "right": 2, "down": 3, "up": 4}
"""Discrete actions of mpe2 (https://github.com/Farama-Foundation/MPE2, ``mpe2/_mpe_utils/core.py``)."""
NARROWING = 0.97
"""Share of the view that is left after a step in which nothing lies outside a smaller one."""


def opposed(environment: TaskEnvironment, side: str) -> Opposed:
    """Check that one side of an environment can be handed to a person.

    Raises:
        ConfigError: if it cannot.
    """
    if not hasattr(environment, "opponents"):
        raise ConfigError(f"{side} cannot be steered in {type(environment).__name__}: it steps its sides elsewhere")
    return environment  # type: ignore[return-value]


class Steering:
    """One episode after the other on a page, at the environment's own pace, while a window shows them.

    The person steers the first agent of the side that does not learn; those beside it go on as they would.

    Args:
        environment: one copy, which draws scenes.
        player: the trained team.
        name: of the page.
        seed: of the first episode; the others have those after it.
        messages: True if agents of the team hear each other.
        deterministic: take the most probable actions instead of drawing them.
    """

    def __init__(
        self,
        environment: Opposed,
        player: EpisodePlayer,
        name: str,
        seed: int,
        messages: bool = True,
        deterministic: bool = False,
    ) -> None:
        self.environment, self.player, self.seed, self.limits = environment, player, seed, (messages, deterministic)
        self.pace = 1 / environment.frames_per_second
        self.page = whole_page("steer.html", {"title": name})
        self._way, self._said = "", ("", 0)
        self._started, self._again, self._due = threading.Event(), threading.Event(), 0.0
        environment.opponents = _Hand(environment.opponents, lambda: WAYS[self._way])

    def hear(self, message: dict[str, Any]) -> str:
        """Take what a window says; see `PageServer`.

        A message has ``do``: ``steer`` with a ``way``, the name of the ``window`` and a ``number`` that counts its
        messages, as they may overtake each other; ``start``; or ``again`` for another episode.
        """
        wish, way, number = message.get("do"), message.get("way"), message.get("number")
        if wish == "again":
            self._again.set()
        elif wish == "steer":
            if not isinstance(way, str) or way not in WAYS or type(number) is not int:
                return "A way is left, right, up, down or none, with a number."
            window, last = self._said
            if message.get("window") != window or number > last:
                self._way, self._said = way, (str(message.get("window")), number)
        elif wish != "start":
            return "There is steer, start and again."
        if way or wish != "steer":
            self._started.set()
        return ""

    def serve(self, server: PageServer) -> None:
        """Play episodes until a signal or an error ends it.

        Args:
            server: shows the page, and hands on what windows say.
        """
        while True:
            server.wait_for_window()
            self._episode(server)
            self.seed += 1

    def _episode(self, server: PageServer) -> None:
        self._way = ""
        self._started.clear()
        self._again.clear()
        outline, view, over, head = Outline(), 0.0, False, dict[str, Any]()
        for number, moment in enumerate(play_moments(self.environment, self.player, self.seed, *self.limits)):
            scene, over = moment.drawn, moment.over
            assert isinstance(scene, Scene)
            outline.add(scene)
            if not number:
                numbers = SceneNumbers(outline.kinds, tuple(self.environment.roster.team))
            view = max(NARROWING * view, outline.reaches[-1])
            told = {**numbers.moment(scene, view), **self._told(number, moment, scene)}
            if head != (head := numbers.head(scene.extent, scene.range)):
                server.tell("scene", head)
            server.tell("moment", told)
            self._wait(server, number)
            if self._again.is_set():
                return
        if over:
            _wait_for(self._again)

    def _told(self, number: int, moment: Moment, scene: Scene) -> dict[str, Any]:
        mine = (i for i, (*_, kind) in enumerate(scene.discs) if kind in FIXED_COLOURS and kind != "obstacle")
        return {
            "step": number,
            "words": f"{score_name(self.environment)} {round(moment.score, 1):.6g}",
            "mine": next(mine, None),
            "state": "over" if moment.over else "playing" if number else "ready",
        }

    def _wait(self, server: PageServer, number: int) -> None:
        """Wait for the start, for a window, and for the time of the next step."""
        if not number:
            _wait_for(self._started)
        if not number or not server.windows:
            self._way = "" if number else self._way
            server.wait_for_window()
            self._due = time.monotonic()
        self._due = max(self._due + self.pace, time.monotonic() - self.pace)  # what is late is not made up for
        time.sleep(max(0.0, self._due - time.monotonic()))


def _wait_for(event: threading.Event) -> None:
    while not event.wait(LOOK):
        pass


class _Hand:
    """Opponents of which the first goes where a person steers it.

    Args:
        others: choose for all; see `marl.core.environment.Opposed`.
        way: action of the first.
    """

    def __init__(self, others: Any, way: Callable[[], int]) -> None:
        self.others, self.way = others, way

    def __call__(self, world: Any, generator: Any) -> Tensor:
        """Actions ``[B, P]``."""
        chosen: Tensor = self.others(world, generator).clone()
        chosen[:, 0] = self.way()
        return chosen

    def begin(self, where: Tensor, generator: Any) -> None:
        """Begin an episode in some copies."""
        self.others.begin(where, generator)

    def state(self) -> dict[str, Any]:
        """State of the others."""
        state: dict[str, Any] = self.others.state()
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state that `state` returned."""
        self.others.load_state(state)
