"""Large tensors by parts that a CPU's cache holds."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["by_parts"]


def by_parts(function: Callable[..., Tensor], rows: int, *inputs: Tensor) -> Tensor:
    """Apply a function whose rows do not depend on each other; on a CPU to so many rows at a time.

    Tensors of fewer rows stay in the cache, and need no fresh memory from the system.

    Args:
        function: of the inputs, row for row.
        rows: in a part; at least one is taken.
        inputs: ``[M, ...]`` each.

    Returns:
        ``[M, ...]``.
    """
    if inputs[0].device.type != "cpu" or torch.compiler.is_compiling():
        return function(*inputs)
    parts = zip(*(each.split(max(1, rows)) for each in inputs), strict=True)
    return torch.cat([function(*part) for part in parts])
