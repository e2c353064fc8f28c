"""Settings of searches with a prior. Nothing here imports PyTorch or Numba, so that help is quick."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from marl.core.config import Config
from marl.maths.schedules import WholeSchedule, scheduled

__all__ = ["GumbelConfig", "PUCTConfig", "SearchConfig", "simulations_at"]


class PUCTConfig(Config):
    """Search by PUCT, as in AlphaZero (Silver et al. 2018); acts by visits and teaches their shares."""

    kind: Literal["puct"] = "puct"
    """Search of this kind."""
    simulations: WholeSchedule = 64
    """Simulations of each search, on top of the evaluation of its root; 0 plays the network alone, without learning.
    Two numbers are those at the start and at the end of training; all but self-play takes the last."""
    c_puct: float = Field(1.5, ge=0, allow_inf_nan=False)
    """Weight of the prior against the values, which are in [-1, 1]."""
    dirichlet_share: float = Field(0.25, ge=0, le=1)
    """Share of Dirichlet noise in the root's prior, in self-play."""
    dirichlet_scale: float = Field(10.0, gt=0, allow_inf_nan=False)
    """Concentration of this noise, divided by the number of legal actions; smaller favours fewer actions."""
    root_temperature: float = Field(1.0, gt=0, allow_inf_nan=False)
    """Temperature of the softmax of the root's prior, in self-play; above 1 flattens it."""
    solver: bool = True
    """Back up won, drawn and lost positions as certain."""
    look_ahead: bool = True
    """A position in which a move wins at once is won without being valued, if the solver is on. Without compiled rules
    it costs as many positions as there are moves."""


class GumbelConfig(Config):
    """Search by sequential halving with Gumbel noise (Danihelka et al. 2022); learns well from few simulations."""

    kind: Literal["gumbel"] = "gumbel"
    """Search of this kind."""
    simulations: WholeSchedule = 16
    """Simulations of each search, on top of the evaluation of its root; 0 plays the network alone, without learning.
    Two numbers are those at the start and at the end of training; all but self-play takes the last."""
    considered: int = Field(16, ge=1)
    """Most actions of the root that are searched."""
    value_scale: float = Field(0.1, ge=0, allow_inf_nan=False)
    """Weight of the values against the logits of the prior."""
    visit_offset: float = Field(50.0, ge=0, allow_inf_nan=False)
    """Added to the most visits of an action, by which the values are multiplied too."""
    rescale: bool = True
    """Values of a position's actions are stretched to [0, 1], as in mctx; else [-1, 1] is, whatever they are, so that
    small differences, which may be noise, count little."""
    solver: bool = True
    """Back up won, drawn and lost positions as certain."""
    look_ahead: bool = True
    """A position in which a move wins at once is won without being valued, if the solver is on. Without compiled rules
    it costs as many positions as there are moves."""


SearchConfig = Annotated[PUCTConfig | GumbelConfig, Field(discriminator="kind")]


def simulations_at(config: PUCTConfig | GumbelConfig, share_done: float = 1.0) -> int:
    """Simulations of each search when a share of training is done, or after it."""
    return round(scheduled(config.simulations, share_done))
