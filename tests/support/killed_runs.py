"""Runs of self-play that end by SIGKILL, each in a fork of a process that has imported everything.

The module run as a script is that process: autograd refuses to work in forks of a process in which it has worked.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from marl.algorithms.alpha_zero import AlphaZero
from marl.games.search.batch_search import BatchSearch
from marl.games.self_play import SelfPlayGroup
from marl.training.checkpoints import Checkpoints
from marl.training.run_config import read_config
from marl.training.train import train_run

__all__ = ["PLACES", "kill_runs"]


def _in_arena(*_: Any, noise: bool, **__: Any) -> bool:
    return not noise


def _is_shard(path: Path, *_: Any) -> bool:
    return path.parent.name == "history"


def _always(*_: Any, **__: Any) -> bool:
    return True


PLACES: dict[str, tuple[Any, str, Callable[..., bool]]] = {
    "self_play": (SelfPlayGroup, "_move", _always),
    "learning": (AlphaZero, "_losses", _always),
    "arena": (BatchSearch, "run", _in_arena),
    "shard": (Path, "write_bytes", _is_shard),
    "checkpoint": (Checkpoints, "save", _always),
}
"""Calls before which a run ends, by name: class, method, and which of its calls count. Half of a shard is written."""


def kill_runs(settings: Mapping[str, Any], calls: Mapping[str, int], folder: Path) -> None:
    """Train into ``folder/PLACE`` until SIGKILL, for each place, with the number of the call before which it comes."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, __file__, json.dumps(settings), json.dumps(calls), str(folder)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(done.stdout) == dict.fromkeys(calls, -signal.SIGKILL)


def _end_at(place: str, number: int) -> None:
    owner, name, counts = PLACES[place]
    original, calls = getattr(owner, name), itertools.count(1)  # groups of games count side by side

    def called(*given: Any, **options: Any) -> Any:
        if counts(*given, **options) and next(calls) == number:
            if place == "shard":
                path, content = given
                original(path, content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **options)

    setattr(owner, name, called)


def _warm(settings: dict[str, Any], folder: Path) -> None:
    """Load once what every run would load for itself: one move of each game, from which nothing is learnt."""
    settings["algorithm"] |= {"arena": None, "self_play": {}}
    settings |= {"rollout_length": 1, "total_env_steps": settings["num_copies"]}
    train_run(read_config(settings), folder)
    import_module("scipy.stats")  # by the interval of an arena
    gc.freeze()  # no collection copies the pages that forks share


def _main(settings: str, calls: str, folder: str) -> None:
    config, statuses = read_config(json.loads(settings)), {}
    _warm(json.loads(settings), Path(folder) / "warm")
    for place, number in json.loads(calls).items():
        process = os.fork()
        if process == 0:
            _end_at(place, number)
            train_run(config, Path(folder) / place)
            os._exit(0)
        statuses[place] = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    print(json.dumps(statuses))


if __name__ == "__main__":
    _main(*sys.argv[1:])
