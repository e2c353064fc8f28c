"""Arms: groups of trained runs that differ in their training seed alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marl.analysis.seed_groups import group_seeds, shared_name, unique_name, without_seed
from marl.core.composition import format_team
from marl.core.errors import ConfigError
from marl.core.files import digest
from marl.core.settings import flat_settings
from marl.policies.saved import SavedPolicy, load_policy, policy_file
from marl.training.checkpoints import Checkpoints
from marl.training.run_config import load_config

__all__ = ["Arm", "TrainedRun", "arms_of", "differing", "read_trained_run"]


@dataclass(frozen=True)
class TrainedRun:
    """A run folder with a policy.

    Args:
        folder: folder as it was given.
        saved: policy of the run.
        config: complete content of ``config.yaml``; None if the folder has none.
        content: hash of the policy's file.
    """

    folder: Path
    saved: SavedPolicy
    config: dict[str, Any] | None
    content: str

    @property
    def environment(self) -> dict[str, Any]:
        """Settings of the training environment."""
        return self.saved.environment

    @property
    def team(self) -> dict[str, int]:
        """Composition that it was trained at (or made for, if there were several), of all classes."""
        roster = self.saved.policy.roster
        team = self.environment.get("team", roster.team)
        return {c.name: team.get(c.name, 0) for c in roster.classes}

    @property
    def mixed(self) -> bool:
        """True if it was trained at several compositions."""
        return not all(_draws_only(drawn, self.team) for drawn in self._drawn)

    def trained_at(self, team: Mapping[str, int]) -> bool:
        """True if training had episodes of this composition, every class in order."""
        return any(_draws(drawn, team) for drawn in self._drawn)

    @property
    def _drawn(self) -> list[Any]:
        """Compositions, or bounds of each class, that the episodes of each stage of training draw from."""
        stages = (self.environment.get("curriculum") or {}).get("stages", [{}])
        always = self.environment.get("training_teams") or self.environment.get("team", {})
        return [always if stage.get("teams") is None else stage["teams"] for stage in stages]

    @property
    def trained(self) -> dict[str, Any] | None:
        """Settings that decide the kind of training, the seed left out; None if unknown."""
        return None if self.config is None else without_seed(self.config)

    @property
    def seed(self) -> int | None:
        """Training seed, or None if unknown."""
        return None if self.config is None else self.config["seed"]

    @property
    def env_steps(self) -> tuple[int, int] | None:
        """Env steps trained and to be trained, or None if unknown."""
        latest = Checkpoints(self.folder / "checkpoints").latest
        return None if self.config is None or latest is None else (int(latest.name), self.config["total_env_steps"])

    def describe(self) -> dict[str, Any]:
        """Folder, seed, length of training, prey if there is one, and hash of the policy, for JSON."""
        budget = None if self.config is None else self.config["total_env_steps"]
        return {
            "run": str(self.folder),
            "seed": self.seed,
            "total_env_steps": budget,
            **({"prey": self.environment["prey"]} if "prey" in self.environment else {}),
            "policy_sha256": self.content,
        }


@dataclass(frozen=True)
class Arm:
    """Runs that differ in the training seed only.

    Args:
        name: unique among the arms of a report.
        runs: one for each seed.
    """

    name: str
    runs: tuple[TrainedRun, ...]

    @property
    def team(self) -> dict[str, int]:
        """Composition that its runs were trained at."""
        return self.runs[0].team


def read_trained_run(folder: Path) -> TrainedRun:
    """Read a run's policy and, where there is one, its ``config.yaml``.

    Raises:
        FileError: if there is no policy, or it cannot be used.
        ConfigError: if ``config.yaml`` cannot be used.
    """
    saved, path = load_policy(folder), folder / "config.yaml"
    try:
        config = load_config(path).model_dump(mode="json") if path.is_file() else None
    except ConfigError as error:
        raise ConfigError(
            f"{error}; this file says which runs belong together: name {folder / 'policy'} to do without it"
        ) from error
    return TrainedRun(folder, saved, config, digest(policy_file(folder)))


def arms_of(runs: Sequence[TrainedRun], taken: Sequence[str] = ()) -> list[Arm]:
    """Group runs that differ in the training seed only, in order of their first run.

    Args:
        runs: runs to group.
        taken: names that arms may not have.

    Raises:
        ConfigError: if a run comes twice.
    """
    arms: list[Arm] = []
    for group in group_seeds(runs):
        name = shared_name(group) or f"trained {format_team(group[0].team)}"
        arms.append(Arm(unique_name(name, [*taken, *(arm.name for arm in arms)]), tuple(group)))
    return arms


def differing(one: TrainedRun, other: TrainedRun, without: Sequence[str] = ()) -> list[str]:
    """Settings in which two kinds of training differ, each with both values, except those in ``without``."""
    here, there = flat_settings(one.trained or {}), flat_settings(other.trained or {})
    names = [name for name in {**here, **there} if here.get(name) != there.get(name)]
    kept = [name for name in names if not any(name == skip or name.startswith(skip + ".") for skip in without)]
    return [f"{name} {here.get(name)} and {there.get(name)}" for name in kept]


def _draws(drawn: Any, team: Mapping[str, int]) -> bool:
    if not isinstance(drawn, Mapping):
        return any(_draws(one, team) for one in drawn)
    return all(low <= team[name] <= high for name, (low, high) in _bounds(drawn, team).items())


def _draws_only(drawn: Any, team: Mapping[str, int]) -> bool:
    if not isinstance(drawn, Mapping):
        return all(_draws_only(one, team) for one in drawn)
    return all(low == team[name] == high for name, (low, high) in _bounds(drawn, team).items())


def _bounds(drawn: Mapping[str, Any], names: Iterable[str]) -> dict[str, tuple[int, int]]:
    given = {name: drawn.get(name, 0) for name in names}
    return {name: (value, value) if isinstance(value, int) else value for name, value in given.items()}
