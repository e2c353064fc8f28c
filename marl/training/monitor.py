"""Monitor of a training run: metrics, evaluations, pictures, and their log."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from marl.core.environment import State
from marl.core.errors import ConfigError
from marl.core.files import make_folder
from marl.core.wording import argument
from marl.evaluation.episodes import StoppedError
from marl.training.best_policy import BestPolicy
from marl.training.board import chart_layout, hyper_parameters, hyper_scores, texts
from marl.training.callbacks import Callbacks
from marl.training.checkpoints import Checkpoint, is_settled
from marl.training.logger import Logger
from marl.training.progress import Progress
from marl.training.run import Run
from marl.training.run_config import save_config
from marl.training.source import Collected, Episodes
from marl.training.system_file import save_system

__all__ = ["Monitor"]

CPU_SECONDS = "time/cpu_seconds"


class Monitor:
    """Count, measure and evaluate a run, and write its log.

    Args:
        run: run to watch; its folder is made, its configuration written, its log opened.
        callbacks: told what is logged; none by default.

    Raises:
        ConfigError: if the folder cannot be made.
        TrainingError: if it cannot be written.
    """

    def __init__(self, run: Run, callbacks: Callbacks | None = None) -> None:
        self.run, self.callbacks = run, callbacks or Callbacks()
        self.episodes = Episodes()
        self.metrics: dict[str, float] = {}
        self.best = BestPolicy(run.folder)
        self._logged: State | None = None
        self._stale = False
        if run.start is not None:
            with run.fitting():
                self._load(run.start)
        try:
            make_folder(run.folder, parents=True)
        except OSError as error:
            told = f"the folder {run.folder} cannot be made ({error}); name another with {argument('out')}"
            raise ConfigError(told) from error
        with run.writing(), run.fitting():
            save_config(run.config, run.folder / "config.yaml")
            system = save_system(run.folder, run.env_steps, run.device)
            self.logger = Logger(run.folder, None if run.start is None else run.env_steps, self._logged)
            run.scores.open(run.folder)
            for name, text in texts(run.config, system).items():
                self.logger.text(run.env_steps, name, text)
        self._seconds: dict[str, float] = defaultdict(float)
        self._began_at, self._began_when = run.env_steps, time.perf_counter()
        self._logged_at, self._logged_when = self._began_at, self._began_when
        self._cpu_seconds, self._cpu_from = self.metrics.get(CPU_SECONDS, 0.0), time.process_time()

    @contextmanager
    def timing(self, part: str) -> Iterator[None]:
        """Add the time that a block takes to a part of the iteration."""
        begin = time.perf_counter()
        yield
        self._seconds[part] += time.perf_counter() - begin

    def count(self, collected: Collected) -> None:
        """Count the ended episodes, before the learner sees them.

        Raises:
            TrainingError: if their scores cannot be written.
        """
        for part, seconds in collected.seconds.items():
            self._seconds[part] += seconds
        for name, values in collected.episodes.metrics.items():
            self.episodes.metrics[name] += values
        self.episodes.metrics["return/all"] += collected.episodes.scores
        scores, ended_at = self.run.scores, [self.run.env_steps + steps for steps in collected.episodes.ended_at]
        solved_before = scores.solved  # the log announces the solution once
        with self.run.writing():
            episodes = collected.episodes
            scores.add(episodes.scores, ended_at, self.run.policy.exploration, episodes.class_scores)
            if solved_before is None and scores.solved is not None:
                self.logger.text(scores.solved.env_steps, "score", str(scores.solved))

    def see(self, collected: Collected, update: dict[str, float], before: int) -> None:
        """Log an iteration when it is time.

        Args:
            collected: experience of the iteration.
            update: metrics of the learner.
            before: env steps at the iteration's start.

        Raises:
            TrainingError: if the log cannot be written.
        """
        run = self.run
        with run.writing():
            if run.is_due(run.config.log_interval, before):
                row = self._measure(collected, update)
                self._log(row)
                self.callbacks.tell(lambda each: each.on_metrics(run.env_steps, dict(row)))
            if run.is_due(run.config.evaluation_interval, before):
                self._log_histograms(collected.batch)

    def evaluate(self, stop_wished: Callable[[], bool]) -> bool:
        """Play and log the evaluation that is due after a checkpoint; with the first come the hyper-parameters.

        Args:
            stop_wished: True once training is to stop.

        Returns:
            False if it was not played to its end, as training is to stop; it is still due then.

        Raises:
            TrainingError: if the log cannot be written.
        """
        run = self.run
        self._count_cpu()
        try:
            with run.writing():  # pictures
                measures = self._evaluate(stop_wished)
        except StoppedError:
            return False
        finally:
            run.policy.train()
            self._cpu_from = time.process_time()
        row = {f"evaluation/{name}": value for name, value in measures.items()}
        with run.writing():
            first = not any(name.startswith("evaluation/") for name in self.metrics)
            improved = self.best.see(run.evaluation.score(measures), run.encoded)
            self._log(row)
            if first:
                pictures = any(each.images for each in run.policy.roster.classes)
                settings = hyper_parameters(run.config, pictures)
                self.logger.hyper_parameters(run.env_steps, settings, hyper_scores(self.metrics))
            left = {"metrics": self.metrics, "log": self.logger.sync()}
            left |= {"best": self.best.state()} if improved else {}
            run.checkpoints.save_evaluation(run.env_steps, left)
        self.callbacks.tell(lambda each: each.on_evaluation(run.env_steps, dict(row)))
        return True

    def catch_up(self, stop_wished: Callable[[], bool]) -> bool:
        """Do what a crash left undone between the checkpoint that a run goes on from and the next iteration.

        Args:
            stop_wished: see `evaluate`.

        Returns:
            False if an evaluation is still due; see `evaluate`.

        Raises:
            TrainingError: if it cannot be written.
        """
        start = self.run.start
        if start is None:
            return True
        if "best" in start.state:  # of a run that earlier versions began, nobody knows it
            with self.run.writing():
                self.best.restore()
        if not is_settled(self.run.folder, start):
            self.run.save(self.state())  # the checkpoint stays, what follows it is written
        return not start.evaluation_due or self.evaluate(stop_wished)

    @property
    def progress(self) -> Progress:
        """Progress of training, for callbacks."""
        run, solved = self.run, self.run.scores.solved
        rate = (run.env_steps - self._began_at) / (time.perf_counter() - self._began_when)
        words = None if solved is None else f"{solved} ({solved.env_steps:,} env steps)"
        total, events = run.config.total_env_steps, list(run.events)
        stale = self._stale and not len(self.episodes)
        return Progress(run.env_steps, total, rate, self.metrics, words, run.finished, events, stale)

    def state(self) -> State:
        """Episodes counted since the latest entry of the log, that entry, how far the log is on the disk, and the best
        policy.

        Raises:
            TrainingError: if the log cannot be written.
        """
        episodes = {name: list(values) for name, values in self.episodes.metrics.items()}
        with self.run.writing():
            self.run.scores.sync()
            left = {"metrics": dict(self.metrics), "log": self.logger.sync(), "best": self.best.state()}
            return {"episodes": episodes, **left}

    def close(self) -> None:
        """Close the log, the scores and the callbacks."""
        self.logger.close()
        self.run.scores.close()
        self.callbacks.tell(lambda each: each.close())

    def _load(self, start: Checkpoint) -> None:
        latest = start.state if start.evaluation is None else start.evaluation
        self.metrics = {name: float(value) for name, value in latest["metrics"].items()}
        self._logged = latest.get("log")
        for state in (start.state, latest):
            self.best.load(state.get("best", {}))
        for name, values in start.state["episodes"].items():
            self.episodes.metrics[name] += map(float, values)

    def _log(self, row: dict[str, float]) -> None:
        if not self.metrics:
            self.logger.layout(chart_layout(row))
        # kept over entries, as evaluations are rarer than the log and callbacks want the latest
        self.metrics = {**self.metrics, **row}
        self.logger.scalars(self.run.env_steps, row)

    def _measure(self, collected: Collected, update: dict[str, float]) -> dict[str, float]:
        """Metrics since the latest entry of the log."""
        now, env_steps = time.perf_counter(), self.run.env_steps
        total = max(sum(self._seconds.values()), 1e-9)
        times = {f"time/share_{part}": spent / total for part, spent in self._seconds.items()}
        times["time/env_steps_per_second"] = (env_steps - self._logged_at) / max(now - self._logged_when, 1e-9)
        self._count_cpu()
        times[CPU_SECONDS] = self._cpu_seconds
        self._logged_at, self._logged_when = env_steps, now
        self._seconds.clear()
        means, self.episodes = self.episodes.means(), Episodes()
        self._stale = not means
        return {**means, **self.run.scores.metrics, **collected.metrics, **update, **times}

    def _count_cpu(self) -> None:
        now = time.process_time()
        self._cpu_seconds, self._cpu_from = self._cpu_seconds + now - self._cpu_from, now

    def _log_histograms(self, batch: Any) -> None:
        policy, env_steps = self.run.policy, self.run.env_steps
        for name, parameter in policy.named_parameters():
            self.logger.histogram(env_steps, f"weights/{name}", parameter)
        policy.eval()
        for name, values in {**policy.inspect(batch), **batch.inspect()}.items():
            self.logger.histogram(env_steps, f"rollout/{name}", values)
        policy.train()

    def _evaluate(self, stop_wished: Callable[[], bool]) -> dict[str, float]:
        """Measure the policy that plays, log a picture, and return the measures.

        Raises:
            StoppedError: if stopping is wished.
        """
        run = self.run
        player = run.player.eval()  # without exploration

        def watch(ended: int, of: int, env_steps: int) -> bool:
            self.callbacks.tell(lambda each: each.on_evaluating(ended, of, env_steps))
            return not stop_wished()

        # before others are closed: with one, environments of mpe2 end what all draw with
        picture = run.evaluation.draw(player, lambda: not stop_wished())
        measures = run.evaluation.measure(player, watch)
        if picture is not None:
            self.logger.picture(run.env_steps, "episode", picture)
        self._draw_scores()
        return measures

    def _draw_scores(self) -> None:
        from marl.training.score_picture import draw_scores

        if len(self.run.scores):
            config = self.run.config
            title = f"{config.env.name}, {config.algorithm.name}, seed {config.seed}"
            picture = draw_scores(self.run.scores, self.run.folder / "scores.png", title)
            self.logger.picture(self.run.env_steps, "scores", picture)
