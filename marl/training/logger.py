"""Log of a run: TensorBoard and ``metrics.jsonl``."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import RecordWriter  # type: ignore[import-untyped]
from torch import Tensor
from torch.utils.tensorboard import summary

from marl.core.files import atomic_path
from marl.core.reading import Rows, parse_json

__all__ = ["Logger"]

HISTOGRAM_BINS = 64


class Logger:
    """Write scalars to TensorBoard and ``metrics.jsonl``, pictures and histograms to TensorBoard.

    Everything is on the disk when a method returns; a failed write raises ``OSError`` at once.

    Args:
        folder: of the run.
        resume_at: env steps of the checkpoint that the run goes on from; later entries of the log
            are dropped. None for a new run.

    Attributes:
        note: sentence about damaged rows that were dropped as well; None if there were none.
    """

    note: str | None = None

    def __init__(self, folder: Path, resume_at: int | None = None) -> None:
        path = folder / "metrics.jsonl"
        if resume_at is not None and path.exists():
            self.note = _drop_after(path, resume_at)
        self.file = path.open("a", encoding="utf-8")
        self.events = _EventFile(folder / "tensorboard", None if resume_at is None else resume_at + 1)

    def scalars(self, env_steps: int, metrics: Mapping[str, float]) -> None:
        """Log numbers by name; those that are not finite are left out."""
        known = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        for name, value in known.items():
            self.events.write(env_steps, summary.scalar(name, value))
        self.events.flush()
        self.file.write(json.dumps({"env_steps": env_steps, **known}) + "\n")
        self.file.flush()

    def histogram(self, env_steps: int, name: str, values: Tensor) -> None:
        """Log the distribution of values of any shape; nothing if there are none."""
        if values.numel():
            numbers = values.detach().float().cpu().numpy()
            self.events.write(env_steps, summary.histogram(name, numbers, HISTOGRAM_BINS))

    def picture(self, env_steps: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Log a picture ``[H, W, 3]``."""
        self.events.write(env_steps, summary.image(name, picture, dataformats="HWC"))
        self.events.flush()

    def text(self, env_steps: int, name: str, text: str) -> None:
        """Log a line of text."""
        self.events.write(env_steps, summary.text(name, text))
        self.events.flush()

    def hyper_parameters(self, env_steps: int, config: Mapping[str, Any], scores: Mapping[str, float]) -> None:
        """Log the settings beside the final scores, for TensorBoard's table of runs."""
        final = {f"final/{name}": value for name, value in scores.items()}
        for part in (*summary.hparams(flatten(config), final), *(summary.scalar(*item) for item in final.items())):
            self.events.write(env_steps, part)
        self.events.flush()

    def close(self) -> None:
        """Close the files."""
        for file in (self.events.file, self.file):
            with suppress(OSError):  # a failed write raised its error before
                file.close()


class _EventFile:
    """File of TensorBoard events, written without a thread so that an error shows where it happens.

    Args:
        folder: folder of the file.
        purge_step: events of earlier files from this step on do not count; None if all do.
    """

    def __init__(self, folder: Path, purge_step: int | None) -> None:
        folder.mkdir(exist_ok=True)
        seconds, rest = divmod(time.time_ns(), 1_000_000_000)  # TensorBoard reads files in order of their names
        name = f"events.out.tfevents.{seconds:010d}.{rest:09d}.{socket.gethostname()}.{os.getpid()}"
        self.file = (folder / name).open("xb")
        self.records = RecordWriter(self.file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(wall_time=time.time(), step=purge_step, session_log=start))
        self.flush()

    def write(self, step: int, part: Summary) -> None:
        self._write(Event(wall_time=time.time(), step=step, summary=part))

    def flush(self) -> None:
        self.file.flush()

    def _write(self, event: Event) -> None:
        self.records.write(event.SerializeToString())


def _drop_after(path: Path, env_steps: int) -> str | None:
    """Drop lines of later steps, an incomplete last line, and damaged ones, about which it returns a sentence."""
    rows = Rows(path)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.writelines(line for line in rows.read(lambda line: line if _ends_by(line, env_steps) else b""))
    return rows.note


def _ends_by(line: bytes, env_steps: int) -> bool:
    return bool(parse_json(line)["env_steps"] <= env_steps) and line.endswith(b"\n")


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, bool | int | float | str]:
    """Flatten nested settings to dotted names; lists and None become text."""
    flat: dict[str, bool | int | float | str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, bool | int | float | str) else str(value)
    return flat
