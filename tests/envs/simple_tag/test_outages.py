"""Links that fail for several steps, in both simulators: in play too, seen in the picture, resumed bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from marl.core.serialisation import load_state, save_state
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.links import EpisodeLinks, of_each_side
from marl.envs.simple_tag.task import task
from marl.wrappers.rules.message_graph import MessageGraph

OUTAGE = {"range": None, "outage": 0.6, "outage_steps": 5.0}
BOTH = {
    "classes": {"A": ("prey",), "P": ("predators",)},
    "team": {"A": 3, "P": 2},
    "sides": {"hunters": ("A",), "prey": ("P",)},
}
SIDES: dict[str, dict[str, Any]] = {
    "predators": {},
    "prey": {"side": "prey", "classes": {"P": ("predators",)}, "team": {"P": 4}},
    "both": BOTH,
    "mpe2": {"backend": "pettingzoo"},
}


def make(num_copies: int, training: bool = False, links: dict[str, Any] = OUTAGE, **more: Any) -> Any:
    settings = {"name": "simple_tag", "max_cycles": 30, "communication": links, **more}
    return task.make(SimpleTagConfig.model_validate(settings), num_copies, training)


def still(tag: Any) -> dict[str, Tensor]:
    sizes = {name: agents.stop - agents.start for name, agents in tag.roster.slices.items()}
    return {name: torch.zeros(tag.num_copies, size, dtype=torch.long) for name, size in sizes.items()}


def heard(tag: Any, steps: int, seed: int = 3) -> Tensor:
    """Links after a reset and each step, ``[T + 1, B, N, N]``."""
    links = [tag.reset(seed).adjacency]
    return torch.stack([*links, *(tag.step(still(tag)).next_observation.adjacency for _ in range(steps))])


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", SIDES)
def test_links_fail_for_several_steps_in_training_and_in_play(name: str, training: bool) -> None:
    tag = make(40, training, **SIDES[name])
    talking = make(1, links={"range": None}, **SIDES[name]).reset(0).adjacency[0]
    seen = heard(tag, 29)
    assert not seen[..., ~talking].any()
    assert seen.equal(seen.mT)
    up = seen[..., talking.triu()]
    # 160 pairs or more, about 30 / 5 changes each: standard error of a share about 0.013
    assert up.float().mean().item() == pytest.approx(0.4, abs=0.06)
    assert (~up[:-1] & up[1:]).sum().item() / (~up[:-1]).sum().item() == pytest.approx(0.2, abs=0.03)
    tag.close()


@pytest.mark.parametrize("name", SIDES)
def test_a_picture_shows_the_links_that_hold(name: str) -> None:
    """Before and after the step at which an episode ends, too; prey come after their four predators."""
    tag, first = make(2, max_cycles=5, **SIDES[name]), 4 if name == "prey" else 0

    def pairs(links: Tensor) -> set[tuple[int, int]]:
        return {(first + i, first + j) for i, j in links[1].nonzero().tolist()}

    tag.reset(1)
    for time in range(12):
        step = tag.step(still(tag))
        assert set(tag.scene(1).links) == pairs(step.observation.adjacency)
        if time % 5 == 4:
            assert set(tag.scene(1, at_end=True).links) == pairs(step.next_observation.adjacency)
        if name != "mpe2":
            assert tag.observe().adjacency.equal(step.observation.adjacency)
    tag.close()


@pytest.mark.parametrize("name", SIDES)
def test_a_loaded_state_goes_on_bit_for_bit(name: str, tmp_path: Path) -> None:
    tag, other = (make(2, True, {**OUTAGE, "link_loss": 0.1}, **SIDES[name]) for _ in range(2))
    heard(tag, 20)
    save_state(tmp_path, "env", tag.state())
    state = load_state(tmp_path, "env")
    expected = [tag.step(still(tag)) for _ in range(20)]
    other.reset(99)
    other.load_state(state)
    for step in expected:
        again = other.step(still(other))
        assert again.next_observation.adjacency.equal(step.next_observation.adjacency)
        assert again.observation.adjacency.equal(step.observation.adjacency)
    tag.close()
    other.close()


def test_a_run_of_before_goes_on() -> None:
    """It was saved when there were no outages."""
    tag = make(1, links={"range": 1.0})
    tag.reset(0)
    state = tag.state()
    del state["down"]
    tag.load_state(state)
    assert tag.step(still(tag)).next_observation.adjacency is not None


def test_only_copies_that_begin_draw_anew() -> None:
    graph = MessageGraph(link_loss=(0.0, 0.5), outage=0.5)
    links, generator = EpisodeLinks(graph, 400, 3, training=True), torch.Generator().manual_seed(0)
    links.begin(torch.ones(400, dtype=torch.bool), generator)
    episode, down = links.episode, links.down
    assert episode is not None and down is not None
    begins = torch.arange(400) < 200
    links.begin(begins, generator)
    assert links.episode is not None and links.down is not None
    assert (links.episode[:, 1] == episode[:, 1]).equal(~begins)
    assert links.down[~begins].equal(down[~begins])
    # three pairs stay as they were by chance in an eighth of the copies
    assert not links.down[begins].equal(down[begins])


def test_parts_of_each_side_by_hand() -> None:
    down = torch.arange(9).view(1, 3, 3)
    first, second = of_each_side(down, (1, 2))
    assert first is not None and second is not None
    assert (first.tolist(), second.tolist()) == ([[[0]]], [[[4, 5], [7, 8]]])
    assert of_each_side(None, (1, 2)) == [None, None]
