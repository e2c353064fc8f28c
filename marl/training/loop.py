"""The training loop: collect, update, log, evaluate, save.

Words: an *iteration* collects one rollout and updates once; *env steps* count single steps of
single copies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from marl.algorithms.kinds import make_learner
from marl.algorithms.learner import NonFiniteError, check_finite
from marl.core.environment import Environment
from marl.core.errors import ConfigError, FileError, TrainingError, UndrawableError
from marl.core.records import Rollout
from marl.evaluation.episodes import play_episodes, record_episode, score_name
from marl.evaluation.evaluate import summarise
from marl.policies.saved import load_weights, save_policy
from marl.system.device import resolve_device
from marl.system.interrupts import stop_on_interrupt
from marl.tasks.environment_config import make_environment
from marl.training.checkpoints import Checkpoints, load_checkpoint
from marl.training.collector import Collector, Episodes
from marl.training.initial_policy import build_policy, take_weights
from marl.training.logger import Logger
from marl.training.progress import Progress, TrainingResult
from marl.training.run_config import RunConfig, check_resumable, resume_config, save_config, task_of
from marl.training.score_log import ScoreLog

__all__ = ["Trainer"]

PICTURE_WIDTH = 240


class Trainer:
    """One run: its environment, policy, learner, log and checkpoints.

    A run that was stopped and resumed ends with the same weights, bit for bit, as one that was
    not, on the same machine with the same number of threads. Episodes of an environment that
    cannot store its state begin anew at a resume.

    Args:
        config: of the run.
        folder: of the run; made if it is not there.
        resume: go on from the latest checkpoint in ``folder``.

    Raises:
        ConfigError: if the configuration will not do, or ``folder`` cannot be made or is not empty.
        FileError: if the checkpoint or the initial policy cannot be used.
    """

    def __init__(self, config: RunConfig[Any], folder: Path, resume: bool = False) -> None:
        self.config, self.folder = config, folder
        self.checkpoints = Checkpoints(folder / "checkpoints", config.keep_checkpoints)
        start = self._last_checkpoint() if resume else None
        if start is None:
            _check_fresh(folder)
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.device = resolve_device(config.device)
        self.task = task_of(config)
        environment = make_environment(self.task, config.env, config.num_copies, training=True, device=self.device)
        self.scores = ScoreLog(config.score_log, config.env.name, environment.reward_threshold)
        self.policy = build_policy(config, environment, self.device)
        if start is None and config.initial_policy is not None:
            take_weights(self.policy, config, config.initial_policy)
        self.learner = make_learner(self.policy, config.algorithm, config.seed, environment.symmetries)
        self.collector = Collector(environment, config.rollout_length, config.seed)
        self.env_steps, self.episodes = 0, Episodes()
        self.metrics: dict[str, float] = {}
        if start is not None:
            self._load(start)
        self._logged_at, self._logged_when = self.env_steps, time.perf_counter()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the folder {folder} cannot be made ({error}); name another with --out") from error
        with self._writing():
            save_config(config, folder / "config.yaml")
            self.logger = Logger(folder, None if start is None else self.env_steps)
            self.scores.open(folder)

    @property
    def finished(self) -> bool:
        """Whether all env steps are done, or the scores end training."""
        return self.env_steps >= self.config.total_env_steps or self.scores.over

    def train(self, watch: Callable[[Progress], None] | None = None) -> TrainingResult:
        """Trains to the end, or until Ctrl-C; either way all is saved.

        A second Ctrl-C interrupts at once and leaves the last checkpoint.

        Args:
            watch: called after every iteration.

        Raises:
            TrainingError: if a loss, a gradient, a reward or an observation is not finite, or the
                run's folder cannot be written.
        """
        began, steps_before = time.perf_counter(), self.env_steps
        try:
            with stop_on_interrupt() as stop_wished:
                while not (self.finished or stop_wished()):
                    self._iterate()
                    rate = (self.env_steps - steps_before) / (time.perf_counter() - began)
                    if watch is not None:
                        watch(self._progress(rate))
                with self._writing():
                    self._save()
                    if self.finished and self.env_steps > steps_before:
                        scores = {name: value for name, value in self.metrics.items() if _is_score(name)}
                        self.logger.hyper_parameters(self.env_steps, self.config.model_dump(mode="json"), scores)
        finally:
            self.logger.close()
            self.scores.close()
            self.collector.environment.close()
        return TrainingResult(self.folder, self.env_steps, self.finished, self.metrics, self.policy.eval())

    def _progress(self, rate: float) -> Progress:
        at = self.scores.solved
        solved = None if at is None else f"{at} ({at.env_steps:,} env steps)"
        return Progress(self.env_steps, self.config.total_env_steps, rate, self.metrics, solved, self.finished)

    def _iterate(self) -> None:
        """Collects one rollout, updates once, and logs, evaluates and saves when it is time."""
        before = self.env_steps
        rollout, update = self._learn()
        self.env_steps += self.config.env_steps_per_iteration
        with self._writing():
            row = self._measure(update) if self._due(self.config.log_interval, before) else {}
            if self._due(self.config.evaluation_interval, before):
                row |= self._evaluate(rollout)
            if row:
                self.metrics = {**self.metrics, **row}
                self.logger.scalars(self.env_steps, row)
            if self._due(self.config.checkpoint_interval, before):
                self._save()

    def _learn(self) -> tuple[Rollout, dict[str, float]]:
        rollout, episodes = self.collector.collect(self.policy)
        for name, values in episodes.metrics.items():
            self.episodes.metrics[name] += values
        with self._writing():
            self._score(episodes)
        begin = time.perf_counter()
        try:
            check_finite(rollout)
            update = self.learner.update(rollout, self.env_steps / self.config.total_env_steps)
        except NonFiniteError as error:
            raise TrainingError(f"at env step {self.env_steps:,}, {error}{self._left}") from error
        learning = time.perf_counter() - begin
        self.collector.seconds["learning"] = self.collector.seconds.get("learning", 0.0) + learning
        return rollout, update

    def _score(self, episodes: Episodes) -> None:
        before = self.scores.solved
        ended_at = [self.env_steps + steps for steps in episodes.ended_at]
        self.scores.add(episodes.scores, ended_at, self.policy.exploration)
        if before is None and self.scores.solved is not None:
            self.logger.text(self.scores.solved.env_steps, "score", str(self.scores.solved))

    def _due(self, interval: int, before: int) -> bool:
        """Whether a multiple of the interval was reached since ``before``, or the end."""
        return self.finished or self.env_steps // interval > before // interval

    def _measure(self, update: dict[str, float]) -> dict[str, float]:
        """What happened since this was asked last."""
        seconds, now = self.collector.seconds, time.perf_counter()
        total = max(sum(seconds.values()), 1e-9)
        times = {f"time/share_{name}": spent / total for name, spent in seconds.items()}
        times["time/env_steps_per_second"] = (self.env_steps - self._logged_at) / max(now - self._logged_when, 1e-9)
        self._logged_at, self._logged_when = self.env_steps, now
        self.collector.seconds = dict.fromkeys(seconds, 0.0)
        means, self.episodes = self.episodes.means(), Episodes()
        return {**means, **self.scores.metrics, **self.collector.environment.metrics, **update, **times}

    def _evaluate(self, rollout: Rollout) -> dict[str, float]:
        """Plays whole episodes, logs histograms and a picture, and returns the scores."""
        make = self._make_evaluation_environment
        self.policy.eval()  # without exploration
        table = play_episodes(make, self.policy, self.config.evaluation_episodes, seed=10_000 + self.config.seed)
        summary = summarise(table, dict(self.collector.environment.events), self.collector.environment.agent_noun)
        for name, parameter in self.policy.named_parameters():
            self.logger.histogram(self.env_steps, f"weights/{name}", parameter)
        alive = rollout.observation.alive
        for name, values in {**self.policy.inspect(rollout), "reward": rollout.reward}.items():
            self.logger.histogram(self.env_steps, f"rollout/{name}", values[alive])
        self._draw()
        self._draw_scores()
        self.policy.train()
        return {f"evaluation/{name}": e.mean for name, e in summary.items() if e.mean is not None}

    def _draw(self) -> None:
        from marl.pictures.episode import contact_sheet, draw, spread

        environment = self._make_evaluation_environment(1)
        try:
            scenes, scores = record_episode(environment, self.policy, seed=20_000 + self.config.seed)
        except UndrawableError:
            return
        finally:
            environment.close()
        moments, names = spread(len(scenes)), tuple(environment.roster.team)
        frames = draw(scenes, scores[:-1], score_name(environment), names, PICTURE_WIDTH, moments)
        self.logger.picture(self.env_steps, "episode", contact_sheet(frames))

    def _draw_scores(self) -> None:
        from marl.training.score_picture import draw_scores

        if len(self.scores):
            self.logger.picture(self.env_steps, "scores", draw_scores(self.scores, self.folder / "scores.png"))

    def _make_evaluation_environment(self, num_copies: int) -> Environment:
        return self.task.make(self.config.env, num_copies, training=False, device=self.device)

    def _save(self) -> None:
        state = {
            "env_steps": self.env_steps,
            "learner": self.learner.state(),
            "collector": self.collector.state(),
            "episodes": {name: list(values) for name, values in self.episodes.metrics.items()},
            "metrics": dict(self.metrics),
            "score_log": self.scores.state(),
            "device": self.device.type,
        }
        self.checkpoints.save(self.env_steps, self.policy, state)
        self.scores.save(self.env_steps)
        save_policy(self.folder / "policy", self.policy, self.config.env.model_dump(mode="json"))

    def _load(self, checkpoint: Path) -> None:
        weights, state = load_checkpoint(checkpoint)
        load_weights(self.policy, weights, checkpoint)
        if state.get("device", self.device.type) != self.device.type:
            there = state["device"]
            raise FileError(f"{checkpoint} was written on {there}, this is {self.device.type}: give --device {there}")
        try:
            self.learner.load_state(state["learner"])
            self.collector.load_state(state["collector"])
            self.env_steps = state["env_steps"]
            self.metrics = state["metrics"]
            if "score_log" in state:
                self.scores.load_state(state["score_log"])
            for name, values in state["episodes"].items():
                self.episodes.metrics[name] += values
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FileError(f"{checkpoint} does not fit this configuration or package: {error}") from error

    def _last_checkpoint(self) -> Path:
        check_resumable(resume_config(self.folder), self.config)
        latest = self.checkpoints.latest
        if latest is None:
            raise FileError(f"{self.folder} has no whole checkpoint to go on from; train anew in another folder")
        return latest

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Tells what is left when something cannot be written."""
        try:
            yield
        except OSError as error:
            where = f"the run's folder {self.folder} cannot be written at env step {self.env_steps:,} ({error})"
            raise TrainingError(where + self._left) from error

    @property
    def _left(self) -> str:
        latest = self.checkpoints.latest
        return "; no checkpoint was written yet" if latest is None else f"; the last good checkpoint is {latest}"


def _check_fresh(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "exists and is not empty" if folder.is_dir() else "is a file"
        raise ConfigError(
            f"the run's folder {folder} {what}; name another with --out, or go on with a run: --resume RUN"
        )


def _is_score(name: str) -> bool:
    return name.startswith(("return/", "contacts/", "evaluation/", "episode/", "score/"))
