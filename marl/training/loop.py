"""The training loop: collect, update, let the monitor see, save.

An *iteration* collects once and updates once; *env steps* count single steps of single copies.
"""

from __future__ import annotations

from marl.system.interrupts import stop_on_signal
from marl.training.monitor import Monitor
from marl.training.progress import TrainingResult, Watch
from marl.training.run import Run

__all__ = ["train"]


def train(run: Run, monitor: Monitor, watch: Watch | None = None) -> TrainingResult:
    """Train to the end, or until Ctrl-C, SIGTERM or SIGHUP, and save.

    A second signal ends it at once; the last checkpoint is left.

    Args:
        run: run to train.
        monitor: monitor of this run.
        watch: called after every iteration; see `Watch`.

    Raises:
        TrainingError: if a loss, a gradient, a reward or an observation is not finite, the environment fails, or the
            run's folder cannot be written.
    """
    try:
        with stop_on_signal() as stop_wished, run.going_on():
            evaluation_due = not monitor.catch_up(stop_wished)
            while not (run.finished or stop_wished()):
                before = run.env_steps
                collected = run.source.collect(run.player, run.share_done)
                monitor.count(collected)
                with monitor.timing("learning"):
                    update = run.learner.update(collected.batch, run.share_done)
                run.env_steps += collected.env_steps
                monitor.see(collected, update, before)
                del collected  # before the next is collected: images take most of the memory
                evaluation_due = run.is_due(run.config.evaluation_interval, before)
                if run.is_due(run.config.checkpoint_interval, before):
                    run.save(monitor.state(), evaluation_due)
                if evaluation_due:
                    evaluation_due = not monitor.evaluate(stop_wished)
                if watch is not None and watch(monitor.progress):
                    break
            if run.saved_at != run.env_steps:
                run.save(monitor.state(), evaluation_due)
    finally:
        monitor.close()
        run.source.close()
    finished = run.finished and not evaluation_due
    stopped_by = None if finished else stop_wished.signal
    return TrainingResult(run.folder, run.env_steps, finished, monitor.metrics, run.player.eval(), stopped_by)
