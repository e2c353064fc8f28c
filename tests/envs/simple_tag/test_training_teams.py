"""Teams that are drawn for each training episode, and arenas of another size."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from marl.core.records import Observation
from marl.envs.simple_tag.config import SimpleTagConfig
from marl.envs.simple_tag.environment import SimpleTag
from marl.envs.simple_tag.rewards import contacts_of, prey_reward
from marl.envs.simple_tag.task import task

COPIES = 600
PREY_LEARN = {"side": "prey", "team": {"P": 1}, "classes": {"P": ["predators:2"]}}


def make(num_copies: int = COPIES, training: bool = True, **settings: Any) -> SimpleTag:
    config = SimpleTagConfig.model_validate({"prey": "flee", "max_cycles": 3, **settings})
    made = task.make(config, num_copies, training=training)
    assert isinstance(made, SimpleTag)
    return made


def stay(tag: SimpleTag) -> dict[str, Tensor]:
    return {name: torch.zeros(tag.num_copies, tag.roster.team[name], dtype=torch.long) for name in tag.roster.slices}


def counts(observation: Observation) -> list[tuple[int, ...]]:
    """Numbers of A and B that are present in each copy; four places each."""
    return [(int(alive[:4].sum()), int(alive[4:].sum())) for alive in observation.alive]


def test_each_episode_draws_one_of_the_teams_and_keeps_it() -> None:
    teams = [{"A": 4, "B": 1}, {"A": 1, "B": 4}, {"B": 2}]
    tag = make(training_teams=teams)
    seen = counts(tag.reset(0))
    # three equally likely teams over 600 copies: 200 each, standard deviation 11.5
    for team in ((4, 1), (1, 4), (0, 2)):
        assert abs(seen.count(team) - 200) < 50
    for time in range(3):
        step = tag.step(stay(tag))
        alive = step.next_observation.alive
        assert counts(step.next_observation) == seen
        assert step.terminated.equal(~alive)
        assert step.truncated.equal(alive & (time == 2))
        assert not step.reward[~alive].any()
        assert step.ended.all() == (time == 2)
    again = counts(step.observation)
    assert set(again) == set(seen)
    # a copy keeps its team by chance only: one in three; standard error 11.5
    assert abs(sum(a == b for a, b in zip(seen, again, strict=True)) - 200) < 50


def test_copies_whose_episode_goes_on_keep_their_team() -> None:
    tag = make(max_cycles=5, training_teams={"A": [1, 4], "B": [1, 4]})
    tag.reset(0)
    state = tag.state()
    state["clock"][: COPIES // 2] = 4
    tag.load_state(state)
    step = tag.step(stay(tag))
    assert step.ended.tolist() == [True] * (COPIES // 2) + [False] * (COPIES // 2)
    before, after = counts(step.next_observation), counts(step.observation)
    assert before[COPIES // 2 :] == after[COPIES // 2 :]
    assert before[: COPIES // 2] != after[: COPIES // 2]
    # who was absent has a place now
    fresh = step.observation.alive[: COPIES // 2] & ~step.next_observation.alive[: COPIES // 2]
    assert (tag.world.predator_position[: COPIES // 2][fresh] != 0).all()


def test_evaluation_plays_the_team_that_is_named() -> None:
    tag = make(training=False, team={"A": 1, "B": 2}, training_teams={"A": [1, 4], "B": [1, 4]})
    assert tag.roster.team == {"A": 1, "B": 2}
    assert tag.reset(0).alive.all()


def test_worlds_of_one_team_are_drawn_as_before() -> None:
    fixed, named = make(4), make(4, training_teams=[{"A": 2, "B": 2}])
    fixed.reset(5)
    named.reset(5)
    assert fixed.world.position.equal(named.world.position)


def test_the_teams_are_kept_in_the_state() -> None:
    options = {"training_teams": {"A": [1, 4], "B": [1, 4]}}
    made, other = make(8, **options), make(8, **options)
    made.reset(0)
    other.reset(1)
    other.load_state(made.state())
    for _ in range(7):
        mine, its = made.step(stay(made)), other.step(stay(other))
        assert mine.observation.alive.equal(its.observation.alive)
        assert made.world.position.equal(other.world.position)  # who collides was restored, too


def test_an_arena_spreads_everything_and_moves_the_border() -> None:
    small, large = make(training=False, num_obstacles=1), make(training=False, num_obstacles=1, arena=3.0)
    small.reset(0)
    large.reset(0)
    torch.testing.assert_close(large.world.position, 3 * small.world.position)
    assert large.scene().extent == 3.0
    # a prey at 0.9 of the border and a far predator on its inner side: it would leave 0.9, not 2.7
    for tag, leaves in (
        (make(1, training=False, team={"B": 1}), False),
        (make(1, False, team={"B": 1}, arena=3), True),
    ):
        position = torch.tensor([[[0.2, 0.0], [0.88, 0.0], [-3.0, -3.0], [-3.0, -3.0]]])
        tag.set_world(position, torch.zeros(1, 2, 2))
        tag.step(stay(tag))
        assert (tag.world.velocity[0, 1, 0] > 0) == leaves


def test_the_penalty_of_leaving_grows_from_the_arena_border() -> None:
    tag = make(1, training=False, arena=2.0)
    position = torch.zeros(1, 7, 2)
    position[0, 4] = torch.tensor([1.9, 0.0])
    tag.set_world(position, torch.zeros(1, 5, 2))
    # 0.95 of the border, as far as mpe2's 0.95: (0.95 - 0.9) * 10
    torch.testing.assert_close(prey_reward(tag.world, contacts_of(tag.world)), torch.tensor([[-0.5]]))
