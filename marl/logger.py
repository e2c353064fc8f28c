"""Where metrics go: TensorBoard and ``metrics.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

__all__ = ["Logger"]


class Logger:
    """Writes scalars to TensorBoard and ``metrics.jsonl``, pictures and histograms to TensorBoard.

    Args:
        folder: of the run.
        resume_at: env steps of the checkpoint that the run goes on from; what was logged after it
            is dropped. None for a new run.
    """

    def __init__(self, folder: Path, resume_at: int | None = None) -> None:
        self.path = folder / "metrics.jsonl"
        if resume_at is not None and self.path.exists():
            lines = self.path.read_text().splitlines()
            kept = [line for line in lines if line.endswith("}") and json.loads(line)["env_steps"] <= resume_at]
            self.path.write_text("".join(line + "\n" for line in kept))
        self.file = self.path.open("a", encoding="utf-8")
        purge = None if resume_at is None else resume_at + 1
        self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=purge)

    def scalars(self, env_steps: int, metrics: Mapping[str, float]) -> None:
        """Logs numbers by name; those that are NaN are left out."""
        known = {name: float(value) for name, value in metrics.items() if value == value}
        for name, value in known.items():
            self.writer.add_scalar(name, value, env_steps)
        self.file.write(json.dumps({"env_steps": env_steps, **known}) + "\n")
        self.file.flush()

    def histogram(self, env_steps: int, name: str, values: Tensor) -> None:
        """Logs how values of any shape are distributed."""
        self.writer.add_histogram(name, values.detach().float().cpu(), env_steps)

    def picture(self, env_steps: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Logs a picture ``[H, W, 3]``."""
        self.writer.add_image(name, picture, env_steps, dataformats="HWC")

    def hyper_parameters(self, env_steps: int, config: Mapping[str, Any], scores: Mapping[str, float]) -> None:
        """Logs the settings beside the final scores, for TensorBoard's table of runs."""
        flat = flatten(config)
        events = self.writer._get_file_writer()  # add_hparams would open a second run for one table row
        for summary in hparams(flat, {f"final/{name}": value for name, value in scores.items()}):
            events.add_summary(summary)
        for name, value in scores.items():
            self.writer.add_scalar(f"final/{name}", value, env_steps)

    def close(self) -> None:
        """Writes what is pending."""
        self.writer.close()
        self.file.close()


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, bool | int | float | str]:
    """Nested settings under dotted names; lists and None as text."""
    flat: dict[str, bool | int | float | str] = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value if isinstance(value, bool | int | float | str) else str(value)
    return flat
