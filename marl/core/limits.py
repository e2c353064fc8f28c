"""Bounds of numbers in settings, options and files: beyond them a number is a slip, and would cost hours or all memory.

Fields and options name them in their help.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from marl.core.errors import ConfigError

__all__ = [
    "MOST_AGENTS",
    "MOST_CLASSES",
    "MOST_COPIES",
    "MOST_GAMES",
    "MOST_JOBS",
    "MOST_LAYERS",
    "MOST_NUMBER",
    "MOST_PARAMETERS",
    "MOST_ROUNDS",
    "MOST_SECONDS",
    "MOST_SEEDS",
    "MOST_TEAMS",
    "MOST_WIDTH",
    "SEED_BELOW",
    "THREADS_PER_CORE",
    "Count",
    "Layers",
    "Processes",
    "Seed",
    "StepTimeout",
    "Width",
    "check_between",
    "check_switches",
]

SEED_BELOW = 2**32
"""All seeds are below this, as NumPy's and Gymnasium's are."""
MOST_AGENTS = 4_096
"""Agents of a team, and each other kind of thing in a world."""
MOST_CLASSES = 256
"""Classes of agents."""
MOST_COPIES = 65_536
"""Copies of an environment."""
MOST_SEEDS = 10_000
"""Seeds of many runs, and runs of one command."""
MOST_GAMES = 10**7
"""Games of a tournament, and episodes of an evaluation."""
MOST_ROUNDS = 10_000
"""Repetitions within one step of a loop: epochs, updates of an iteration, rounds of an alternation."""
MOST_TEAMS = 20_000
"""Teams that training draws from."""
MOST_JOBS = 1_024
"""Processes at a time."""
THREADS_PER_CORE = 4
MOST_SECONDS = 86_400
"""Seconds of thought for a move: a day."""
MOST_WIDTH, MOST_LAYERS = 65_536, 64
"""Width of a layer, and number of layers or rounds of messages."""
MOST_PARAMETERS = 50_000_000
"""Numbers in all parameters and buffers of a policy: 200 MB."""
MOST_NUMBER = 10**15
"""Any other whole number; a double holds it exactly."""

Seed = Annotated[int, Field(ge=0, lt=SEED_BELOW)]
Count = Annotated[int, Field(ge=0, le=MOST_AGENTS)]
"""Number of agents or other things in a world."""
Width = Annotated[int, Field(ge=1, le=MOST_WIDTH)]
"""Width of a layer."""
Layers = Annotated[int, Field(ge=1, le=MOST_LAYERS)]
"""Number of layers."""
Processes = Literal["auto"] | Annotated[int, Field(ge=1, le=MOST_JOBS)]
"""Number of processes that step the copies of an environment, or play games."""
StepTimeout = Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
"""Seconds for a step of an environment."""


def check_between(name: str, value: int | None, least: int, most: int = MOST_NUMBER) -> None:
    """Check that a number is between two bounds; None is not given.

    Raises:
        ConfigError: naming the option, its value and the bound.
    """
    if value is not None and not least <= value <= most:
        bound = f"at least {least}" if value < least else f"at most {most:,}"
        raise ConfigError(f"{name} is {value}; give {bound}")


def check_switches(**switches: bool) -> None:
    """Check that values are True or False: any text, ``"off"`` too, would count as True.

    Raises:
        ConfigError: naming the option and its value.
    """
    for name, value in switches.items():
        if value not in (True, False):
            raise ConfigError(f"{name} is {value!r}; give True or False")
