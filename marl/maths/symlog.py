"""Squashing of unbounded values."""

from __future__ import annotations

from torch import Tensor

__all__ = ["symlog"]


def symlog(x: Tensor) -> Tensor:
    """``sign(x) log(1 + |x|)``, of any shape.

    Reference: Hafner et al., "Mastering Diverse Domains through World Models",
    https://arxiv.org/abs/2301.04104, equation 9.
    """
    return x.sign() * x.abs().log1p()
