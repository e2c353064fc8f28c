"""The training loop: collect, update, log, evaluate, save.

Words: an *iteration* collects one rollout and updates once; *env steps* count single steps of
single copies.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from marl.algorithms import make_learner
from marl.algorithms.policy_gradient import NonFiniteError
from marl.batch import Rollout
from marl.checkpoint import Checkpoints, load_weights, save_policy
from marl.collectors import Collector, Episodes
from marl.environment import Environment, Task
from marl.evaluation import play, record_episode, summarise
from marl.logger import Logger
from marl.policies.actor_critic import ActorCritic
from marl.rendering import contact_sheet, draw
from marl.run_config import ConfigError, RunConfig, load_config, save_config, task_of
from marl.serialisation import FileError, load_state

__all__ = ["Progress", "Trainer", "TrainingError", "TrainingResult", "resolve_device", "stop_on_interrupt"]


class TrainingError(RuntimeError):
    """Training cannot go on; the message says when, why and what is left."""


@dataclass(frozen=True)
class Progress:
    """Where training stands, for whoever watches.

    Args:
        env_steps: done so far.
        total_env_steps: to be done.
        env_steps_per_second: since the loop began.
        metrics: the latest logged.
    """

    env_steps: int
    total_env_steps: int
    env_steps_per_second: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class TrainingResult:
    """What a training left.

    Args:
        folder: the run's.
        env_steps: done in all.
        finished: False if it was stopped before the end.
        metrics: the latest logged.
        policy: in evaluation mode.
    """

    folder: Path
    env_steps: int
    finished: bool
    metrics: dict[str, float]
    policy: ActorCritic


class Trainer:
    """One run: its environment, policy, learner, log and checkpoints.

    A run that was stopped and resumed ends with the same weights, bit for bit, as one that was
    not, on the same machine with the same number of threads. Episodes of ``env.backend:
    pettingzoo`` begin anew at a resume if the simulator cannot store its state.

    Args:
        config: of the run.
        folder: of the run; made if it is not there.
        resume: go on from the latest checkpoint in ``folder``.

    Raises:
        ConfigError: if the configuration will not do, or ``folder`` is not empty.
        FileError: if the checkpoint cannot be used.
    """

    def __init__(self, config: RunConfig[Any], folder: Path, resume: bool = False) -> None:
        self.config, self.folder = config, folder
        self.checkpoints = Checkpoints(folder / "checkpoints", config.keep_checkpoints)
        start = self._starting_point(resume)
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        self.device = resolve_device(config.device)
        self.task: Task = task_of(config)
        try:
            environment = self.task.make(config.env, config.num_copies, training=True, device=self.device)
            self.policy = build_policy(config, environment, self.device)
        except (ValueError, TypeError) as error:
            raise ConfigError(str(error)) from error
        self.learner = make_learner(self.policy, config.algorithm, config.seed)
        self.collector = Collector(environment, config.rollout_length, config.seed)
        self.env_steps = 0
        self.episodes = Episodes()
        self.metrics: dict[str, float] = {}
        self._logged_at, self._logged_when = 0, time.perf_counter()
        if start is not None:
            self._load(start)
        folder.mkdir(parents=True, exist_ok=True)
        save_config(config, folder / "config.yaml")
        self.logger = Logger(folder, self.env_steps if start is not None else None)

    def train(self, watch: Callable[[Progress], None] | None = None) -> TrainingResult:
        """Trains to the end, or until the watcher raises ``KeyboardInterrupt``.

        Args:
            watch: called after every iteration.

        Raises:
            TrainingError: if a loss, a gradient, a reward or an observation is not finite, or the
                run's folder cannot be written.
        """
        began, steps_before, finished = time.perf_counter(), self.env_steps, False
        try:
            while self.env_steps < self.config.total_env_steps:
                self._iterate()
                rate = (self.env_steps - steps_before) / (time.perf_counter() - began)
                if watch is not None:
                    watch(Progress(self.env_steps, self.config.total_env_steps, rate, self.metrics))
            finished = True
        except KeyboardInterrupt:
            pass
        except OSError as error:
            where = f"the run's folder cannot be written at env step {self.env_steps} ({error})"
            raise TrainingError(where + self._left()) from error
        return self._finish(finished)

    def _iterate(self) -> None:
        """Collects one rollout, updates once, and logs, evaluates and saves when it is time."""
        before = self.env_steps
        rollout, episodes = self.collector.collect(self.policy)
        for name, values in episodes.metrics.items():
            self.episodes.metrics[name] += values
        begin = time.perf_counter()
        try:
            _check_finite(rollout)
            update = self.learner.update(rollout, before / self.config.total_env_steps)
        except NonFiniteError as error:
            raise TrainingError(f"at env step {before}, {error}{self._left()}") from error
        learning = time.perf_counter() - begin
        self.collector.seconds["learning"] = self.collector.seconds.get("learning", 0.0) + learning
        self.env_steps += self.config.env_steps_per_iteration
        if self._passed(self.config.log_interval, before):
            self._log(update)
        if self._passed(self.config.evaluation_interval, before):
            self._evaluate(rollout)
        if self._passed(self.config.checkpoint_interval, before):
            self._save()

    def _passed(self, interval: int, before: int) -> bool:
        return self.env_steps // interval > before // interval

    def _log(self, update: dict[str, float]) -> None:
        seconds = self.collector.seconds
        total = max(sum(seconds.values()), 1e-9)
        times = {f"time/share_{name}": spent / total for name, spent in seconds.items()}
        steps = self.env_steps - self._logged_at
        now = time.perf_counter()
        times["time/env_steps_per_second"] = steps / max(now - self._logged_when, 1e-9)
        self._logged_at, self._logged_when = self.env_steps, now
        for name in seconds:
            seconds[name] = 0.0
        self.metrics = {**self.metrics, **self.episodes.means(), **update, **times}
        self.logger.scalars(self.env_steps, {**self.episodes.means(), **update, **times})
        self.episodes = Episodes()

    def _evaluate(self, rollout: Rollout) -> None:
        make = self._make_evaluation_environment
        table = play(make, self.policy, self.config.evaluation_episodes, seed=10_000 + self.config.seed)
        events = self.collector.environment.events
        summary = summarise(table, dict(events), self.task.agent_noun)
        scores = {f"evaluation/{name}": e.mean for name, e in summary.items() if e.mean is not None}
        self.metrics = {**self.metrics, **scores}
        self.logger.scalars(self.env_steps, scores)
        for name, parameter in self.policy.named_parameters():
            self.logger.histogram(self.env_steps, f"weights/{name}", parameter)
        alive = rollout.observation.alive
        for name, values in {"value": rollout.value, "log_prob": rollout.log_prob, "reward": rollout.reward}.items():
            self.logger.histogram(self.env_steps, f"rollout/{name}", values[alive])
        try:
            scenes, counts = record_episode(make(1), self.policy, seed=20_000 + self.config.seed)
        except ValueError:
            return  # a task that cannot be drawn
        self.logger.picture(self.env_steps, "episode", contact_sheet(draw(scenes[::20], counts[::20])))

    def _make_evaluation_environment(self, num_copies: int) -> Environment:
        return self.task.make(self.config.env, num_copies, training=False, device=self.device)

    def _finish(self, finished: bool) -> TrainingResult:
        try:
            self._save()
            if finished:
                scores = {name: value for name, value in self.metrics.items() if _is_score(name)}
                self.logger.hyper_parameters(self.env_steps, self.config.model_dump(mode="json"), scores)
            self.logger.close()
        except OSError as error:
            raise TrainingError(f"the run's folder cannot be written ({error}){self._left()}") from error
        finally:
            self.collector.environment.close()
        return TrainingResult(self.folder, self.env_steps, finished, self.metrics, self.policy.eval())

    def _save(self) -> None:
        state = {
            "env_steps": self.env_steps,
            "learner": self.learner.state(),
            "collector": self.collector.state(),
            "episodes": {name: list(values) for name, values in self.episodes.metrics.items()},
            "metrics": dict(self.metrics),
        }
        self.checkpoints.save(self.env_steps, self.policy, state)
        save_policy(self.folder / "policy", self.policy, self.config.env.model_dump(mode="json"))

    def _load(self, checkpoint: Path) -> None:
        load_weights(self.policy, load_state(checkpoint, "weights")["weights"], checkpoint)
        state = load_state(checkpoint, "state")
        try:
            self.learner.load_state(state["learner"])
            self.collector.load_state(state["collector"])
            self.env_steps = state["env_steps"]
            self.metrics = state["metrics"]
            for name, values in state["episodes"].items():
                self.episodes.metrics[name] += values
        except (KeyError, TypeError, RuntimeError) as error:
            raise FileError(f"{checkpoint} does not fit this configuration or package: {error}") from error
        self._logged_at = self.env_steps

    def _starting_point(self, resume: bool) -> Path | None:
        if resume:
            latest = self.checkpoints.latest
            if latest is None:
                raise FileError(f"{self.folder} has no whole checkpoint to go on from (checkpoints/ is empty)")
            return latest
        if self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise ConfigError(
                f"{self.folder} exists and is not empty; name another folder, or go on with it: --resume {self.folder}"
            )
        return None

    def _left(self) -> str:
        latest = self.checkpoints.latest
        return "; no checkpoint was written yet" if latest is None else f"; the last good checkpoint is {latest}"


def build_policy(config: RunConfig[Any], environment: Environment, device: torch.device) -> ActorCritic:
    """The policy that a configuration describes, its weights drawn from the run's seed."""
    observation = environment.reset(config.seed)
    entities, hidden = observation.entities, observation.auxiliary_target
    sizes = tuple(0 if tensor is None else tensor.shape[-1] for tensor in (entities, hidden))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return ActorCritic(environment.roster, config.policy, *sizes).to(device)


