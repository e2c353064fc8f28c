"""ONNX files: a policy's networks, and metadata that name their inputs and outputs."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from marl.core.errors import ConfigError
from marl.core.files import atomic_path
from marl.core.roster import class_of_image
from marl.core.version import __version__
from marl.core.wording import argument
from marl.policies.named_policy import NamedPolicy

__all__ = ["check_out", "check_packages", "write_onnx"]

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
TOLERANCE = 1e-4
"""Largest difference to PyTorch, relative for numbers above 1, with which a file is written; 1e-6 is usual."""
DOUBLE = 11
"""ONNX's number of float64."""
MEANINGS = {
    "features": "what each agent of the class observes",
    "images": "pictures, channels first",
    "action_mask": "True for legal actions",
    "alive": "True for agents that are there",
    "acting": "True for agents whose turn it is",
    "adjacency": "True where row hears column",
    "kinematics": "position and velocity that an agent's messages carry",
    "keys": "memory: zeros where an episode begins, then next_keys",
    "values": "memory: zeros where an episode begins, then next_values",
    "valid": "memory: False where an episode begins, then next_valid",
    "log_probs": "log-probability of each action, in nats",
    "mean": "mean of each component; -1 and 1 are the bounds of the action",
    "log_std": "logarithm of the standard deviation of each component",
    "q_values": "value of each action, the lowest number for illegal ones",
    "outcomes": "value for each player between -1 and 1, the agent's own first",
    "next_keys": "memory after the step",
    "next_values": "memory after the step",
    "next_valid": "memory after the step",
}
"""Meanings of inputs and outputs, by their names without that of the class."""


def check_packages() -> None:
    """Refuse to export without the packages of the extra ``export``.

    Raises:
        ConfigError: naming those that are missing.
    """
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise ConfigError(f"an export needs {', '.join(missing)}: pip install 'marl-teams[export]'")


def check_out(out: str | Path) -> Path:
    """Path of a file that can be written, before any work is done.

    Raises:
        ConfigError: if it does not end in ``.onnx``, is a folder or lies in none.
    """
    path = Path(out)
    if path.suffix != ".onnx":
        raise ConfigError(f"{argument('out')} is {str(path)!r}; an exported policy ends in .onnx")
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"{argument('out')} is {str(path)!r}; name a file in a folder that exists")
    return path


def write_onnx(named: NamedPolicy, facts: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Write a policy, whole or not at all, after it was compared with PyTorch.

    Args:
        named: the policy.
        facts: further metadata.
        path: of the file.

    Returns:
        The metadata, and the largest difference of an output.

    Raises:
        ConfigError: if the file would answer otherwise than the policy.
    """
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            named,
            tuple(named.inputs.values()),
            input_names=list(named.inputs),
            output_names=list(named.outputs),
            dynamic_shapes=(tuple({0: torch.export.Dim("B")} for _ in named.inputs),),
            dynamo=True,
            custom_translation_table={torch.ops.aten.log1p.default: _log1p},
            verbose=False,
        )
    assert program is not None
    described = {
        "version": __version__,
        **facts,
        "inputs": {name: _described(name, x) for name, x in named.inputs.items()},
        "outputs": {name: _described(name, x) for name, x in named.outputs.items()},
    }
    program.model.metadata_props["marl"] = json.dumps(described)
    content = program.model_proto.SerializeToString()
    difference = _difference(content, named)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return described | {"largest_difference": difference}


def _log1p(x: Any) -> Any:
    """log(1 + x) in float64: ONNX has no log1p, and the rounding of 1 + x would count."""
    from onnxscript import opset18

    ops: Any = opset18
    wide = ops.Cast(x, to=DOUBLE)
    one = ops.CastLike(ops.Constant(value_float=1.0), wide)
    return ops.CastLike(ops.Log(ops.Add(wide, one)), x)


def _described(name: str, example: Tensor) -> dict[str, Any]:
    kind = next(field for field in MEANINGS if name == field or name.startswith(f"{field}_"))
    return {
        "class": class_of_image(name.removeprefix(kind).removeprefix("_")) or None,
        "shape": ["B", *example.shape[1:]],
        "dtype": str(example.dtype).removeprefix("torch."),
        "meaning": MEANINGS[kind],
    }


def _difference(content: bytes, named: NamedPolicy) -> float:
    """Largest difference of an output to PyTorch's over three steps, each with the memory of the one before.

    Raises:
        ConfigError: if it is too large.
    """
    from onnxruntime import InferenceSession

    session, largest = InferenceSession(content, providers=["CPUExecutionProvider"]), 0.0
    given = {name: x.numpy() for name, x in named.inputs.items()}
    for _ in range(3):
        with torch.no_grad():
            wanted = named.named(*(torch.from_numpy(x) for x in given.values()))
        found = dict(zip(wanted, session.run(list(wanted), given), strict=True))
        for name, x in wanted.items():
            expected = x.numpy().astype(np.float64)
            close = np.abs(found[name] - expected) / np.maximum(1, np.abs(expected))
            if name in ("next_keys", "next_values"):
                close = close * found["next_valid"][:, :, None, :, None]
            largest = max(largest, float(close.max()))
        given |= {name.removeprefix("next_"): x for name, x in found.items() if name.startswith("next_")}
    if not largest < TOLERANCE:
        raise ConfigError(f"in onnxruntime the policy answers otherwise, by {largest:.3g}; nothing was written")
    return largest


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the exporter tells its developers."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
