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
            ValueError: for a team that the file does not play, and a name that is no input.
            KeyError: for an input that is missing.
        """
        if unknown := sorted(seen.keys() - self.facts["inputs"].keys()):
            raise ValueError(f"{unknown[0]} is no input; inputs are {', '.join(self.facts['inputs'])}")
        places = self._places(seen)
        every = [place for of_class in places.values() for place in of_class]
        given = {**self._memory}
        for name in self.facts["inputs"].keys() - given.keys():
            given[name] = self._zeros(name)
            if (of_class := self.facts["inputs"][name]["class"]) is not None:
                if size := len(places[of_class]):
                    given[name][0, :size] = seen[name]
            elif name == "adjacency":
                given[name][0][np.ix_(every, every)] = seen[name]
            else:
                given[name][0, every] = seen.get(name, True) if name == "alive" else seen[name]
        outputs = self.facts["outputs"]
        found = dict(zip(outputs, self._session.run(list(outputs), given), strict=True))
        self._memory = {name: found.pop(f"next_{name}") for name in self._memory}
        return {name: numbers[0, : len(places[outputs[name]["class"]])] for name, numbers in found.items()}

    def _places(self, seen: Mapping[str, Any]) -> dict[str, range]:
        """Places of the agents of each class among those of the largest team."""
        sizes = dict.fromkeys(self.facts["team"], 0)
        for name, told in self.facts["inputs"].items():
            if told["class"] is not None and name in seen:
                sizes[told["class"]] = len(seen[name])
        places, start = {}, 0
        for name, largest in self.facts["team"].items():
            size = sizes[name]
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

    def _zeros(self, name: str) -> NDArray[Any]:
        told = self.facts["inputs"][name]
        return np.zeros((1, *told["shape"][1:]), told["dtype"])
