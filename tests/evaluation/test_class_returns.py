from __future__ import annotations

import numpy as np
import pytest
from leaving import Still, Written

from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.scene import Scene
from marl.evaluation.episodes import play_episodes, record_episode
from marl.evaluation.evaluate import evaluate

PAID = ((1.0, 2.0, 9.0, 9.0), (1.0, 1.0, 1.0, 1.0), (9.0, 9.0, 5.0, 5.0), (9.0, 9.0, 9.0, 9.0))


class Skirmish(Written):
    """X dies after two steps with 1 + 2, one Y gets 4, one joins late and gets 10, Z never comes."""

    def __init__(self, num_copies: int = 1) -> None:
        super().__init__(("xx", "xxxx", "--xx", "----"), ("dies",) * 4, PAID)
        kinds = tuple(AgentClass(name, self.width, ActionSpec("discrete", 2)) for name in "XYZ")
        self.roster = Roster(kinds, (1, 2, 1))

    def scene(self, copy: int = 0, at_end: bool = False) -> Scene:
        return Scene((), (), (), None, 1.0)


def test_returns_are_over_the_agents_that_took_part_while_they_did() -> None:
    table = play_episodes(Skirmish, Still(), episodes=3, seed=0)  # type: ignore[arg-type]
    assert table.length.tolist() == [4] * 3
    assert table.agent_return == pytest.approx([(3 + 4 + 10) / 3] * 3)
    assert table.class_returns["X"].tolist() == [3] * 3
    assert table.class_returns["Y"].tolist() == [7] * 3
    assert np.isnan(table.class_returns["Z"]).all()


def test_scores_of_a_recorded_episode_are_over_those_that_took_part_so_far() -> None:
    scores = record_episode(Skirmish(), Still(), 0, lambda scene: None)  # type: ignore[arg-type]
    assert scores == pytest.approx([0, 2 / 2, 5 / 2, 11 / 3, 17 / 3])


def test_each_of_several_classes_has_its_return_even_if_it_is_called_as_all_are() -> None:
    settings = {"name": "meeting", "classes": {"walker": ["landmark"], "B": ["target"]}, "team": "walker=1,B=1"}
    result = evaluate(policy="random", settings=settings, episodes=3)
    whole = result["return_per_walker"]
    for name in ("class_walker", "B"):  # a contact pays both
        assert result[f"return_per_{name}"] == {"mean": whole["mean"], "ci95": whole["ci95"]}
    alone = evaluate(policy="random", settings={**settings, "team": "walker=2"}, episodes=3)
    assert [name for name in alone if name.startswith("return_per_")] == ["return_per_walker"]
