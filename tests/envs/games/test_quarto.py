from __future__ import annotations

import pytest
from written_moves import played

from marl.core.game import IllegalActionError
from marl.envs.games.quarto import Quarto


def test_in_quarto_who_places_chooses_next_and_a_shared_property_wins() -> None:
    position = Quarto()
    movers = []
    for word in ["p1", "1", "p3", "2", "p5", "3", "p7", "4"]:
        movers.append(position.mover)
        position = position.play(position.read(word))
    assert movers == [0, 1, 1, 0, 0, 1, 1, 0]
    assert position.over  # 1, 3, 5 and 7 are all odd
    assert position.returns == (1.0, -1.0)


def test_in_quarto_lacking_the_same_property_wins_too_and_a_mixed_line_does_not() -> None:
    assert played(Quarto(), "p0,1,p2,2,p4,3,p6,4").over  # none is odd
    assert not played(Quarto(), "p1,1,p2,2,p4,3,p15,4").over


def test_in_quarto_phases_are_kept_apart() -> None:
    with pytest.raises(IllegalActionError, match="a piece is to be chosen"):
        Quarto().play(16)
    with pytest.raises(IllegalActionError, match="the chosen piece is to be placed"):
        Quarto().play(3).play(4)
    with pytest.raises(IllegalActionError, match="the piece was chosen before"):
        Quarto().play(3).play(16).play(3)
    with pytest.raises(IllegalActionError, match="the cell is taken"):
        Quarto().play(3).play(16).play(4).play(16)


def test_the_caption_names_the_piece_to_be_placed() -> None:
    assert Quarto().caption == "a piece is to be chosen"
    assert Quarto().play(11).caption == "to be placed: 11"
