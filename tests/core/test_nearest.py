from __future__ import annotations

import pytest

from marl.core.nearest import did_you_mean


@pytest.mark.parametrize(
    ("word", "question"),
    [
        ("trian", "did you mean train? "),
        ("EVALUATE", "did you mean evaluate? "),
        ("ren", "did you mean render? "),
        ("xyz", ""),
    ],
)
def test_the_nearest_names_are_asked_for(word: str, question: str) -> None:
    assert did_you_mean(word, ["train", "evaluate", "render"]) == question


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("--algorithm.lr", "--algorithm.learning-rate"),
        ("--lr", "--algorithm.learning-rate"),
        ("algorithm.learning_rte", "--algorithm.learning-rate"),
        ("--gama", "--algorithm.gamma"),
        ("--policy.critic.hiden", "--policy.critic.hidden or --policy.encoder.hidden"),
        ("--policy.encoder.hiden", "--policy.encoder.hidden or --policy.critic.hidden"),
        ("--sed", "--seed"),
    ],
)
def test_of_dotted_names_the_last_part_decides(word: str, nearest: str) -> None:
    """An abbreviation by initials is that name; the rest of a name ranks those whose last part is the same."""
    options = "algorithm.name algorithm.learning-rate algorithm.gamma policy.critic.hidden policy.encoder.hidden seed"
    assert did_you_mean(word, [f"--{name}" for name in options.split()]) == f"did you mean {nearest}? "
