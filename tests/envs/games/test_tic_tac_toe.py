from __future__ import annotations

from written_moves import played

from marl.envs.games.tic_tac_toe import TicTacToe


def test_tic_tac_toe_is_won_in_every_line_and_drawn_without() -> None:
    for line in ("1 2 3", "4 5 6", "7 8 9", "1 4 7", "2 5 8", "3 6 9", "1 5 9", "3 5 7"):
        a, b, c = line.split()
        x, y = [str(n) for n in range(1, 10) if str(n) not in (a, b, c)][:2]
        assert played(TicTacToe(), f"{a},{x},{b},{y},{c}").returns == (1.0, -1.0)
    assert played(TicTacToe(), "1,2,3,5,4,6,8,7,9").returns == (0.0, 0.0)
