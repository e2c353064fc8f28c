"""Scores of all episodes of a training, and the episode that solved the task.

Words: a *score* is the return of an episode, mean over the agents that took part; a task is *solved* in
episode ``M`` if the mean score of the last ``window`` episodes reaches the threshold there for the first time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO

from pydantic import Field

from marl.core.config import Config
from marl.core.errors import ConfigError, FileError
from marl.core.files import atomic_path, save_json
from marl.core.limits import MOST_GAMES
from marl.core.reading import read_json
from marl.core.wording import argument
from marl.maths.running_window import RunningWindow

if TYPE_CHECKING:
    from marl.core.environment import State

__all__ = ["ScoreLog", "ScoreLogConfig", "Solved", "stopped_by_score"]

Finite = Annotated[float, Field(allow_inf_nan=False)]
NONE = -1.0
HEADER = "episode,env_steps,exploration,score,minimum,mean,maximum"


class ScoreLogConfig(Config):
    """When the task counts as solved, and whether that ends training."""

    threshold: Finite | Literal["task"] | None = None
    """Mean score from which the task counts as solved; task for what the environment states. With None it is that too,
    but where the environment states none, scores are logged only if episodes is given."""
    window: int = Field(100, ge=1, le=MOST_GAMES)
    """Episodes over which the mean is taken."""
    stop_when_solved: bool = False
    """End training in the iteration in which the task is solved."""
    episodes: int | None = Field(None, ge=1)
    """End training in the iteration in which so many episodes have ended; None for the env steps alone."""


@dataclass(frozen=True)
class Solved:
    """Episode in which a task was solved.

    Args:
        episode: ``M``, counted from 1.
        env_steps: env steps at its end.
        window: episodes over which the mean was taken.
    """

    episode: int
    env_steps: int
    window: int

    def __str__(self) -> str:
        return f"Solved in {self.episode - self.window:,} runs, {self.episode:,} total runs"


class ScoreLog:
    """Write ``scores.csv``, ``scores.png`` and ``score.json`` into a run's folder.

    Rows are on the disk when `add` returns. Nothing is kept and nothing is written where the environment
    states no threshold, none is asked for, and the number of episodes is not set.

    Args:
        config: settings.
        name: name of the environment, for errors.
        reward_threshold: threshold that it states, or None.
        classes: names of the classes that play; of several each has a column for its own return.

    Raises:
        ConfigError: if a threshold is asked for that the environment does not state.
    """

    def __init__(
        self, config: ScoreLogConfig, name: str, reward_threshold: float | None, classes: Sequence[str] = ()
    ) -> None:
        self.config = config
        self.class_scores: dict[str, list[float]] = {c: [] for c in classes} if len(classes) > 1 else {}
        self.threshold = _threshold(config, name, reward_threshold)
        self.active = self.threshold is not None or config.episodes is not None
        self.scores: list[float] = []
        self.env_steps: list[int] = []
        self.means: list[float] = []
        self.recent = RunningWindow(config.window)
        self.solved: Solved | None = None
        self.folder: Path | None = None
        self._file: TextIO | None = None
        self._exploration: list[float] = []  # NONE for a policy that has none
        self._loaded: list[str] | None = None  # rows of a state, until they are written

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def over(self) -> bool:
        """True if the scores end training."""
        return _is_over(self.config, len(self), self.solved is not None)

    @property
    def metrics(self) -> dict[str, float]:
        """Metrics for the log; empty before the first episode has ended."""
        if not self.scores:
            return {}
        window = self.config.window
        metrics = {
            f"score/mean_{window}": self.means[-1],
            f"score/minimum_{window}": self.recent.minimum,
            f"score/maximum_{window}": self.recent.maximum,
            "score/episodes": float(len(self)),
        }
        return metrics if self.solved is None else {**metrics, "score/solved_at_episode": float(self.solved.episode)}

    def open(self, folder: Path) -> None:
        """Begin ``scores.csv``, or write it anew from the state that was loaded: without rows of later episodes.

        Raises:
            OSError: if it cannot be written.
        """
        if not self.active:
            return
        self.folder, path = folder, folder / "scores.csv"
        lines = self._loaded
        if lines is None:  # of a state that an earlier version wrote, which does not have all columns
            text = path.read_bytes().decode(errors="replace") if path.exists() else ""
            lines = [f"{line}\n" for line in text.splitlines()[1 : len(self) + 1]]
        with atomic_path(path) as temporary:
            header = ",".join([HEADER, *(f"return_{name}" for name in self.class_scores)])
            temporary.write_text("".join([f"{header}\n", *lines]), encoding="utf-8")
        self._loaded = None
        self._file = path.open("a", encoding="utf-8")

    def add(
        self,
        scores: Sequence[float],
        env_steps: Sequence[int],
        exploration: float | None,
        class_scores: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        """Count episodes in the order in which they ended.

        Args:
            scores: score of each.
            env_steps: env steps of the run when each ended.
            exploration: of the policy that played them; None if it has none.
            class_scores: return of each for each of several classes, NaN where none of its agents took part.

        Raises:
            OSError: if they cannot be written.
        """
        if self._file is None or not scores:
            return
        share = NONE if exploration is None else exploration
        by_class = self._by_class(class_scores or {}, len(scores))
        rows = zip(scores, env_steps, by_class, strict=True)
        self._file.write("".join([self._take(score, steps, share, each) for score, steps, each in rows]))
        self._file.flush()

    def sync(self) -> None:
        """Wait until the disk has all rows.

        Raises:
            OSError: if they cannot be written.
        """
        if self._file is not None:
            os.fsync(self._file.fileno())

    def save(self, env_steps: int) -> None:
        """Write ``score.json``, the state of the scores at a checkpoint.

        Raises:
            OSError: if it cannot be written.
        """
        if self.folder is None:
            return
        save_json(self.folder / "score.json", self._summary(env_steps), indent=2, allow_nan=True)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # a failed write raised its error before
                self._file.close()

    def state(self) -> State:
        """Every score, its env steps, and the exploration of the policy that played."""
        import torch  # here, so that settings alone need not wait for it

        return {
            "scores": torch.tensor(self.scores, dtype=torch.float64),
            "env_steps": torch.tensor(self.env_steps, dtype=torch.int64),
            "exploration": torch.tensor(self._exploration, dtype=torch.float64),
            "class_scores": {name: torch.tensor(x, dtype=torch.float64) for name, x in self.class_scores.items()},
        }

    def load_state(self, state: State) -> None:
        """Go on from a state that `state` returned, with the present settings."""
        if self.active:
            scores, env_steps = state["scores"].tolist(), state["env_steps"].tolist()
            shares = state["exploration"].tolist() if "exploration" in state else [NONE] * len(scores)
            known = {name: x.tolist() for name, x in state.get("class_scores", {}).items()}
            by_class = self._by_class(known, len(scores))
            rows = [self._take(*each) for each in zip(scores, env_steps, shares, by_class, strict=True)]
            self._loaded = rows if "exploration" in state else None

    def _by_class(self, class_scores: Mapping[str, Sequence[float]], episodes: int) -> Iterator[tuple[float, ...]]:
        """Returns of the classes in each episode, NaN where they are not known."""
        unknown = [math.nan] * episodes
        columns = [class_scores.get(name, unknown) for name in self.class_scores]
        return zip(*columns, strict=True) if columns else repeat((), episodes)

    def _take(self, score: float, env_steps: int, exploration: float = NONE, by_class: tuple[float, ...] = ()) -> str:
        """Count an episode, and return its row."""
        for column, of_class in zip(self.class_scores.values(), by_class, strict=True):
            column.append(of_class)
        self._exploration.append(exploration)
        self.scores.append(score)
        self.env_steps.append(env_steps)
        self.recent.add(score)
        mean = self.recent.mean
        self.means.append(mean)
        whole = len(self.recent) == self.config.window
        if self.solved is None and self.threshold is not None and whole and mean >= self.threshold:
            self.solved = Solved(len(self), env_steps, self.config.window)
        share = "" if exploration == NONE else f"{exploration:.6g}"
        numbers = f"{score:.12g},{self.recent.minimum:.12g},{mean:.12g},{self.recent.maximum:.12g}"
        returns = "".join("," if math.isnan(x) else f",{x:.12g}" for x in by_class)
        return f"{len(self)},{env_steps},{share},{numbers}{returns}\n"

    def _summary(self, env_steps: int) -> dict[str, Any]:
        solved = self.solved
        return {
            "env_steps": env_steps,
            "episodes": len(self),
            "threshold": self.threshold,
            "window": self.config.window,
            "mean": self.means[-1] if self.means else None,
            "best_mean": max(self.means[self.config.window - 1 :], default=None),
            "solved_at_episode": None if solved is None else solved.episode,
            "solved_in_runs": None if solved is None else solved.episode - solved.window,
            "solved_at_env_steps": None if solved is None else solved.env_steps,
            "text": None if solved is None else str(solved),
        }


def stopped_by_score(folder: Path, config: ScoreLogConfig, env_steps: int) -> bool:
    """True if the scores ended a training.

    Args:
        folder: of the run.
        config: settings to go on with.
        env_steps: of its latest checkpoint.
    """
    path = folder / "score.json"
    if not path.is_file():
        return False
    try:
        summary: Mapping[str, Any] = read_json(path)
        stands = summary["env_steps"] == env_steps
        return stands and _is_over(config, summary["episodes"], summary["solved_at_episode"] is not None)
    except (FileError, KeyError, TypeError):
        return False  # the run goes on, and its checkpoint has the true state


def _threshold(config: ScoreLogConfig, name: str, reward_threshold: float | None) -> float | None:
    wished = config.threshold
    if wished == "task" and reward_threshold is None:
        raise ConfigError(
            f"score_log.threshold is 'task', but the environment {name!r} states no reward_threshold: give a number, "
            f"e.g. {argument('score_log.threshold', '195')}, or None"
        )
    threshold = reward_threshold if wished is None or wished == "task" else wished
    if config.stop_when_solved and threshold is None:
        raise ConfigError(
            f"score_log.stop_when_solved is true, but the environment {name!r} states no reward_threshold and "
            f"score_log.threshold is None: give a number, e.g. {argument('score_log.threshold', '195')}, or set "
            "stop_when_solved false"
        )
    return threshold


def _is_over(config: ScoreLogConfig, episodes: int, solved: bool) -> bool:
    enough = config.episodes is not None and episodes >= config.episodes
    return enough or (config.stop_when_solved and solved)
