from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import marl
from marl.analysis.generalisation import cell_evaluations
from marl.analysis.generalisation.arms import TrainedRun
from marl.analysis.generalisation.cell_evaluations import CellEvaluation, EvaluationStore, evaluate_cell, evaluate_cells
from marl.core.errors import FileError
from marl.evaluation.episodes import EpisodeTable, play_episodes

Variant = Callable[..., TrainedRun]


def evaluation_of(trained: TrainedRun, **changed: Any) -> CellEvaluation:
    first = CellEvaluation(trained.environment, 4, 5, 3, True, False, trained.folder, trained.content, {})
    return replace(first, **changed)


def table(number: float) -> EpisodeTable:
    values = np.array([number, 2.0])
    return EpisodeTable(values, -values, {"contacts": values}, {"contacts": np.array([np.nan, 7.0])})


def test_the_same_seed_gives_every_policy_the_same_initial_worlds(run: Path) -> None:
    begun: list[torch.Tensor] = []

    def make(copies: int) -> Any:
        environment = marl.make(run, copies, team="A=3,B=1")
        reset = environment.reset

        def watched(seed: int) -> Any:
            observation = reset(seed)
            assert observation.entities is not None
            begun.append(observation.entities.clone())
            return observation

        environment.reset = watched  # type: ignore[method-assign]
        return environment

    probe = marl.make(run, team="A=3,B=1")
    for player in (marl.load(run), marl.reference("chase", probe), marl.reference("random", probe)):
        for messages in (True, False):
            play_episodes(make, player, 6, seed=11, messages=messages)
    assert len(begun) == 6
    assert all(bool((worlds == begun[0]).all()) for worlds in begun)
    play_episodes(make, marl.load(run), 6, seed=12)
    assert not torch.equal(begun[-1], begun[0])


def test_the_key_tells_apart_whatever_decides_the_result(variant: Variant) -> None:
    run = variant("x")
    first = evaluation_of(run)
    others = [
        evaluation_of(run, episodes=6),
        evaluation_of(run, seed=4),
        evaluation_of(run, messages=False),
        evaluation_of(run, deterministic=True),
        evaluation_of(run, content="another"),
        evaluation_of(run, environment={**run.environment, "team": {"A": 1, "B": 1}}),
        evaluation_of(run, opponents={"prey": "hash"}),
        evaluation_of(run, run=None, content="random"),
    ]
    assert len({first.key, *(other.key for other in others)}) == 9
    assert evaluation_of(run, run=Path("elsewhere")).key == first.key


def test_what_is_kept_comes_back(variant: Variant, tmp_path: Path) -> None:
    store, first = EvaluationStore(tmp_path / "plays"), evaluation_of(variant("x"), episodes=2)
    assert first not in store
    store.save(first, table(1.0))
    assert first in store
    back = store.load(first, ["contacts"])
    assert back.length.tolist() == [1.0, 2.0]
    assert back.agent_return.tolist() == [-1.0, -2.0]
    assert np.isnan(back.first["contacts"][0])
    store.path(first).write_text('{"length": [1.0')
    with pytest.raises(FileError, match=r"is not a play of this package.*remove it"):
        store.load(first, ["contacts"])


def test_only_what_is_missing_is_played_the_largest_first(
    variant: Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store, order = variant("x"), EvaluationStore(tmp_path / "plays"), []
    small, large, there = (
        evaluation_of(run, agents=2, seed=1),
        evaluation_of(run, agents=16, seed=2),
        evaluation_of(run),
    )
    store.save(there, table(1.0))
    monkeypatch.setattr(cell_evaluations, "evaluate_cell", lambda play: order.append(play.agents) or table(0.0))
    told: list[tuple[int, int]] = []
    evaluate_cells([small, there, large, small], store, 1, lambda done, total: told.append((done, total)))
    assert order == [16, 2]
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_stopped_batch_keeps_what_was_played(
    variant: Variant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = variant("x"), EvaluationStore(tmp_path / "plays")
    first, second = evaluation_of(run, agents=3, seed=1), evaluation_of(run, agents=2, seed=2)

    def stopping(play: CellEvaluation) -> EpisodeTable:
        if play == second:
            raise KeyboardInterrupt
        return table(0.0)

    monkeypatch.setattr(cell_evaluations, "evaluate_cell", stopping)
    with pytest.raises(KeyboardInterrupt):
        evaluate_cells([second, first], store, 1)
    assert first in store
    assert second not in store


def test_processes_play_what_this_one_would(variant: Variant, tmp_path: Path) -> None:
    run, store = variant("x"), EvaluationStore(tmp_path / "plays")
    both = [evaluation_of(run), evaluation_of(run, run=None, content="chase")]
    evaluate_cells(both, store, 2)
    for one in both:
        expected, there = evaluate_cell(one), store.load(one, ["contacts"])
        assert there.events["contacts"].tolist() == expected.events["contacts"].tolist()
        assert there.agent_return.tolist() == expected.agent_return.tolist()


def test_a_policy_that_changes_meanwhile_is_refused(variant: Variant) -> None:
    with pytest.raises(FileError, match="was changed while it played"):
        evaluate_cell(evaluation_of(variant("x"), content="of before"))
