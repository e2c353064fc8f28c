"""The tests' own environment keeps what a `TaskEnvironment` promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from meeting import Meeting, task
from meeting_config import CommunicationConfig, MeetingConfig
from torch.testing import assert_close

from marl.core.records import Step

STAY = {"A": torch.tensor([[0]]), "B": torch.tensor([[0]])}


def play(meeting: Meeting, steps: int) -> list[Step]:
    """Random steps, the same in every call."""
    generator, team = torch.Generator().manual_seed(0), meeting.roster.team.items()
    draw = lambda n: torch.randint(5, (meeting.num_copies, n), generator=generator)  # noqa: E731
    return [meeting.step({name: draw(n) for name, n in team if n}) for _ in range(steps)]


def test_a_step_by_hand() -> None:
    """B starts at the target and A two units to the right of it, at speed 0.4 to the left; A pushes up, B stays."""
    meeting = Meeting(MeetingConfig(team={"A": 1, "B": 1}, target="still"), 1)
    meeting.reset(0)
    position = torch.tensor([[[1.0, 0.0], [-1.0, 0.0], [0.5, 0.5], [-1.0, 0.0]]])
    velocity = torch.tensor([[[-0.4, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    seen = meeting.place(position, velocity)
    assert seen.features["A"].tolist() == [[pytest.approx([1, 0, -0.4, 0, -0.5, 0.5])]]
    assert seen.features["B"].tolist() == [[[-1, 0, 0, 0, 0, 0]]]
    assert seen.auxiliary_target is not None
    assert seen.auxiliary_target.tolist() == [[[-2, 0], [0, 0]]]
    step = meeting.step({**STAY, "A": torch.tensor([[4]])})
    assert_close(step.observation.features["A"], torch.tensor([[[0.98, 0.05, -0.2, 0.5, -0.48, 0.45]]]))
    assert step.info["contacts"].tolist() == [[0, 1]]
    assert step.reward.tolist() == [[10, 10]]
    assert step.earned is not None
    assert step.earned.tolist() == [[0, 10]]
    assert step.info["links"].tolist() == [[0, 0]]  # too far apart


def test_an_episode_is_cut_and_begins_again_behind_its_true_successor(make_meeting: Callable[..., Meeting]) -> None:
    meeting = make_meeting({"A": 1, "B": 1}, max_cycles=3)
    meeting.reset(0)
    steps = play(meeting, 6)
    assert [bool(step.truncated.all()) for step in steps] == [False, False, True] * 2
    assert not any(step.terminated.any() for step in steps)
    for step, ended in zip(steps, [False, False, True] * 2, strict=True):
        before, after = (observation.kinematics for observation in (step.next_observation, step.observation))
        assert before is not None and after is not None
        assert before.equal(after) != ended
        assert not ended or not after[..., 2:].any()  # everybody begins at rest


def test_teams_are_drawn_for_each_episode_and_links_lost_in_training_only() -> None:
    teams = ({"A": 2, "B": 1}, {"A": 1, "B": 2})
    links = CommunicationConfig(range=9.0, link_loss=0.5)
    config = MeetingConfig(training_teams=teams, communication=links, max_cycles=3)
    seen = Meeting(config, 50).reset(0)
    rows = {tuple(row) for row in seen.alive.int().tolist()}
    assert rows == {(1, 1, 1, 0), (1, 0, 1, 1)}
    assert seen.adjacency is not None
    assert 0.4 < seen.adjacency.sum() / (50 * 6) < 0.6
    assert seen.adjacency.equal(seen.adjacency.mT)
    fair = task.make(config, 50).reset(0)
    assert fair.alive.all()
    assert fair.adjacency is not None
    assert fair.adjacency.sum() == 50 * 12


def test_a_seed_repeats_and_a_state_goes_on_bit_for_bit() -> None:
    links = CommunicationConfig(link_loss=0.3)
    teams = ({"A": 2, "B": 2}, {"A": 1, "B": 2})
    config = MeetingConfig(training_teams=teams, communication=links, slow_episodes=6, max_cycles=4)
    one, same, other = (Meeting(config, 3) for _ in range(3))
    first = one.reset(7)
    assert first.entities is not None
    for meeting, seed, equal in ((same, 7, True), (other, 8, False)):
        entities = meeting.reset(seed).entities
        assert entities is not None
        assert entities.equal(first.entities) == equal
    play(one, 6)
    state = one.state()
    assert state is not None
    expected = play(one, 6)
    other.load_state(state)
    for ours, theirs in zip(play(other, 6), expected, strict=True):
        for name in ("entities", "adjacency", "alive"):
            assert getattr(ours.observation, name).equal(getattr(theirs.observation, name))
    assert (one.metrics, other.metrics) == ({"curriculum/stage": 2.0},) * 2


@pytest.mark.parametrize("continuous", [False, True])
def test_who_walks_to_the_target_meets_it_more_often_than_who_stays(continuous: bool) -> None:
    classes = {"A": ("target",), "B": ("target",)}
    config = MeetingConfig(classes=classes, continuous_actions=continuous, max_cycles=40, target="still")
    meeting = Meeting(config, 64)
    approach, seen, contacts = meeting.scripted()["approach"], meeting.reset(0), []
    for _ in range(40):
        step = meeting.step(approach(seen, meeting.generator))
        seen = step.observation
        contacts.append(float(step.info["contacts"].mean()))
    assert contacts[-1] > 0.5
    assert contacts[0] < 0.1
