"""What a report leaves on the disk: JSON, CSV, pictures, TensorBoard."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from marl.analysis.generalisation.pictures import curves, heat_map
from marl.core.serialisation import atomic_path, save_json
from marl.maths.seed_statistics import interval_of

__all__ = ["write_files"]

DOTS_PER_INCH = 150
COMPARED = ("ratio", "probability_of_improvement")


def write_files(report: Mapping[str, Any], folder: Path) -> None:
    """Writes ``report.json``, ``report.csv``, pictures and ``tensorboard/``.

    Args:
        report: as `marl.generalise` gives it.
        folder: there already; files of an earlier report are replaced.

    Raises:
        OSError: if something cannot be written.
    """
    save_json(folder / "report.json", report)
    _write_csv(report, folder / "report.csv")
    pictures = {}
    for arena in dict.fromkeys(row["arena"] for row in report["results"]):
        pictures[f"heat_map_{arena}"] = heat_map(report, arena)
        pictures[f"curves_{arena}"] = curves(report, arena)
    for stale in (*folder.glob("heat_map_*.png"), *folder.glob("curves_*.png")):
        if stale.stem not in pictures:
            stale.unlink()
    for name, figure in pictures.items():
        with atomic_path(folder / f"{name}.png") as path:
            FigureCanvasAgg(figure).print_png(path, metadata={"Software": "marl"})
    _write_tensorboard(report, pictures, folder / "tensorboard")


def _write_csv(report: Mapping[str, Any], file: Path) -> None:
    compared = {_place(row): row for row in report["comparisons"]}
    rows = []
    for result in report["results"]:
        row = {key: value for key, value in result.items() if key != "measures"}
        for name, estimate in result["measures"].items():
            row |= _columns(name, estimate)
        comparison = compared.get(_place(result), {})
        for name in COMPARED:
            if name in comparison:
                row |= _columns(f"{name}_to_native", comparison[name])
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_path(file) as path, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return row["policy"], row["prey"], row["arena"], row["cell"]


def _columns(name: str, estimate: Mapping[str, Any]) -> dict[str, Any]:
    interval, over = interval_of(estimate)
    low, high = ("", "") if interval is None else interval
    counts = {f"{name}_{key}": estimate[key] for key in ("seeds", "native_seeds") if key in estimate}
    return {
        name: estimate["value"],
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_interval_over": over if interval is not None else "",
        **counts,
    }


def _write_tensorboard(report: Mapping[str, Any], pictures: Mapping[str, Figure], folder: Path) -> None:
    """One TensorBoard run a policy; scalars over the number of agents, those of other mixes by themselves."""
    shutil.rmtree(folder, ignore_errors=True)  # events of an earlier report
    balanced = report["protocol"]["cells_mixed_as_trained"]
    for policy in dict.fromkeys(row["policy"] for row in report["results"]):
        with SummaryWriter(str(folder / policy.replace("/", "_"))) as writer:
            for row in _by_size(report["results"], policy):
                mix = "" if row["cell"] in balanced else f" {row['cell']}"
                for name, estimate in row["measures"].items():
                    if estimate["value"] is not None:
                        tag = f"{name}/{row['prey']} {row['arena']}{mix}"
                        writer.add_scalar(tag, estimate["value"], row["agents"])
            for row in _by_size(report["comparisons"], policy):
                mix = "" if row["cell"] in balanced else f" {row['cell']}"
                for name in COMPARED:
                    if row.get(name, {}).get("value") is not None:
                        tag = f"{name}_to_native/{row['prey']} {row['arena']}{mix}"
                        writer.add_scalar(tag, row[name]["value"], row["agents"])
    with SummaryWriter(str(folder / "pictures")) as writer:
        for name, figure in pictures.items():
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            writer.add_image(name, np.asarray(canvas.buffer_rgba())[..., :3], 0, dataformats="HWC")


def _by_size(rows: Sequence[Mapping[str, Any]], policy: str) -> list[Mapping[str, Any]]:
    return sorted((row for row in rows if row["policy"] == policy), key=lambda row: row["agents"])
