from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from marl.core.records import Observation, Rollout
from marl.core.roster import Roster
from marl.core.selection import Selection, class_sizes


def test_the_selected_agents_see_their_own_part(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    """The team is A0 A1 B0 B1 B2, then two things; A1, B0 and B2 are selected."""
    whole = make_observation(make_roster(2, 3), 4)
    whole = replace(whole, alive=torch.tensor([[True, True, False, True, True]] * 4))
    agents = Selection(class_sizes(whole), {"B": [2, 0], "A": [1]})
    part = agents.observation(whole)
    picked = [1, 2, 4]
    assert class_sizes(part) == {"A": 1, "B": 2}
    assert part.features["B"].equal(whole.features["B"][:, [0, 2]])
    assert part.alive.equal(whole.alive[:, picked])
    assert whole.adjacency is not None and part.adjacency is not None
    assert part.adjacency.equal(whole.adjacency[:, picked][:, :, picked])
    assert whole.entities is not None and part.entities is not None
    # a critic finds the selected first; B0 has left, so nobody else may count it as there either
    assert part.entities.equal(whole.entities[:, [1, 2, 4, 0, 3, 5, 6]])
    assert part.present_entities[0].tolist() == [True, False, True, True, True, True, True]


def test_a_class_that_is_left_out_is_not_there(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    whole = make_observation(make_roster(2, 3), 4)
    part = Selection(class_sizes(whole), {"B": range(3)}).observation(whole)
    assert list(part.features) == ["B"]
    assert part.alive.shape == (4, 3)


def test_a_critic_is_given_what_the_others_see(
    make_roster: Callable[..., Roster], make_observation: Callable[..., Observation]
) -> None:
    whole = make_observation(make_roster(2, 3), 4)
    whole = replace(whole, alive=torch.tensor([[True, False, True, True, True]] * 4))
    agents = Selection(class_sizes(whole), {"B": [0, 1, 2]})
    part = agents.observation(whole, ["A"])
    assert part.others is not None
    assert part.others.features["A"].equal(whole.features["A"])
    assert part.others.alive.tolist() == [[True, False]] * 4
    assert agents.observation(whole).others is None


def test_images_of_successors_are_those_of_the_selected_agents(as_rollout: Callable[..., Rollout]) -> None:
    """One copy, three steps: A leaves at the first, B never; the rollout keeps A's successor and the last."""
    alive = torch.tensor([[[True, True]], [[False, True]], [[False, True]]])
    zeros = {name: torch.zeros(3, 1, 1, 1) for name in "AB"}
    observation = Observation(zeros, alive)
    gone = torch.tensor([[[True, False]]] * 3)
    images = {
        name: torch.tensor([[first], [last]]).view(2, 1, 1, 1, 1) for name, first, last in (("A", 1, 2), ("B", 3, 4))
    }
    whole = as_rollout(observation, terminated=gone, last_images=images)
    assert whole.closing.flatten().tolist() == [True, False, True]
    sizes = {"A": 1, "B": 1}

    def of(name: str) -> Any:
        part = Selection(sizes, {name: [0]}).rollout(whole, None)
        assert part.last_images is not None
        return part.last_images[name].flatten().tolist()

    assert of("A") == [1, 2]
    assert of("B") == [4]
