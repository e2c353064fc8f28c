from __future__ import annotations

import pytest
from written_moves import played

from marl.core.game import IllegalActionError
from marl.envs.games.connect_four import ConnectFour


def test_connect_four_is_won_in_every_direction() -> None:
    assert played(ConnectFour(), "1,2,1,2,1,2,1").returns == (1.0, -1.0)
    assert played(ConnectFour(), "1,1,2,2,3,3,4").returns == (1.0, -1.0)
    assert played(ConnectFour(), "1,2,2,3,3,4,3,4,4,7,4").returns == (1.0, -1.0)
    assert played(ConnectFour(), "7,6,6,5,5,4,5,4,4,1,4").returns == (1.0, -1.0)
    assert not played(ConnectFour(), "1,2,1,2,1,2").over
    full = played(ConnectFour(), "1,1,1,1,1,1")
    assert full.legal == (1, 2, 3, 4, 5, 6)
    with pytest.raises(IllegalActionError, match="the column is full; legal are 1, 2"):
        full.play(0)


def test_a_line_does_not_run_over_the_edge_of_the_board_of_connect_four() -> None:
    """Three at the top of a column and one at the foot of the next are not four in a line."""
    position = played(ConnectFour(), "1,1,1,1,7,1,2,1")
    assert not position.over
    assert [position.marks()[row, 0] for row in range(6)] == ["O", "O", "O", "X", "O", "X"]
