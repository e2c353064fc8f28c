"""Fields of a run's settings, by dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marl.algorithms.configs import ALGORITHMS
from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.settings import part_of, replace_field, type_at, with_part
from marl.training.run_config import RunConfig

__all__ = ["SHORT", "switch_algorithm", "with_override"]

SHORT = {"team": ["env", "team"], "prey": ["env", "prey"]}
"""Fields that can be named without their group."""


def with_override(
    values: Mapping[str, Any], path: list[str], value: Any, model: type[Config] = RunConfig
) -> dict[str, Any]:
    """Copy of a run's settings with one field replaced.

    A mapping given for a part is laid over it, see `marl.core.settings.with_part`. A new ``algorithm.name`` keeps the
    fields that both algorithms have, and so does the ``kind`` of any part; an algorithm that trains another kind of
    policy gets that kind's defaults. ``team`` and ``prey`` alone are short for ``env.team`` and ``env.prey``.

    Args:
        values: settings of the run.
        path: dotted name of the field, in its parts.
        value: new value.
        model: model of the settings; without that of the task a mapping given for ``env`` is taken whole.

    Raises:
        ConfigError: if there is no algorithm of that name.
    """
    path = SHORT.get(path[0], path) if len(path) == 1 else path
    if path == ["algorithm", "name"]:
        algorithm, policy = (_part(values, name) for name in ("algorithm", "policy"))
        switched = {**values, "algorithm": switch_algorithm(algorithm, str(value))}
        kinds, present = ALGORITHMS[str(value)].policy_kinds, ALGORITHMS.get(str(algorithm.get("name")))
        kind = policy.get("kind", None if present is None else present.policy_kinds[0])
        return switched if kind in kinds else {**switched, "policy": {"kind": kinds[0]}}
    *outer, field = path
    part: Any = values
    for name in outer:
        part = _part(part, name)
    if outer and field == "kind":
        other = part_of(type_at(model, values, outer), {"kind": value})
        kept = {name: each for name, each in part.items() if other is None or name in other.model_fields}
        return replace_field(values, outer, {**kept, "kind": value})
    return replace_field(values, path, with_part(type_at(model, values, path), part.get(field), value))


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Settings of a part; none where something else is in its place, which the new ones replace."""
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}


def switch_algorithm(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Settings of another learner, with the fields that it shares with the present one.

    Args:
        values: settings of the present learner.
        name: name of the other.

    Raises:
        ConfigError: if there is no learner of that name.
    """
    if name not in ALGORITHMS:
        raise ConfigError(f"algorithm.name is {name!r}; there is {', '.join(ALGORITHMS)}")
    if name == values.get("name"):
        return dict(values)
    shared = ALGORITHMS[name].model_fields.keys() - {"name"}
    if "reinforce" in (name, values.get("name")):
        shared -= {"gae_lambda"}  # REINFORCE accepts only one value
    kept = {field: value for field, value in values.items() if field in shared}
    usual, former = ALGORITHMS[name](), ALGORITHMS.get(str(values.get("name")), ALGORITHMS[name])()
    # a learning rate means something else for a table, where it decays
    kept = {f: value for f, value in kept.items() if _decays(usual, f) == _decays(former, f)}
    return {"name": name, **kept}


def _decays(usual: Config, field: str) -> bool:
    return isinstance(getattr(usual, field), Config)
