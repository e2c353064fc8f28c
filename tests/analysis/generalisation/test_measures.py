from __future__ import annotations

from typing import Any

import pytest
from small_transfer import LARGE, SMALL, Run, plan, small_report, table

from marl.analysis.generalisation.arms import Arm
from marl.analysis.generalisation.measures import measures_of, transfer_report
from marl.analysis.generalisation.records import Contestant, Protocol
from marl.analysis.generalisation.transfer_report import GeneralisationReport


@pytest.fixture(scope="module")
def report() -> GeneralisationReport:
    return small_report()


def test_measures_of_episodes_by_hand() -> None:
    measures = measures_of(plan(), table(6, 0, 3), agents=3)
    assert {name: values.tolist() for name, values in measures.items()} == {
        "contacts_per_episode": [6, 0, 3],
        "contacts_per_predator": [2, 0, 1],
        "share_with_contact": [1, 0, 1],
        "first_contact_step": [60, 30],
    }


def test_without_events_the_score_is_the_return() -> None:
    measures = measures_of(plan(events={}), table(6, 0), agents=3)
    assert {name: values.tolist() for name, values in measures.items()} == {"return_per_predator": [-6, 0]}


def test_results_are_means_over_episodes_and_then_over_seeds(report: GeneralisationReport) -> None:
    """The first seed of x touches nobody at 1+1, so that the step of its first contact cannot be given."""
    rows = {(row.place.policy, row.place.composition): row for row in report.results}
    assert list(rows) == [(policy, size) for size in ("1+1", "3+1") for policy in ("x", "native 3+1", "chase")]
    assert (rows["x", "3+1"].team, rows["x", "3+1"].place.agents) == ("A=3,B=1", 4)
    score = rows["x", "3+1"].measures["contacts_per_episode"]
    assert (score.per_seed, score.mean, score.estimate.value) == ((3.0, 6.0), 4.5, 4.5)
    assert (score.estimate.over, score.estimate.counts) == ("seeds", {"seeds": 2})
    first = rows["x", "1+1"].measures["first_contact_step"]
    assert (first.per_seed, first.mean, first.estimate.value) == ((None, 20.0), 20.0, 20.0)
    chase = rows["chase", "3+1"].measures["contacts_per_episode"]
    assert (chase.estimate.value, chase.estimate.over, chase.estimate.counts) == (10.0, "episodes", {})


def test_comparisons_are_with_the_natives_of_the_cell(report: GeneralisationReport) -> None:
    """Natives of 3+1 score 4 and 16, 10 in the mean; of the seeds of x one beats one of them."""
    assert [(c.place.policy, c.place.composition, c.native) for c in report.comparisons] == [
        ("x", "3+1", "native 3+1"),
        ("chase", "3+1", "native 3+1"),
    ]
    frozen, chase = report.comparisons
    assert frozen.ratio.value == pytest.approx(0.45)
    assert frozen.probability_of_improvement is not None
    assert frozen.probability_of_improvement.value == 0.25
    assert not frozen.seen_in_training
    assert chase.ratio.value == 1.0
    assert chase.probability_of_improvement is None


def test_aggregates_are_over_cells_with_natives_and_over_those_not_trained_at() -> None:
    """x scores 0 and 2 at 1+1, where natives score 4: quotients 0, 0.5 there, 0.3, 0.6 at 3+1."""
    both = plan()
    small: Any = Run(dict(SMALL.team))
    both.contestants.append(Contestant("native 1+1", "native", Arm("native 1+1", (small, small))))
    both.evaluations |= {("native 1+1", SMALL): [table(4), table(4)], ("native 1+1", LARGE): [table(1), table(1)]}  # type: ignore[list-item]
    every, unseen = transfer_report(both, lambda evaluation: evaluation, Protocol()).aggregates  # type: ignore[arg-type, return-value]
    assert (every.policy, every.over, every.compositions) == ("x", "all cells with natives", ("1+1", "3+1"))
    assert every.normalised_score.value == pytest.approx(0.4)  # mean of the two middle ones of the four
    assert (unseen.over, unseen.compositions) == ("those not trained at", ("3+1",))
    assert unseen.normalised_score.value == pytest.approx(0.45)


def test_natives_that_score_below_zero_give_no_ratio() -> None:
    """Returns are -10 for the natives of 3+1, -4.5 for x: not 0.45 times as good."""
    report = transfer_report(plan(events={}), lambda evaluation: evaluation, Protocol())  # type: ignore[arg-type, return-value]
    assert [comparison.ratio.value for comparison in report.comparisons] == [None, None]
    better = report.comparisons[0].probability_of_improvement
    assert better is not None and better.value == 0.75
    assert report.notes[1] == "native 3+1: scores below zero have no ratio; compare the scores themselves."
    assert report.setting.form == ".2f"


def test_the_setting_and_the_policies_are_those_of_the_plan(report: GeneralisationReport) -> None:
    setting = report.setting
    assert setting.measures[0] == setting.score == "contacts_per_episode"
    assert setting.compositions == {"1+1": {"A": 1, "B": 1}, "3+1": {"A": 3, "B": 1}}
    assert setting.arena_size == {"fixed 1+1": 1.0, "fixed 3+1": 1.0}
    assert (setting.mixed_as_trained, setting.reference_size, report.notes) == (("1+1",), 2, ("a note",))
    arm, native, chase = report.policies
    assert arm.training is not None and native.training is not None
    assert (arm.training.seen, native.training.seen, chase.training) == (("1+1",), ("3+1",), None)
    assert arm.training.training_teams == [{"A": 1, "B": 1}]
    assert arm.training.runs == ({"run": "x"},) * 2
