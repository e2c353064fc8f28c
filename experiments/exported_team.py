"""A team that acts by a file of ``marl export``, with NumPy and onnxruntime alone: copy this file to where it is used.

    team = ExportedTeam("policy.onnx")
    numbers = team(features_A=..., features_B=..., adjacency=..., kinematics=...)  # of one step of one world
    team.reset()  # where an episode begins

Axes: ``N`` agents of this team, class by class, ``N_c`` of a class, ``D`` features, ``A`` actions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

__all__ = ["ExportedTeam"]

OF_CLASS = ("features", "images", "action_mask")
MEMORY = ("keys", "values", "valid")


class ExportedTeam:
    """Exported policy of one world, whose team may be smaller than the largest and may change.

    Args:
        path: the file.

    Attributes:
        facts: what the file says of itself: ``team``, ``inputs``, ``outputs`` and more.
    """

    def __init__(self, path: str | Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # networks of this size are slower with several
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.facts: dict[str, Any] = json.loads(self._session.get_modelmeta().custom_metadata_map["marl"])
        self.reset()

    def reset(self) -> None:
        """Forget everything, as is due where an episode begins."""
        self._memory = {name: self._zeros(name) for name in MEMORY if name in self.facts["inputs"]}

    def __call__(self, **seen: Any) -> dict[str, NDArray[Any]]:
        """Outputs for one step, e.g. ``log_probs_A`` ``[N_A, A]``.

        Args:
            seen: inputs by name, without batch, padding and memory: ``features_A`` ``[N_A, D]``, ``adjacency``
                ``[N, N]``, ``kinematics`` ``[N, 4]``. ``alive`` ``[N]`` may be left out where all of them are there.

        Raises:
            ValueError: for a team that the file does not play.
            KeyError: for an input that is missing.
        """
        places = self._places(seen)
        every = [place for of_class in places.values() for place in of_class]
        given = {**self._memory}
        for name in self.facts["inputs"].keys() - given.keys():
            given[name] = self._zeros(name)
            if (field := self._field(name)) is not None:
                if size := len(places[name.removeprefix(f"{field}_")]):
                    given[name][0, :size] = seen[name]
            elif name == "adjacency":
                given[name][0][np.ix_(every, every)] = seen[name]
            else:
                given[name][0, every] = seen.get(name, True) if name == "alive" else seen[name]
        found = dict(zip(self.facts["outputs"], self._session.run(list(self.facts["outputs"]), given), strict=True))
        self._memory = {name: found.pop(f"next_{name}") for name in self._memory}
        return {name: numbers[0, : len(places[self._class(name)])] for name, numbers in found.items()}

    def _places(self, seen: Mapping[str, Any]) -> dict[str, range]:
        """Places of the agents of each class among those of the largest team."""
        places, start = {}, 0
        for name, largest in self.facts["team"].items():
            size = max((len(seen[f"{field}_{name}"]) for field in OF_CLASS if f"{field}_{name}" in seen), default=0)
            if size < largest and not self.facts["smaller_teams"]:
                raise ValueError(f"there are {size} agents of class {name}, and what a class sees asks for {largest}")
            if size > largest:
                raise ValueError(
                    f"there are {size} agents of class {name}, and the file plays at most {largest}; export it for "
                    f"them: marl export RUN --largest-team {name}={size},..."
                )
            places[name] = range(start, start + size)
            start += largest
        return places

    def _field(self, name: str) -> str | None:
        return next((field for field in OF_CLASS if name.startswith(f"{field}_")), None)

    def _class(self, output: str) -> str:
        return next(name for name in self.facts["team"] if output.endswith(f"_{name}"))

    def _zeros(self, name: str) -> NDArray[Any]:
        told = self.facts["inputs"][name]
        return np.zeros((1, *told["shape"][1:]), told["dtype"])
