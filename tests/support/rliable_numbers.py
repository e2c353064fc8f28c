"""Numbers of rliable for ``tests/maths/test_cell_statistics.py``, from contacts of `experiments/results/mixed`.

Usage: pip install rliable==1.2.0, then python tests/support/rliable_numbers.py

Writes ``rliable_numbers.json`` beside this file: scores ``[S, M]`` of ``S`` training seeds in ``M`` cells, and what
rliable makes of them. Its bootstrap draws every score of a cell by itself, as if each cell had runs of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rliable import library, metrics

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "experiments" / "results" / "mixed" / "report.json"
CELLS, PREY, MEASURE = ("1+1", "2+2", "3+1", "1+3", "4+4", "8+8"), "random", "contacts_per_episode"
ARMS = {"mixed": "mixed", "fixed": "native 2+2"}
THRESHOLDS = [round(0.05 * number, 2) for number in range(14, 29)]
RESAMPLES = 5_000

Scores = NDArray[np.float64]


def per_seed(results: list, policy: str) -> Scores:
    """Contacts of a policy, ``[S, M]``; of ``native`` those of each cell's natives; of ``fixed`` those of 2+2."""
    found = {(row["policy"], row["cell"]): row["measures"][MEASURE] for row in results if row["prey"] == PREY}
    names = [f"native {cell}" if policy == "native" else ARMS[policy] for cell in CELLS]
    return np.array([found[name, cell]["per_seed"] for name, cell in zip(names, CELLS, strict=True)]).T


def main() -> None:
    """Compute and write the numbers."""
    np.random.seed(0)  # noqa: NPY002  (rliable draws from the global generator)
    results = json.loads(REPORT.read_text(encoding="utf-8"))["results"]
    native = per_seed(results, "native")
    scale = np.array([metrics.aggregate_iqm(column[:, None]) for column in native.T])
    scores = {name: per_seed(results, name) / scale for name in ARMS} | {"native": native / scale}

    def improvement(first: Scores, second: Scores) -> Scores:
        return np.array([metrics.probability_of_improvement(first, second)])

    pairs = {f"{x} {y}": [scores[x], scores[y]] for x, y in (("mixed", "native"), ("mixed", "fixed"))}
    means, mean_ends = library.get_interval_estimates(
        scores, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=RESAMPLES
    )
    better, better_ends = library.get_interval_estimates(pairs, improvement, reps=RESAMPLES)
    shares, share_ends = library.create_performance_profile(scores, THRESHOLDS, reps=RESAMPLES)
    told = {
        "rliable": "1.2.0",
        "resamples": RESAMPLES,
        "thresholds": THRESHOLDS,
        "scores": {name: values.tolist() for name, values in scores.items()},
        "interquartile_mean": {n: [means[n][0], *mean_ends[n][:, 0]] for n in scores},
        "probability_of_improvement": {n: [better[n][0], *better_ends[n][:, 0]] for n in pairs},
        "performance_profile": {n: [shares[n].tolist(), *share_ends[n].tolist()] for n in scores},
    }
    (HERE / "rliable_numbers.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