def resume_config(folder: Path) -> RunConfig[Any]:
    """The configuration of a run that is to go on.

    Raises:
        FileError: if the folder is not a run.
    """
    if not (folder / "config.yaml").exists():
        raise FileError(f"{folder} is not a run: config.yaml is missing")
    return load_config(folder / "config.yaml")


def resolve_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is CUDA where there is one.

    Raises:
        ConfigError: if it is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device is {name!r}; write cpu, cuda, cuda:N or auto") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device is {name!r}, but PyTorch finds no CUDA here; write cpu or auto")
    return device


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Turns the first Ctrl-C into a wish to stop, so that an iteration is never cut in two.

    Yields:
        A function that tells whether stopping is wished. A second Ctrl-C interrupts at once.
    """
    wished = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield wished.is_set
        return

    def wish(number: int, frame: Any) -> None:
        if wished.is_set():
            raise KeyboardInterrupt
        wished.set()

    before = signal.signal(signal.SIGINT, wish)
    try:
        yield wished.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _check_finite(rollout: Rollout) -> None:
    observation = rollout.observation
    quantities = {f"observation of class {name}": x for name, x in observation.features.items()}
    quantities |= {"reward": rollout.reward, "value": rollout.value}
    if observation.entities is not None:
        quantities["entities of the observation"] = observation.entities
    for name, values in quantities.items():
        if not bool(values.isfinite().all()):
            raise NonFiniteError(name)


def _is_score(name: str) -> bool:
    return name.startswith(("return/", "contacts/", "evaluation/", "episode/"))
