"""The training loop: collect, update, let the monitor see, save.

An *iteration* collects once and updates once; *env steps* count single steps of single copies.
"""

from __future__ import annotations

from marl.system.interrupts import stop_on_signal
from marl.training.monitor import Monitor
from marl.training.progress import TrainingResult
from marl.training.run import Run

__all__ = ["train"]


def train(run: Run, monitor: Monitor) -> TrainingResult:
    """Train to the end, until a callback stops it, or until Ctrl-C, SIGTERM or SIGHUP, and save.

    A second signal ends it at once; the last checkpoint is left.

    Args:
        run: run to train.
        monitor: monitor of this run, with its callbacks.

    Raises:
        TrainingError: if a loss, a gradient, a reward or an observation is not finite, the environment or a callback
            fails, or the run's folder cannot be written.
    """
    callbacks = monitor.callbacks
    try:
        with stop_on_signal() as signalled, run.going_on():

            def stop_wished() -> bool:
                return signalled() or callbacks.stopped

            callbacks.tell(lambda each: each.on_start(run))
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
                callbacks.tell(lambda each: each.on_iteration(monitor.progress))
            if run.saved_at != run.env_steps:
                run.save(monitor.state(), evaluation_due)
        finished = run.finished and not evaluation_due
        stopped_by = None if finished else signalled.signal
        result = TrainingResult(run.folder, run.env_steps, finished, monitor.metrics, run.player.eval(), stopped_by)
        callbacks.tell(lambda each: each.on_end(result))
    finally:
        monitor.close()
        run.source.close()
    callbacks.check(run)
    return result
