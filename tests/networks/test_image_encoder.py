from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import ActionSpec, AgentClass, ImageSpec, Roster
from marl.networks.configs import EncoderConfig
from marl.networks.image_encoder import ImageEncoder

ACTION = ActionSpec("discrete", 2)


def encoder(image: tuple[int, int, int] = (3, 5, 6), agents: int = 2, **config: Any) -> ImageEncoder:
    """A class of agents with an image and two features, and one with three features."""
    classes = (AgentClass("A", 2, ACTION, images=(ImageSpec(image),)), AgentClass("B", 3, ACTION))
    return ImageEncoder(Roster(classes, (agents, 1)), EncoderConfig(hidden=(4, 8), **config))


def seen(images: Tensor) -> Observation:
    """Images ``[..., N_c, C, H, W]`` beside features of ones."""
    leading = images.shape[:-4]
    features = {"A": torch.ones(*images.shape[:-3], 2), "B": torch.ones(*leading, 1, 3)}
    alive = torch.ones(*leading, images.shape[-4] + 1, dtype=torch.bool)
    return Observation(features, alive, images={"A": images})


def shapes(made: ImageEncoder) -> list[tuple[int, ...]]:
    return [tuple(x.shape) for name, x in made.state_dict().items() if name.endswith("weight")]


def test_large_images_go_through_the_network_of_mnih_et_al() -> None:
    """84 x 84 become 20 x 20, 9 x 9 and 7 x 7 (Nature 518, methods, "Model architecture"): 3,136 numbers."""
    assert shapes(encoder((4, 84, 84))) == [(32, 4, 8, 8), (64, 32, 4, 4), (64, 64, 3, 3), (4, 64 * 7 * 7)]
    assert shapes(encoder((1, 36, 40))) == [(32, 1, 8, 8), (64, 32, 4, 4), (64, 64, 3, 3), (4, 64 * 1 * 1)]


def test_larger_images_are_averaged_over_squares() -> None:
    """280 x 480 in squares of 3 x 3 are 93 x 160: 22 x 39, 10 x 18 and 8 x 16."""
    made = encoder((3, 280, 480), agents=1)
    assert shapes(made)[-1] == (4, 64 * 8 * 16)
    fine = torch.rand(1, 1, 3, 280, 480)
    coarse = fine.unfold(-1, 3, 3).unfold(-3, 3, 3).mean((-1, -2))  # each square's mean
    coarse = torch.nn.functional.interpolate(coarse[0], scale_factor=3)[None]
    whole = torch.zeros_like(fine)
    whole[..., :279, :] = coarse
    codes = [made(seen(images)).features["A"] for images in (fine, whole)]
    assert_close(codes[0], codes[1])


def test_boards_keep_their_size() -> None:
    board = [(32, 2, 3, 3), (64, 32, 3, 3), (4, 64 * 6 * 7)]
    assert shapes(encoder((2, 6, 7))) == board
    assert shapes(encoder((2, 35, 40)))[-1] == (4, 64 * 35 * 40)
    assert shapes(encoder((2, 36, 36), cnn="board"))[-1] == (4, 64 * 36 * 36)


def test_images_too_small_for_the_network_asked_for_are_refused() -> None:
    with pytest.raises(ValueError, match=r"36 x 36 and more, and those of class 'A' have 35 x 40; use auto or board"):
        encoder((3, 35, 40), cnn="nature")


def test_the_code_of_an_image_follows_the_features_and_the_roster_says_so() -> None:
    made = encoder()
    read = made(seen(torch.randint(0, 255, (7, 3, 2, 3, 5, 6), dtype=torch.uint8)))
    assert {name: x.shape for name, x in read.features.items()} == {"A": (7, 3, 2, 6), "B": (7, 3, 1, 3)}
    assert read.features["A"][..., :2].eq(1).all()
    assert read.images is None
    assert [(c.width, c.images) for c in made.roster.classes] == [(6, ()), (3, ())]


def test_bytes_are_shares_of_255_and_other_numbers_are_what_they_are() -> None:
    made, images = encoder(), torch.randint(0, 100, (2, 2, 3, 5, 6), dtype=torch.uint8)
    code = made(seen(images)).features["A"]
    assert_close(code, made(seen(images / 255)).features["A"])
    assert_close(made(seen(images.to(torch.int8))).features["A"], made(seen(images.float())).features["A"])
    assert_close(made(seen(images > 50)).features["A"], made(seen((images > 50).float())).features["A"])


def test_gradients_reach_every_layer() -> None:
    made = encoder((3, 40, 36))
    made(seen(torch.rand(2, 2, 3, 40, 36))).features["A"].square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in made.parameters())


def test_a_team_of_any_size_is_read_and_the_parts_are_those_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made, images = encoder(), torch.rand(4, 5, 3, 5, 6)
    whole = made(seen(images)).features["A"]
    for row in range(4):
        for agent in range(5):
            assert_close(made(seen(images[row, agent][None])).features["A"][0], whole[row, agent])
    monkeypatch.setattr("marl.networks.image_encoder.AT_ONCE", 3 * 3 * 5 * 6)
    with torch.no_grad():
        assert_close(made(seen(images)).features["A"], whole)


def test_agents_with_parameters_of_their_own_read_with_networks_of_their_own() -> None:
    """With two trained, agents 0, 2 and 4 have the first's and 1 and 3 the second's."""
    made, images = encoder(sharing="agent"), torch.rand(1, 3, 5, 6).expand(2, 5, -1, -1, -1)
    code = made(seen(images)).features["A"][0]
    assert_close(code[[0, 1, 0, 1, 0]], code)
    assert not torch.equal(code[0], code[1])


def test_a_team_without_images_has_no_parameters_and_is_left_as_it_is() -> None:
    roster = Roster((AgentClass("A", 2, ACTION),), (2,))
    made = ImageEncoder(roster, EncoderConfig())
    observation = Observation({"A": torch.ones(2, 2)}, torch.ones(2, dtype=torch.bool))
    assert made(observation) is observation
    assert not made.state_dict()
    assert made.roster == roster
