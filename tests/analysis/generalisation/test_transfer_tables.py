from __future__ import annotations

from dataclasses import replace

from made_up_report import made_up

from marl.analysis.generalisation.transfer_tables import transfer_markdown


def test_each_prey_has_its_scores_ratios_and_probabilities_of_improvement() -> None:
    """Scores count up in steps of one; cells in the order of the report."""
    text = transfer_markdown(replace(made_up(), notes=("one seed says little",)))
    lines = text.splitlines()
    assert lines[0] == "# contacts per episode"
    assert "500 episodes for each seed and cell, seed 0." in lines[2]
    flee, random = text.split("## Prey ")[1:]
    assert flee.startswith("flee, arena fixed") and random.startswith("random, arena fixed")
    assert "| contacts per episode | seeds | 4+4 | 1+1 | 3+1 |" in flee
    assert "| team | 3 | 0.0 [-1.0, 1.0] | 3.0 [2.0, 4.0] | 6.0 [5.0, 7.0] |" in flee
    assert "| chase | - | 3.0 [2.0, 4.0]\\* | 6.0 [5.0, 7.0]\\* | 9.0 [8.0, 10.0]\\* |" in flee
    assert "| team | 0.50 [0.40, 0.60] | - | - | 0.50 [0.40, 0.60] |" in random
    assert "| probability of improvement over | natives |\n| --- | --- |\n| team | 0.25 [0.10, 0.60] |" in random
    assert lines[-1] == "- one seed says little"


def test_without_natives_there_are_only_scores() -> None:
    bare = replace(made_up(("still",)), comparisons=(), aggregates=(), improvements=(), profiles=())
    text = transfer_markdown(bare)
    assert [word for word in ("ratio to", "improvement") if word in text] == []
    assert text.count("| contacts per episode |") == 1
