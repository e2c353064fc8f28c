"""PettingZoo wrappers for predator teams on mpe2's simple_tag, and the rules that they share.

The wrappers need mpe2 and are imported when they are first asked for, so that the rules (`marl.wrappers.rules`)
work without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from marl.wrappers.adversary_class import AdversaryClass
    from marl.wrappers.communication_graph import CommunicationGraph
    from marl.wrappers.mpe2_world import get_state, read_world, set_state
    from marl.wrappers.scripted_prey import ScriptedPrey
    from marl.wrappers.team_state import TeamState

__all__ = [
    "AdversaryClass",
    "CommunicationGraph",
    "ScriptedPrey",
    "TeamState",
    "get_state",
    "read_world",
    "set_state",
]

_HOMES = {
    "AdversaryClass": "marl.wrappers.adversary_class",
    "CommunicationGraph": "marl.wrappers.communication_graph",
    "ScriptedPrey": "marl.wrappers.scripted_prey",
    "TeamState": "marl.wrappers.team_state",
    "get_state": "marl.wrappers.mpe2_world",
    "read_world": "marl.wrappers.mpe2_world",
    "set_state": "marl.wrappers.mpe2_world",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'marl.wrappers' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
