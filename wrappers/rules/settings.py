"""Names and bounds of the rules, for settings. Nothing here imports PyTorch, so that help is quick."""

from __future__ import annotations

__all__ = ["PREDATOR_NAMES", "PREY_NAMES", "check_links", "check_outage", "check_prey_noise"]

PREY_NAMES = ("random", "still", "flee")
"""Names of the scripted prey in `marl.wrappers.rules.prey.PREY`."""
PREDATOR_NAMES = ("chase", "random", "still")
"""Names of the scripted predators in `marl.wrappers.rules.predators.PREDATORS`."""


def check_links(
    range: float | None,
    nearest: int | None,
    link_loss: float | tuple[float, float],
    training_range: tuple[float, float] | None,
) -> None:
    """Refuse settings of a message graph; see `marl.wrappers.rules.message_graph.MessageGraph`.

    Raises:
        ValueError: for a negative range, bounds in the wrong order, ``nearest`` below 1, or a loss outside ``[0, 1)``.
    """
    if range is not None and not range >= 0:
        raise ValueError(f"communication range is {range}; give zero or more, or none for unlimited")
    if nearest is not None and nearest < 1:
        raise ValueError(f"nearest is {nearest}; give 1 or more, or none for all within range")
    losses = link_loss if isinstance(link_loss, tuple) else (link_loss, link_loss)
    if not 0 <= losses[0] <= losses[1] < 1:
        raise ValueError(
            f"link_loss is {link_loss}; give a probability of at least 0 and below 1, or two, the smaller first"
        )
    if training_range is not None and not 0 <= training_range[0] <= training_range[1]:
        raise ValueError(f"training_range is {training_range}; give two ranges of at least 0, the smaller first")


def check_outage(share: float, steps: float) -> None:
    """Refuse outages of links; see `marl.wrappers.rules.outages.Outages`.

    Raises:
        ValueError: for a share outside ``[0, 1)``, or outages that are too short for it.
    """
    if not 0 <= share < 1:
        raise ValueError(f"outage is {share}; give the share of the time that a link is down, from 0 to below 1")
    # what is up may fail at every step and no more often, and an outage has a step at least
    shortest = max(1.0, share / (1 - share))
    if not shortest <= steps < float("inf"):
        raise ValueError(
            f"outage_steps is {steps}; for links that are down for {share:g} of the time give at least {shortest:.3g}"
        )


def check_prey_noise(low: float, high: float) -> None:
    """Refuse bounds of the probability of random actions of the prey.

    Raises:
        ValueError: unless ``0 <= low <= high <= 1``.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"prey noise is ({low}, {high}); give two probabilities, the smaller first")
