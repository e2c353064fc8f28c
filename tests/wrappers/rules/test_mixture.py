from typing import Any

import pytest
import torch

from marl.wrappers.rules.mixture import Mixture
from marl.wrappers.rules.prey import Opponents
from marl.wrappers.rules.world import World


def world(copies: int) -> World:
    """One predator and two prey in each copy."""
    return World(torch.zeros(copies, 3, 2), torch.zeros(copies, 3, 2), torch.ones(copies, 1, dtype=torch.bool), 2)


class Always:
    """Opponents that do one thing and remember how long each copy's episode is."""

    def __init__(self, action: int, copies: int) -> None:
        self.action, self.age = action, torch.zeros(copies, dtype=torch.long)

    def __call__(self, world: World, generator: torch.Generator) -> torch.Tensor:
        self.age = self.age + 1
        return torch.full(world.prey_position.shape[:2], self.action)

    def begin(self, where: torch.Tensor, generator: torch.Generator) -> None:
        self.age = self.age * ~where

    def state(self) -> dict[str, Any]:
        return {"age": self.age}

    def load_state(self, state: dict[str, Any]) -> None:
        self.age = state["age"]


def begun(copies: int, seed: int = 0) -> tuple[Mixture, torch.Generator]:
    mixture, generator = Mixture([Always(action, copies) for action in (1, 3, 4)]), torch.Generator().manual_seed(seed)
    mixture.begin(torch.ones(copies, dtype=torch.bool), generator)
    return mixture, generator


def test_each_copy_has_one_of_them_drawn_evenly() -> None:
    mixture, generator = begun(3000)
    assert isinstance(mixture, Opponents)
    chosen = mixture(world(3000), generator)
    assert chosen.shape == (3000, 2)
    # both prey of a copy are played by the same
    assert chosen[:, 0].equal(chosen[:, 1])
    # a third each; standard error of a count: 26
    counts = chosen[:, 0].bincount(minlength=5)
    assert counts[[0, 2]].tolist() == [0, 0]
    assert (counts[[1, 3, 4]] - 1000).abs().max() < 110


def test_it_stays_for_an_episode_and_is_drawn_anew_for_the_next() -> None:
    mixture, generator = begun(400)
    first = mixture(world(400), generator)
    assert mixture(world(400), generator).equal(first)
    where = torch.arange(400) < 200
    mixture.begin(where, generator)
    second = mixture(world(400), generator)
    assert second[~where].equal(first[~where])
    # two of three draws give another; standard error 6.7
    assert 105 < int((second[where] != first[where])[:, 0].sum()) < 160
    # all of them are told
    for member in mixture.members:
        assert isinstance(member, Always)
        assert member.age.tolist() == [1] * 200 + [3] * 200


def test_functions_may_be_members() -> None:
    mixture = Mixture([lambda world, generator: torch.full((2, 2), 2)])
    mixture.begin(torch.tensor([True, True]), torch.Generator())
    assert mixture(world(2), torch.Generator()).tolist() == [[2, 2], [2, 2]]


def test_a_loaded_state_goes_on() -> None:
    mixture, generator = begun(50)
    other, _ = begun(50, seed=1)
    mixture(world(50), generator)
    assert not other(world(50), generator).equal(mixture(world(50), generator))
    other.load_state(mixture.state())
    assert other(world(50), generator).equal(mixture(world(50), generator))
    assert [member.age[0].item() for member in other.members] == [3, 3, 3]  # type: ignore[attr-defined]


def test_nobody_cannot_play() -> None:
    with pytest.raises(ValueError, match="a mixture of no opponents cannot play; give at least one"):
        Mixture([])
    with pytest.raises(RuntimeError, match="no opponents are drawn yet; begin an episode first"):
        Mixture([Always(0, 1)])(world(1), torch.Generator())
