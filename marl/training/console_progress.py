"""Progress of a training on the console."""

from __future__ import annotations

import math
from datetime import timedelta

from rich.console import Console

from marl.core.trust import Trust, module_of
from marl.core.wording import argument
from marl.system.console import ProgressBar, noted_columns, plain_console
from marl.system.launcher import command_line
from marl.training.callbacks import Callback
from marl.training.progress import Progress, TrainingResult
from marl.training.run import Run

__all__ = ["Announcer", "TrainingBar", "console_callbacks", "note_of", "short"]

WATCH = "tensorboard --logdir"


def console_callbacks(wished: bool = True) -> tuple[Callback, ...]:
    """Callbacks that print a training as ``marl train`` does; none unless wished."""
    console = plain_console()
    return (TrainingBar(console), Announcer(console)) if wished else ()


class TrainingBar(Callback):
    """Show progress of a training, and announce when the task is solved.

    Args:
        console: prints.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar: ProgressBar | None = None
        self.solved_told, self.done = False, 0

    def on_start(self, run: Run) -> None:
        """Begin the bar."""
        self.solved_told, self.done = run.scores.solved is not None, run.env_steps
        self.bar = ProgressBar(
            self.console, noted_columns(), run.config.total_env_steps, first_at_once=True, expand=True, note=""
        )
        self.bar.__enter__()

    def on_iteration(self, progress: Progress) -> None:
        """Show progress after an iteration."""
        assert self.bar is not None
        if progress.solved is not None and not self.solved_told:
            self.solved_told = True
            self.bar.console.print(progress.solved, soft_wrap=True)
        self.done, note = min(progress.env_steps, progress.total_env_steps), note_of(progress)
        self.bar.update(self.done, note=note)
        left = (progress.total_env_steps - self.done) / progress.env_steps_per_second
        share = f"{self.done / progress.total_env_steps:4.0%}"
        ahead = share if progress.finished else f"{share}  {timedelta(seconds=round(left))} left"
        self.bar.tell(f"{ahead}  {note}", last=progress.finished)

    def on_evaluating(self, ended: int, episodes: int, env_steps: int) -> None:
        """Show the number of episodes of an evaluation that have ended, that of all, and env steps on the way."""
        assert self.bar is not None
        note = f"evaluating: {ended} of {episodes} episodes, {env_steps:,} env steps"
        self.bar.update(self.done, note=note)
        self.bar.tell(note)

    def on_end(self, result: TrainingResult) -> None:
        """End the bar, before others print how training ended."""
        self.close()

    def close(self) -> None:
        """End the bar where it has not ended."""
        if self.bar is not None:
            self.bar.__exit__()
        self.bar = None


class Announcer(Callback):
    """Print what is trained and where, and how it ended.

    Args:
        console: prints.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.run: Run | None = None

    def on_start(self, run: Run) -> None:
        """Tell the algorithm, its device, memory and folder, or that nothing is left to do."""
        self.run = run
        if run.finished:
            rule = f"another rule in {argument('score_log')}" if run.scores.over else argument("total_env_steps", "N")
            self._print(f"{run.folder} has done its {run.env_steps:,} env steps; for more: {rule}")
            return
        steps = f"from env step {run.env_steps:,} to {run.config.total_env_steps:,}"
        memory = f"{math.ceil(run.batch_bytes / 1e6):,} MB for rollouts and replay"
        what = f"training with {_algorithms(run)} {steps} on {run.device}, {run.policy.size}"
        self._print(f"{what}, {memory}, run folder {run.folder}")
        if run.config.keep_checkpoints == 1:
            told = "keep_checkpoints is 1: should the last checkpoint be damaged, there is none to go back to"
            self._print(told)
        self._print(f"watch it: {command_line(*WATCH.split(), run.folder)}")

    def on_end(self, result: TrainingResult) -> None:
        """Tell how to go on, or where the policy is."""
        run = self.run
        assert run is not None
        if not result.finished:
            module = module_of(run.config.env.name)
            known = not module or Trust(imported=False).covers(module)
            trusted = "marl train --resume" if known else f"marl train --trust {module} --resume"
            again = command_line(*trusted.split(), run.folder)
            self._print(f"stopped and saved at {result.env_steps:,} env steps; go on with: {again}")
            return
        if run.scores.over:
            self._print(f"the score log ended training after {len(run.scores):,} episodes")
        self._print(f"trained policy: {run.folder / 'policy'}")

    def _print(self, line: str) -> None:
        self.console.print(line, soft_wrap=True)


def _algorithms(run: Run) -> str:
    """Name of the algorithm, or of that of each side that learns."""
    if not run.config.sides:
        return str(run.config.algorithm.name)
    return ", ".join(
        f"{name}: {side.algorithm.name if side.algorithm else 'fixed'}" for name, side in run.config.sides.items()
    )


def note_of(progress: Progress) -> str:
    """Line with events per agent and the mean of the latest scores, as a narrow terminal cuts its end; then env steps,
    speed, returns (or, where they are opposite, shares won), the least and largest of these scores, and whether all of
    them are old."""
    metrics = progress.metrics
    kind = "won/" if any(name.startswith("won/") for name in metrics) else "return/"
    told = (name for name in metrics if name.startswith((kind, "score/m")) and name != "return/all")
    shown = {name: f"{name} {short(metrics[name])}" for name in told}
    parts = [f"{name} {short(value)}" for name, value in metrics.items() if name.partition("/")[0] in progress.events]
    if parts:
        parts[-1] += " per agent"
    parts += [shown.pop(name) for name in list(shown) if name.startswith("score/mean")]
    parts += [f"{progress.env_steps:,} env steps", f"{progress.env_steps_per_second:,.0f} per second", *shown.values()]
    parts += ["no episode has ended since"] if progress.stale and shown else []
    return "  ".join(parts if progress.solved is None else [*parts, progress.solved])


def short(value: float) -> str:
    """A decimal, or three where a number is between -1 and 1, as returns of some tasks are."""
    return f"{value:.3f}" if 0 < abs(value) < 1 else f"{value:.1f}"
