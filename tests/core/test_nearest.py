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
