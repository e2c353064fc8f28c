"""PettingZoo wrappers for predator teams on mpe2's simple_tag, and the rules that they share.

The wrappers need mpe2 and are imported when they are first asked for, so that the rules (`marl.wrappers.rules`)
work without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marl.wrappers.adversary_class import AdversaryClass
    from marl.wrappers.communication_graph import CommunicationGraph
    from marl.wrappers.flat_observation import FlatObservation
    from marl.wrappers.mpe2_world import get_state, read_world, set_state
    from marl.wrappers.scripted_prey import ScriptedPrey
    from marl.wrappers.team_state import TeamState

__all__ = [
    "AdversaryClass",
    "CommunicationGraph",
    "FlatObservation",
    "ScriptedPrey",
    "TeamState",
    "get_state",
    "read_world",
    "set_state",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from marl.wrappers import (
            adversary_class,
            communication_graph,
            flat_observation,
            mpe2_world,
            scripted_prey,
            team_state,
        )

        modules = (adversary_class, communication_graph, flat_observation, mpe2_world, scripted_prey, team_state)
        return next(getattr(module, name) for module in modules if name in module.__all__)
    raise AttributeError(f"module 'marl.wrappers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
