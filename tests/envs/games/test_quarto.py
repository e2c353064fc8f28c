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
    assert Quarto().play(11).caption == "to be placed: p11"


def test_a_line_is_of_pieces_that_share_a_property() -> None:
    """Pieces 0, 1, 2 and 4 in the first row all lack the last property; 0, 7, 11 and 13 share none."""
    game = Quarto()
    for cell, piece in enumerate((0, 1, 2, 4)):
        assert game.line == ()
        game = game.play(piece).play(16 + cell)
    assert game.over and game.line == ((0, 0), (0, 1), (0, 2), (0, 3))
    assert game.marks() == {(0, 0): "0000", (0, 1): "0001", (0, 2): "0010", (0, 3): "0100"}


def test_pieces_are_beside_the_board_until_they_are_placed() -> None:
    chosen = Quarto().play(5)
    assert chosen.aside() == Quarto().aside() and len(chosen.aside()) == 16 == Quarto.aside_size
    assert chosen.aside()[5] == "0101"
    assert set(chosen.play(20).aside()) == set(range(16)) - {5}
