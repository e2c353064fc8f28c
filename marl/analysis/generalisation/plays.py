"""Plays: one frozen policy in one world, played once and kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from marl.analysis.generalisation.arms import file_hash
from marl.core.errors import FileError, TrainingError
from marl.core.serialisation import atomic_path
from marl.core.version import __version__
from marl.evaluation.access import reference
from marl.evaluation.episodes import EpisodePlayer, EpisodeTable, play_episodes
from marl.policies.saved import load_policy, policy_file
from marl.system.interrupts import deaf_to_interrupt
from marl.system.process_pool import process_pool
from marl.tasks.environment_config import environment_config

__all__ = ["Play", "PlayStore", "play_all", "run_play"]

FORMAT = 1


@dataclass(frozen=True)
class Play:
    """One frozen policy in one world.

    Args:
        environment: complete settings.
        agents: how many play.
        episodes: how many.
        seed: of worlds and actions.
        messages: whether agents hear each other.
        deterministic: whether the likeliest actions are taken.
        run: folder of the policy; None for a reference.
        content: hash of the policy's file, or the name of the reference.
        opponents: hash of the policy of each setting that names a trained one.
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
        """Hash of everything that decides what comes out; where files lie does not."""
        decides = {
            "format": FORMAT,
            "version": __version__,
            "environment": {**self.environment, **self.opponents},
            "policy": [self.run is None, self.content],
            "play": [self.episodes, self.seed, self.messages, self.deterministic],
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:32]


class PlayStore:
    """Finished plays in a folder, one file each.

    Args:
        folder: made if it is not there; its parent must be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def path(self, play: Play) -> Path:
        """Where a play is kept."""
        return self.folder / f"{play.key}.json"

    def __contains__(self, play: Play) -> bool:
        return self.path(play).exists()

    def save(self, play: Play, table: EpisodeTable) -> None:
        """Keeps what a play brought.

        Raises:
            OSError: if it cannot be written.
        """
        state = {
            "policy": play.content if play.run is None else str(play.run),
            "team": play.environment.get("team"),
            "length": table.length.tolist(),
            "agent_return": table.agent_return.tolist(),
            "events": {name: values.tolist() for name, values in table.events.items()},
            "first": {name: [None if np.isnan(v) else v for v in values] for name, values in table.first.items()},
        }
        with atomic_path(self.path(play)) as path:
            path.write_text(json.dumps(state, allow_nan=False), encoding="utf-8")

    def load(self, play: Play) -> EpisodeTable:
        """What a play brought.

        Raises:
            FileError: if its file cannot be used.
        """
        path = self.path(play)
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            array = lambda values: np.array(values, dtype=np.float64)  # noqa: E731
            return EpisodeTable(
                array(state["length"]),
                array(state["agent_return"]),
                {name: array(values) for name, values in state["events"].items()},
                {name: array(values) for name, values in state["first"].items()},
            )
        except (json.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileError(
                f"{path} is not a play of this package ({error}); remove it, and it is played again"
            ) from error


def run_play(play_: Play) -> EpisodeTable:
    """Plays; see `Play`.

    Raises:
        FileError: if the policy was changed since it was read.
    """
    task, config = environment_config(play_.environment, {})
    return play_episodes(
        lambda copies: task.make(config, copies),
        _player(play_),
        play_.episodes,
        play_.seed,
        play_.messages,
        play_.deterministic,
    )


def _player(play_: Play) -> EpisodePlayer:
    if play_.run is None:
        task, config = environment_config(play_.environment, {})
        return reference(play_.content, task.make(config, 1))
    if file_hash(policy_file(play_.run)) != play_.content:
        raise FileError(f"{play_.run} was changed while it played (does it still train?); start again")
    return load_policy(play_.run).policy


def play_all(
    plays: Sequence[Play], store: PlayStore, jobs: int, watch: Callable[[int, int], None] | None = None
) -> None:
    """Plays what the store does not have, the largest teams first, and keeps each as it ends.

    Args:
        plays: may name the same play more than once.
        store: what is there is not played again.
        jobs: processes, each with one thread of PyTorch; with 1 all is played in this process.
        watch: told after each play how many are done, and of how many.

    Raises:
        TrainingError: if a process dies.
    """
    every = {play.key: play for play in plays}
    missing = sorted((p for p in every.values() if p not in store), key=lambda p: -p.agents)
    done = len(every) - len(missing)
    watch = watch or (lambda done, total: None)
    watch(done, len(every))
    if not missing:
        return
    finished = _in_this_process(missing) if jobs == 1 else _in_processes(missing, min(jobs, len(missing)))
    for play_, table in finished:
        store.save(play_, table)
        done += 1
        watch(done, len(every))


def _in_this_process(plays: Sequence[Play]) -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for play_ in plays:
            yield play_, run_play(play_)
    finally:
        torch.set_num_threads(threads)


def _in_processes(plays: Sequence[Play], jobs: int) -> Any:
    try:
        with process_pool(jobs, torch.set_num_threads, (1,)) as pool:
            futures = _submit(pool, plays)
            for future in as_completed(futures):
                yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise TrainingError(
            "a playing process died; it may have lacked memory (then give fewer --jobs), or a script calls "
            "marl.generalise outside of if __name__ == '__main__'. What was played is kept: the same again goes on"
        ) from error


def _submit(pool: ProcessPoolExecutor, plays: Sequence[Play]) -> dict[Future[EpisodeTable], Play]:
    with deaf_to_interrupt():
        return {pool.submit(run_play, play_): play_ for play_ in plays}
