import pytest

from marl.wrappers.rules.sights import Sight, read_sight


def test_sights_are_read() -> None:
    assert read_sight("prey") == Sight("prey", None)
    assert read_sight("teammates:12") == Sight("teammates", 12)
    assert read_sight("prey:1@0.4") == Sight("prey", 1, 0.4)
    assert read_sight("prey:2@3") == Sight("prey", 2, 3.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("walls", "'walls'; what can be seen is landmarks, prey, predators, teammates"),
        ("walls:2", "'walls:2'; what can be seen is landmarks"),
        ("prey:0", "'prey:0'; write prey for all, or prey:4 for the nearest four"),
        ("prey:4097", "'prey:4097'; write prey for all, or prey:4 for the nearest four"),
        ("prey:" + "9" * 5000, "write prey for all, or prey:4 for the nearest four"),
        ("prey:-1", "'prey:-1'; write prey for all"),
        ("prey:", "'prey:'; write prey for all"),
        ("prey@0.4", "'prey@0.4'; write prey for all, .*, or prey:4@0.8 for those of them that are within 0.8"),
        ("prey:1@", "'prey:1@'; write a distance above 0 after the @, e.g. prey:1@0.8"),
        ("prey:1@0.0", "write a distance above 0 after the @"),
        ("prey:1@-1", "write a distance above 0 after the @"),
        ("prey:1@nan", "write a distance above 0 after the @"),
        ("landmarks:2.5", "'landmarks:2.5'; write landmarks for all, or landmarks:4"),
    ],
)
def test_what_is_no_sight_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_sight(text)


def test_layouts_by_hand() -> None:
    # a position of a landmark, position and velocity of all else; with a count a presence too, whatever there is
    assert Sight("landmarks").layout(3) == (2, 2, 2)
    assert Sight("prey").layout(2) == (2, 2, 2, 2)
    assert Sight("teammates").layout(0) == ()
    assert Sight("landmarks", 2).layout(0) == Sight("landmarks", 2).layout(7) == (2, 1, 2, 1)
    assert Sight("predators", 2).layout(7) == Sight("predators", 2, 0.4).layout(7) == (2, 2, 1, 2, 2, 1)
