"""Evaluations of one frozen policy in one cell, played once and stored."""

from __future__ import annotations

import hashlib
import json
import operator
import warnings
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from marl.core.environment import TaskEnvironment
from marl.core.errors import FileError, Note, TrainingError
from marl.core.files import digest, save_json
from marl.core.reading import read_json
from marl.core.version import __version__
from marl.core.wording import argument
from marl.evaluation.access import reference
from marl.evaluation.episodes import EpisodePlayer, EpisodeTable, play_episodes
from marl.policies.saved import load_policy, policy_file
from marl.system.process_pool import process_pool
from marl.tasks.environment_config import environment_config

__all__ = ["CellEvaluation", "EvaluationStore", "evaluate_cell", "evaluate_cells"]

FORMAT = 1
CHECK = "crc32"

Finished = Iterator[tuple["CellEvaluation", EpisodeTable]]


@dataclass(frozen=True)
class CellEvaluation:
    """One frozen policy in one cell.

    Args:
        environment: complete settings of the environment.
        agents: size of the team.
        episodes: number of episodes.
        seed: of worlds and actions.
        messages: True if agents hear each other.
        deterministic: True to take the most probable actions.
        run: folder of the policy; None for a reference.
        content: hash of the policy's file, or the name of the reference.
        opponents: hash of each trained opponent's policy, by the setting that names it.
    """

    environment: Mapping[str, Any]
    agents: int
    episodes: int
    seed: int
    messages: bool
    deterministic: bool
    run: Path | None
    content: str
    opponents: Mapping[str, str]

    @property
    def key(self) -> str:
        """Hash of everything that decides the results; it does not depend on the folders of files."""
        decides = {
            "format": FORMAT,
            "version": __version__,
            "environment": {**self.environment, **self.opponents},
            "policy": [self.run is None, self.content],
            "play": [self.episodes, self.seed, self.messages, self.deterministic],
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


class EvaluationStore:
    """Store of finished evaluations, a folder with one file each.

    Args:
        folder: made if it does not exist; its parent must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def path(self, evaluation: CellEvaluation) -> Path:
        """File of an evaluation."""
        return self.folder / f"{evaluation.key}.json"

    def __contains__(self, evaluation: CellEvaluation) -> bool:
        return self.path(evaluation).exists()

    def save(self, evaluation: CellEvaluation, table: EpisodeTable) -> None:
        """Store the episodes of an evaluation.

        Raises:
            OSError: if it cannot be written.
        """
        state = {
            "policy": evaluation.content if evaluation.run is None else str(evaluation.run),
            "team": evaluation.environment.get("team"),
            "length": table.length.tolist(),
            "agent_return": table.agent_return.tolist(),
            "events": {name: values.tolist() for name, values in table.events.items()},
            "cut": table.cut,
            "first": {name: [None if np.isnan(v) else v for v in values] for name, values in table.first.items()},
        }
        save_json(self.path(evaluation), {**state, CHECK: _checksum(state)}, indent=None)

    def load(self, evaluation: CellEvaluation, events: Collection[str]) -> EpisodeTable:
        """Load the episodes of an evaluation.

        Args:
            evaluation: must be in the store.
            events: kinds of events that it counted.

        Raises:
            FileError: if its file cannot be used.
        """
        path = self.path(evaluation)
        try:
            state = read_json(path)
            check = state.pop(CHECK, None)
            if check is None:
                told = f"plays in {self.folder} have no checksums, as an earlier version wrote them"
                warnings.warn(told, Note, stacklevel=2)
            elif check != _checksum(state):
                raise ValueError("its content and its checksum do not agree")
            numbers = partial(_numbers, evaluation.episodes)
            return EpisodeTable(
                numbers(state["length"]),
                numbers(state["agent_return"]),
                {name: numbers(state["events"][name]) for name in events},
                {name: numbers(state["first"][name], unknown=True) for name in events},
                operator.index(state.get("cut", 0)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileError(
                f"{path} is not a play of this package ({error}); remove it, and it is played again"
            ) from error


def _checksum(state: Mapping[str, Any]) -> str:
    """CRC-32 of a play's content."""
    return f"{zlib.crc32(json.dumps(state).encode()):08x}"


def _numbers(episodes: int, values: Any, unknown: bool = False) -> NDArray[np.float64]:
    numbers = np.array(values, dtype=np.float64)
    if numbers.shape != (episodes,) or not (unknown or np.isfinite(numbers).all()):
        raise ValueError(f"it must have {episodes} numbers of each kind")
    return numbers


def evaluate_cell(evaluation: CellEvaluation) -> EpisodeTable:
    """Play the episodes of an evaluation.

    Raises:
        FileError: if the policy was changed since it was read.
    """
    task, config = environment_config(evaluation.environment, {})
    return play_episodes(
        lambda copies: task.make(config, copies),
        _player(evaluation, task.make(config, 1)),
        evaluation.episodes,
        evaluation.seed,
        evaluation.messages,
        evaluation.deterministic,
    )


def _player(evaluation: CellEvaluation, environment: TaskEnvironment) -> EpisodePlayer:
    environment.close()
    if evaluation.run is None:
        return reference(evaluation.content, environment)
    if digest(policy_file(evaluation.run)) != evaluation.content:
        raise FileError(f"{evaluation.run} was changed while it played (does it still train?); start again")
    policy = load_policy(evaluation.run).policy
    policy.meet(environment.scripted())
    return policy


def evaluate_cells(
    evaluations: Sequence[CellEvaluation],
    store: EvaluationStore,
    jobs: int,
    watch: Callable[[int, int], None] | None = None,
) -> None:
    """Play the evaluations that are not in the store, the largest teams first, and store each as it ends.

    Args:
        evaluations: may name the same one more than once.
        store: its evaluations are not played again.
        jobs: number of processes, each with one thread of PyTorch; with 1 all is played in this process.
        watch: called after each evaluation with the number done and the number of all.

    Raises:
        TrainingError: if a process dies.
    """
    every = {evaluation.key: evaluation for evaluation in evaluations}
    missing = sorted((e for e in every.values() if e not in store), key=lambda e: -e.agents)  # so none is last alone
    done = len(every) - len(missing)
    watch = watch or (lambda done, total: None)
    watch(done, len(every))
    if not missing:
        return
    finished = _in_this_process(missing) if jobs == 1 else _in_processes(missing, min(jobs, len(missing)))
    for evaluation, table in finished:
        store.save(evaluation, table)
        done += 1
        watch(done, len(every))


def _in_this_process(evaluations: Sequence[CellEvaluation]) -> Finished:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for evaluation in evaluations:
            yield evaluation, evaluate_cell(evaluation)
    finally:
        torch.set_num_threads(threads)


def _in_processes(evaluations: Sequence[CellEvaluation], jobs: int) -> Finished:
    try:
        with process_pool(jobs, torch.set_num_threads, (1,)) as pool:
            futures = {pool.submit(evaluate_cell, evaluation): evaluation for evaluation in evaluations}
            for future in as_completed(futures):
                yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise TrainingError(
            f"a playing process died; it may have lacked memory (then give fewer {argument('jobs')}), or a script "
            "calls marl.generalise outside of if __name__ == '__main__'. What was played is kept: the same again goes "
            "on"
        ) from error
