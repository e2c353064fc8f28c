"""Log of a run: TensorBoard and ``metrics.jsonl``."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import time
import warnings
from collections.abc import Mapping, Sequence
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

from marl.core.environment import State
from marl.core.errors import Note
from marl.core.files import atomic_path, make_folder, sync
from marl.core.reading import Rows, parse_json

__all__ = ["Logger"]

HISTOGRAM_BINS = 64


class Logger:
    """Write scalars to TensorBoard and ``metrics.jsonl``, pictures and histograms to TensorBoard.

    The system has everything when a method returns, the disk after `sync`; a failed write raises ``OSError`` at once.

    Args:
        folder: of the run.
        resume_at: env steps of the checkpoint that the run goes on from; later entries of the log
            are dropped. None for a new run.
        logged: what `sync` returned for that checkpoint; None if it is not known.
    """

    def __init__(self, folder: Path, resume_at: int | None = None, logged: State | None = None) -> None:
        path, events = folder / "metrics.jsonl", folder
        if (folder / "tensorboard").is_dir():  # where earlier versions wrote them
            events = folder / "tensorboard"
        if resume_at is not None and path.exists():
            _drop_after(path, resume_at, math.inf if logged is None else logged["metrics"])
        if logged is not None:
            _cut_events(events, logged["events"], logged["events_bytes"])
        self.file = path.open("a", encoding="utf-8")
        self.events = _EventFile(events, None if resume_at is None else resume_at + 1)
        sync(folder)

    def sync(self) -> State:
        """Wait until the disk has all that was logged.

        Returns:
            Bytes of ``metrics.jsonl``, name and bytes of the file of events, for a `Logger` that goes on from here.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        self.events.flush()
        os.fsync(self.events.file.fileno())
        return {
            "metrics": os.fstat(self.file.fileno()).st_size,
            "events": Path(self.events.file.name).name,
            "events_bytes": os.fstat(self.events.file.fileno()).st_size,
        }

    def scalars(self, env_steps: int, metrics: Mapping[str, float]) -> None:
        """Log numbers by name; those that are not finite are left out."""
        known = {name: float(value) for name, value in metrics.items() if math.isfinite(value)}
        for name, value in known.items():
            self.events.write(env_steps, summary.scalar(name, value))
        self.events.flush()
        self.file.write(json.dumps({"env_steps": env_steps, **known}) + "\n")
        self.file.flush()

    def histogram(self, env_steps: int, name: str, values: Tensor) -> None:
        """Log the distribution of values of any shape; nothing if there are none.

        One that cannot be made, as of equal values so large that no bins fit between them, is left out with a note.
        """
        if not values.numel():
            return
        numbers = values.detach().float().cpu().numpy()
        try:
            self.events.write(env_steps, summary.histogram(name, numbers, HISTOGRAM_BINS))
        except ValueError as error:
            note = f"the histogram {name} of env step {env_steps:,} is left out: {error}"
            self.text(env_steps, name, note)
            warnings.warn(note, Note, stacklevel=2)

    def picture(self, env_steps: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Log a picture ``[H, W, 3]``."""
        self.events.write(env_steps, summary.image(name, picture, dataformats="HWC"))
        self.events.flush()

    def text(self, env_steps: int, name: str, text: str) -> None:
        """Log a text of Markdown."""
        part = summary.text(name, text)
        part.value[0].tag = name  # which PyTorch lengthens
        self.events.write(env_steps, part)
        self.events.flush()

    def layout(self, charts: Mapping[str, Mapping[str, list[Any]]]) -> None:
        """Log the charts of TensorBoard's custom scalars."""
        self.events.write(0, summary.custom_scalars(charts))

    def hyper_parameters(
        self, env_steps: int, values: Mapping[str, bool | int | float | str], metrics: Sequence[str]
    ) -> None:
        """Log settings for TensorBoard's table of runs.

        Args:
            env_steps: env steps done.
            values: settings by name.
            metrics: names of the metrics beside them, whose latest values count.
        """
        for part in summary.hparams(dict(values), dict.fromkeys(metrics, 0.0)):
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
        make_folder(folder)
        # TensorBoard reads files in order of their names, so a clock that was set back must not give an earlier one
        number = max([time.time_ns(), *(_number(path.name) + 1 for path in _event_files(folder))])
        seconds, rest = divmod(number, 1_000_000_000)
        name = f"events.out.tfevents.{seconds:010d}.{rest:09d}.{socket.gethostname()}.{os.getpid()}"
        self.file = (folder / name).open("xb")
        self.records = RecordWriter(self.file)
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        if purge_step is not None:
            start = SessionLog(status=SessionLog.START)
            self._write(Event(wall_time=time.time(), step=purge_step, session_log=start))
        self.flush()
        sync(folder)

    def write(self, step: int, part: Summary) -> None:
        self._write(Event(wall_time=time.time(), step=step, summary=part))

    def flush(self) -> None:
        self.file.flush()

    def _write(self, event: Event) -> None:
        self.records.write(event.SerializeToString())


EVENT_FILE = re.compile(r"events\.out\.tfevents\.(\d{10})\.(\d{9})\..*")


def _event_files(folder: Path) -> list[Path]:
    """Files of events that a logger wrote, in their order."""
    return sorted(path for path in folder.glob("events.*") if EVENT_FILE.fullmatch(path.name))


def _number(name: str) -> int:
    """Time of a file of events in nanoseconds."""
    found = EVENT_FILE.fullmatch(name)
    return 0 if found is None else int(found[1] + found[2])


def _cut_events(folder: Path, name: str, size: int) -> None:
    """Cut a file of events down to its size at a checkpoint, and remove those that were begun after it."""
    for path in _event_files(folder):
        if path.name == name and path.stat().st_size > size:
            os.truncate(path, size)
        elif _number(path.name) > _number(name):
            path.unlink()


def _drop_after(path: Path, env_steps: int, size: float) -> None:
    """Drop lines of later steps, those after ``size`` bytes, an incomplete last line, and with a note damaged ones."""
    rows, place = Rows(path), 0

    def kept(line: bytes) -> bytes:
        nonlocal place
        place += len(line)
        return line.rstrip(b"\n") + b"\n" if place <= size and parse_json(line)["env_steps"] <= env_steps else b""

    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.writelines(rows.read(kept))
    if rows.note is not None:
        warnings.warn(rows.note, Note, stacklevel=2)
