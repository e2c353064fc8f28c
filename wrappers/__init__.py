"""PettingZoo wrappers for predator teams on mpe2's simple_tag, and the rules that they share.

The wrappers need mpe2 and are imported when they are first asked for, so that the rules
(`wrappers.world`, `wrappers.class_views`, `wrappers.message_graph`, `wrappers.prey`) work without.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wrappers.adversary_class import AdversaryClass
    from wrappers.communication_graph import CommunicationGraph
    from wrappers.mpe2_world import get_state, read_world, set_state
    from wrappers.scripted_prey import ScriptedPrey
    from wrappers.team_state import TeamState

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
    "AdversaryClass": "wrappers.adversary_class",
    "CommunicationGraph": "wrappers.communication_graph",
    "ScriptedPrey": "wrappers.scripted_prey",
    "TeamState": "wrappers.team_state",
    "get_state": "wrappers.mpe2_world",
    "read_world": "wrappers.mpe2_world",
    "set_state": "wrappers.mpe2_world",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wrappers' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
