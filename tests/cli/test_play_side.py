from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Cli = Callable[..., tuple[int, str, str]]


def test_a_page_is_served_on_which_the_prey_is_steered(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []

    def serve(page: str, hear: Callable[[dict[str, Any]], str], play: Any, port: int | None) -> int:
        served.extend([page, hear({"do": "steer", "way": "up", "number": 1}), play.__self__.seed, port])
        return 7

    monkeypatch.setattr("marl.cli.page.serve", serve)
    given = ("--web", "--play", "prey=human", "predator_team", "--max-cycles", 5, "--seed", 3, "--port", 8123)
    assert cli("play", *given)[0] == 7
    assert "prey by hand against predator_team (2 A, 2 B)" in served[0] and served[1:] == ["", 3, 8123]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("predator_team --play prey=human", "--play is for a page on which a person steers; add --web"),
        (
            "predator_team --web --play prey=random",
            "--play gives 0 sides to a person; give one, e.g. --play prey=human",
        ),
        ("predator_team --web --play prey=human --play A=human", "--play gives 2 sides to a person"),
        ("predator_team --web --play A=human", "--play A=human: predators are played by predator_team; a person can s"),
        ("predator_team --web --play prey=human --task CartPole-v1", "--task is CartPole-v1, but predator_team plays"),
        ("predator_team first --web --play prey=human", "which has neither players, --opening nor --view"),
        ("nowhere --web --play prey=human", "nowhere"),
        ("tic_tac_toe human rules --web --max-cycles 5", "settings of an environment are for steering in it; add --pl"),
        ("predator_team --web --play prey=human --backend pettingzoo", "prey cannot be steered in "),
    ],
)
def test_what_cannot_be_steered_is_refused(arguments: str, error: str, cli: Cli) -> None:
    status, _, err = cli("play", *arguments.split())
    assert status == 2 and error in err
