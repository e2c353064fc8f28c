"""Note on the schedules of a run that goes on for longer than it was begun for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marl.maths.schedules import values_at
from marl.training.run_config import RunConfig

__all__ = ["schedule_notes"]


def schedule_notes(config: RunConfig[Any], former: Mapping[str, Any], env_steps: int) -> list[str]:
    """Sentence on schedules that jump, as another ``total_env_steps`` makes the same env steps another share of it.

    Args:
        config: settings that the run goes on with.
        former: settings of the run so far.
        env_steps: env steps done.

    Returns:
        One sentence, or none if all schedules go on from where they are.
    """
    total, now = former.get("total_env_steps"), config.total_env_steps
    if not isinstance(total, int) or total < 1:
        return []
    shares = [min(1.0, env_steps / steps) for steps in (total, now)]
    found = []
    for place, (algorithm, _) in config.learners.items():
        before, after = (values_at(algorithm, share) for share in shares)
        found += [(f"{place}{name}", before[name], after[name]) for name in after if before[name] != after[name]]
    if not found:
        return []
    changes = ", ".join(f"{name} goes from {was:.3g} to {becomes:.3g}" for name, was, becomes in found)
    return [
        f"schedules follow the share of total_env_steps that is done, now {env_steps:,} of {now:,} and before of "
        f"{total:,}: {changes}"
    ]
