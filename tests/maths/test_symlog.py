"""Squashing."""

from __future__ import annotations

import math

import torch

from marl.maths.symlog import symlog


def test_symlog_is_the_logarithm_of_one_more_with_the_sign_kept() -> None:
    x = torch.tensor([0.0, 1.0, -1.0, math.e - 1])
    torch.testing.assert_close(symlog(x), torch.tensor([0.0, math.log(2), -math.log(2), 1.0]))
