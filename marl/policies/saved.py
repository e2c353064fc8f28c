"""Saved policies, and the names that parameters had in files of older formats.

In format 1 policies had the parts of the trunk themselves, and the clocks of learners kept ``progress``. Since format 2
names of the trunk's parameters begin with ``trunk.``, and clocks keep ``share_done``. Since format 3 every continuous
action lies between -1 and 1, and categories are whole numbers. Until format 3 ``gcn`` was today's ``plain_gcn``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from marl.core.environment import State
from marl.core.errors import FileError
from marl.core.files import atomic_path, make_folder
from marl.core.limits import MOST_PARAMETERS
from marl.core.reading import check_file
from marl.core.roster import AgentClass
from marl.core.serialisation import encode_state, load_state, state_file
from marl.core.settings import explain
from marl.core.version import FORMAT
from marl.policies.configs import POLICY_KINDS
from marl.policies.description import Description
from marl.policies.policy import Policy
from marl.system.lock import in_use

__all__ = [
    "SavedPolicy",
    "check_format",
    "encode_policy",
    "load_policy",
    "load_weights",
    "policy_file",
    "policy_kind",
    "present_learner",
    "present_weights",
    "save_policy",
    "write_policy",
]

RENAMED = {
    "features.": "trunk.features.",
    "encoder.trunks.": "trunk.encoder.hidden.",
    "encoder.": "trunk.encoder.",
    "graph.": "trunk.graph.",
    "norm.": "trunk.norm.",
    "progress": "share_done",
}
"""Beginnings of names in format 1 and what they are today; the first that fits counts, other names are as they were.
They are names of parameters and buffers, but for the last, a field of learners' clocks."""


def check_format(number: int, source: Path) -> None:
    """Refuse files that a later version wrote.

    Raises:
        FileError: naming both formats.
    """
    if number > FORMAT:
        raise FileError(
            f"{source} has format {number}, and this version reads formats up to {FORMAT}; use a newer version of the "
            "package"
        )


def present_weights(weights: State, number: int) -> State:
    """A state dict of format ``number`` under the names of today, in its order."""
    return {_present(name): value for name, value in weights.items()} if number < 2 else weights


def present_learner(state: State, number: int) -> State:
    """A learner's state of format ``number`` under the names of today: its clock's, and its target network's."""
    if number >= 2:
        return state
    inner = {name: present_weights(state[name], number) for name in ("clock", "target") if state.get(name) is not None}
    return {_present(name): inner.get(name, value) for name, value in state.items()}


def _present(name: str) -> str:
    old = next((old for old in RENAMED if name.startswith(old)), "")
    return RENAMED.get(old, "") + name.removeprefix(old)


def load_weights(policy: Policy, weights: dict[str, Any], source: Path) -> None:
    """Put stored weights into a policy.

    Raises:
        FileError: if they are of another architecture or not finite, naming the first parameter of which that is so.
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
        if not bool(weights[name].isfinite().all()):
            raise FileError(f"{source}: {name} is not finite")
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
    """Write a policy for use alone; see `encode_policy` and `write_policy`."""
    write_policy(folder, encode_policy(policy, environment))


def encode_policy(policy: Policy, environment: dict[str, Any]) -> bytes:
    """Content of the file of a policy.

    Args:
        policy: weights, normalisers and shape are stored.
        environment: settings as a preset's ``env`` has them.
    """
    roster = policy.roster
    description = {
        "format": FORMAT,
        "classes": [_described(c) for c in roster.classes],
        "counts": list(roster.counts),
        "plane": None if roster.plane is None else asdict(roster.plane),
        "networks": policy.config.model_dump(mode="json"),
        "entity_size": roster.entity_size,
        "auxiliary_size": roster.auxiliary_size,
        "environment": environment,
        **({"state": list(roster.state)} if roster.state else {}),
    }
    return encode_state({"description": description, "weights": dict(policy.state_dict())})


def _described(agent_class: AgentClass) -> dict[str, Any]:
    """Fields of a class that a policy depends on."""
    left_out = {"dtype"} if agent_class.images else {"dtype", "images"}
    return {name: value for name, value in asdict(agent_class).items() if name not in left_out}


def write_policy(folder: Path, content: bytes) -> None:
    """Write the file of a policy, which takes the place of the one before as a whole.

    Args:
        folder: made if it is not there; its parent must be.
        content: from `encode_policy`.

    Raises:
        FileError: if something else than a file is in its place.
        OSError: if it cannot be written.
    """
    make_folder(folder)
    file = state_file(folder, "policy")
    if file.exists():
        check_file(file)
    with atomic_path(file) as path:
        path.write_bytes(content)


def policy_file(folder: Path) -> Path:
    """The file that `save_policy` wrote.

    Args:
        folder: the policy's folder, or that of a run, which has it as ``policy/``.

    Raises:
        FileError: if nothing is there, or only runs of several seeds, or no regular file, or one larger than a policy
            can be.
    """
    inner = folder / "policy"
    path = state_file(inner if inner.is_dir() else folder, "policy")
    if not path.exists():
        if seeds := [each for each in sorted(folder.glob("seed-*")) if each.is_dir()]:
            raise FileError(f"{folder} holds runs of several seeds; name one of them, e.g. {seeds[0]}")
        missing = "holds no trained policy (policy/policy.safetensors)" if folder.exists() else "does not exist"
        if folder.is_dir() and in_use(folder):
            raise FileError(f"{folder} trains, and has written no policy yet; wait for its first checkpoint")
        raise FileError(f"{folder} {missing}; name the folder of a run, or its policy/")
    check_file(path, 10 * MOST_PARAMETERS)  # bytes: most numbers have 4, and some 8
    return path


def load_policy(folder: Path) -> SavedPolicy:
    """Read what `save_policy` wrote, in this version or an earlier one.

    Args:
        folder: the policy's folder, or that of a run, which has it as ``policy/``.

    Raises:
        FileError: if nothing is there, or it is truncated, foreign or of a later format.
    """
    place = policy_file(folder).parent
    state = load_state(place, "policy")
    try:
        description = _description_of(state, place)
        policy = _policy_of(description, len(state["weights"]), place)
        load_weights(policy, present_weights(state["weights"], description.format), place)
        return SavedPolicy(policy.eval(), dict(description.environment))
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{place} is not a policy of this package, or of another version: {error}") from error


def policy_kind(folder: Path) -> str:
    """Kind of the policy that `save_policy` wrote, such as ``"game"``, without making it.

    Raises:
        FileError: as `load_policy`.
    """
    place = policy_file(folder).parent
    try:
        return _description_of(load_state(place, "policy"), place).networks.kind
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{place} is not a policy of this package, or of another version: {error}") from error


def _description_of(state: State, place: Path) -> Description:
    check_format(state["description"]["format"], place)
    try:
        return Description.model_validate(state["description"])
    except ValidationError as error:
        why = explain(error, {"networks": (*POLICY_KINDS, "sides"), "policy": POLICY_KINDS})
        raise FileError(f"{place} is not a policy of this package, or of another version: {why}") from error


def _policy_of(description: Description, stored: int, place: Path) -> Policy:
    try:
        return description.policy(stored)
    except ValueError as error:
        raise FileError(f"{place} describes a policy that cannot be made: {error}") from error
