from __future__ import annotations

from written_moves import played

from marl.envs.games.three_marks import ThreeMarks


def test_in_three_marks_the_third_of_a_line_wins_and_four_cells_are_too_wide() -> None:
    position = played(ThreeMarks(), "1,5,9,2,6,10,3")
    assert position.returns == (1.0, -0.5, -0.5)
    assert played(ThreeMarks(), "16,1,5,15,2,6,8,3").returns == (-0.5, 1.0, -0.5)
    assert not played(ThreeMarks(), "3,10,16,4,12,15,5").over  # cells 3, 4 and 5 turn a corner
