"""Checkpoints that are whole or absent, and saved policies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from marl.core.errors import FileError
from marl.core.roster import ActionSpec, AgentClass, Roster
from marl.core.serialisation import load_state, save_state
from marl.policies.kinds import make_policy, read_policy_config
from marl.policies.policy import Policy

__all__ = ["SavedPolicy", "load_policy", "load_weights", "policy_file", "save_policy"]

FORMAT = 1


def load_weights(policy: Policy, weights: dict[str, Any], source: Path) -> None:
    """Puts stored weights into a policy.

    Raises:
        FileError: if they are of another architecture, naming the first parameter that differs.
    """
    expected = policy.state_dict()
    for name in sorted(expected.keys() | weights.keys()):
        here = tuple(expected[name].shape) if name in expected else "absent"
        there = tuple(weights[name].shape) if name in weights else "absent"
        if here != there:
            raise FileError(
                f"{source} holds a policy of another architecture: {name} is {there} there and {here} in this "
                "configuration; use the configuration that it was trained with"
            )
    policy.load_state_dict(weights)


@dataclass(frozen=True)
class SavedPolicy:
    """A policy and the settings of the environment that it was trained in.

    Args:
        policy: in evaluation mode.
        environment: settings as a preset's ``env`` has them.
    """

    policy: Policy
    environment: dict[str, Any]


def save_policy(folder: Path, policy: Policy, environment: dict[str, Any]) -> None:
    """Writes a policy for use alone: one file, which takes the place of the one before as a whole.

    Args:
        folder: made if it is not there; its parent must be.
        policy: weights, normalisers and shape are stored.
        environment: settings as a preset's ``env`` has them.

    Raises:
        OSError: if it cannot be written.
    """
    description = {
        "format": FORMAT,
        "classes": [asdict(c) for c in policy.roster.classes],
        "counts": list(policy.roster.counts),
        "networks": policy.config.model_dump(mode="json"),
        "entity_size": policy.entity_size,
        "auxiliary_size": policy.auxiliary_size,
        "environment": environment,
    }
    folder.mkdir(exist_ok=True)
    save_state(folder, "policy", {"description": description, "weights": dict(policy.state_dict())})


def policy_file(folder: Path) -> Path:
    """The file that `save_policy` wrote.

    Args:
        folder: the policy's folder, or that of a run, which has it as ``policy/``.

    Raises:
        FileError: if nothing is there.
    """
    inner = folder / "policy"
    path = (inner if inner.is_dir() else folder) / "policy.safetensors"
    if not path.exists():
        missing = "does not exist" if not folder.exists() else "holds no trained policy (policy/policy.safetensors)"
        raise FileError(f"{folder} {missing}; name the folder of a run, or its policy/")
    return path


def load_policy(folder: Path) -> SavedPolicy:
    """Reads what `save_policy` wrote.

    Args:
        folder: the policy's folder, or that of a run, which has it as ``policy/``.

    Raises:
        FileError: if nothing is there, or it is truncated, foreign or of another format.
    """
    place = policy_file(folder).parent
    state = load_state(place, "policy")
    try:
        description = state["description"]
        if description["format"] != FORMAT:
            raise FileError(f"{place} has format {description['format']}; this version reads format {FORMAT}")
        policy = _policy_of(description)
        load_weights(policy, state["weights"], place)
        return SavedPolicy(policy.eval(), dict(description["environment"]))
    except (KeyError, TypeError, AttributeError, ValidationError) as error:
        raise FileError(f"{place} is not a policy of this package, or of another version: {error}") from error


def _policy_of(description: dict[str, Any]) -> Policy:
    classes = tuple(AgentClass(**{**c, "action": ActionSpec(**c["action"])}) for c in description["classes"])
    roster = Roster(classes, tuple(description["counts"]))
    networks = read_policy_config(description["networks"])
    return make_policy(roster, networks, description["entity_size"], description["auxiliary_size"])
