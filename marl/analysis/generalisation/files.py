"""Files of a report: JSON, CSV, Markdown, pictures, TensorBoard."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from torch.utils.tensorboard import SummaryWriter

from marl.analysis.generalisation.profile_picture import transfer_profiles
from marl.analysis.generalisation.transfer_pictures import transfer_curves, transfer_heat_map
from marl.analysis.generalisation.transfer_report import GeneralisationReport, Place
from marl.analysis.generalisation.transfer_tables import transfer_markdown
from marl.core.files import atomic_path, save_json
from marl.maths.intervals import Estimate
from marl.pictures.style import pixels, save_png

__all__ = ["write_files"]


def write_files(report: GeneralisationReport, folder: Path) -> None:
    """Write ``report.json``, ``report.csv``, ``report.md``, pictures and ``tensorboard/``.

    Args:
        report: report to write.
        folder: must exist; files of an earlier report are replaced.

    Raises:
        OSError: if something cannot be written.
    """
    save_json(folder / "report.json", report.as_json())
    _write_csv(report, folder / "report.csv")
    with atomic_path(folder / "report.md") as path:
        path.write_text(transfer_markdown(report), encoding="utf-8")
    pictures = {}
    for arena in dict.fromkeys(result.place.arena for result in report.results):
        of = "" if arena is None else f"_{arena}"
        pictures[f"heat_map{of}"] = transfer_heat_map(report, arena)
        pictures[f"curves{of}"] = transfer_curves(report, arena)
        if (profiles := transfer_profiles(report, arena)) is not None:
            pictures[f"profiles{of}"] = profiles
    for kind in ("heat_map", "curves", "profiles"):
        for stale in folder.glob(f"{kind}*.png"):
            if stale.stem not in pictures:
                stale.unlink()
    for name, figure in pictures.items():
        save_png(figure, folder / f"{name}.png")
    _write_tensorboard(report, pictures, folder / "tensorboard")


def _write_csv(report: GeneralisationReport, file: Path) -> None:
    compared = {comparison.place: comparison for comparison in report.comparisons}
    rows = []
    for result in report.results:
        row = {**result.place.as_json(), "team": result.team}
        for name, measure in result.measures.items():
            row |= _columns(name, measure.estimate)
        if result.place in compared:
            for name, estimate in compared[result.place].estimates.items():
                row |= _columns(f"{name}_to_native", estimate)
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with atomic_path(file) as path, path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _columns(name: str, estimate: Estimate) -> dict[str, Any]:
    low, high = ("", "") if estimate.ci95 is None else estimate.ci95
    return {
        name: estimate.value,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_interval_over": "" if estimate.ci95 is None else estimate.over,
        **{f"{name}_{of}": count for of, count in estimate.counts.items()},
    }


def _write_tensorboard(report: GeneralisationReport, pictures: Mapping[str, Figure], folder: Path) -> None:
    """Write one TensorBoard run for each policy: scalars over the number of agents, and those of other mixes."""
    shutil.rmtree(folder, ignore_errors=True)  # events of an earlier report
    balanced = report.setting.mixed_as_trained
    for policy in report.policies:
        with SummaryWriter(str(folder / policy.name.replace("/", "_"))) as writer:
            for place, name, estimate in _by_size(report, policy.name):
                if estimate.value is not None:
                    mix = "" if place.composition in balanced else f" {place.composition}"
                    of = f"{place.prey} {place.arena}" if place.prey else report.setting.varied
                    writer.add_scalar(f"{name}/{of}{mix}", estimate.value, place.agents)
    with SummaryWriter(str(folder / "pictures")) as writer:
        for name, figure in pictures.items():
            writer.add_image(name, pixels(figure), 0, dataformats="HWC")


def _by_size(report: GeneralisationReport, policy: str) -> Iterable[tuple[Place, str, Estimate]]:
    """Estimates of a policy with their names, its measures before its comparisons, small teams first."""
    measured = [(r.place, {name: m.estimate for name, m in r.measures.items()}) for r in report.results]
    compared = [(c.place, {f"{name}_to_native": e for name, e in c.estimates.items()}) for c in report.comparisons]
    for rows in (measured, compared):
        mine = [row for row in rows if row[0].policy == policy]
        for place, estimates in sorted(mine, key=lambda row: row[0].agents):
            yield from ((place, name, estimate) for name, estimate in estimates.items())
