from __future__ import annotations

import json

from marl.core.result import Result, html_table


def test_a_result_is_a_dict_that_shows_estimates_with_their_intervals() -> None:
    result = Result(
        team={"A": 2, "B": 1},
        episodes=30,
        contacts={"mean": 40.72519, "ci95": [40.0, 41.4]},
        alone={"mean": 1.0, "ci95": None},
    )
    assert json.loads(json.dumps(result)) == result
    assert result._repr_html_() == (
        "<table><tr><td>team</td><td>A: 2, B: 1</td></tr><tr><td>episodes</td><td>30</td></tr>"
        "<tr><td>contacts</td><td>40.73 [40, 41.4]</td></tr><tr><td>alone</td><td>1</td></tr></table>"
    )


def test_lists_of_rows_are_tables_of_their_own_before_the_settings() -> None:
    rows = [{"player": "<uct>", "elo": 35.0, "elo_ci95": [None, 60.5], "by_seat": {"won": 1}}, {"player": "first"}]
    assert Result(seed=1, players=rows)._repr_html_() == (
        "<p>players</p><table><tr><th>player</th><th>elo</th><th>elo_ci95</th></tr>"
        "<tr><td>&lt;uct&gt;</td><td>35</td><td>[…, 60.5]</td></tr>"
        "<tr><td>first</td><td></td><td></td></tr></table><table><tr><td>seed</td><td>1</td></tr></table>"
    )


def test_long_tables_and_lists_are_cut() -> None:
    assert html_table(("a", "b"), [(i, i) for i in range(1053)]).endswith(
        '<tr><td>49</td><td>49</td></tr><tr><td colspan="2">and 1,003 more</td></tr></table>'
    )
    assert Result(x=list(range(60)))._repr_html_().endswith(", 48, 49] and 10 more</td></tr></table>")
