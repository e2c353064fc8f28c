"""Training of both sides of a task in turn, each against all versions of the other so far.

Words: a *version* is one side after one training; a *round* trains one version of each side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from marl.core.errors import ConfigError
from marl.core.limits import MOST_ROUNDS, check_between
from marl.launch.many_runs import with_env
from marl.launch.standing import DECISIVE, check_same, clear_unstarted, standing_of
from marl.policies.saved import save_policy
from marl.tasks.environment_config import make_environment
from marl.training.callbacks import Callback
from marl.training.checkpoints import Checkpoints
from marl.training.initial_policy import build_policy
from marl.training.progress import TrainingResult
from marl.training.run_config import RunConfig
from marl.training.train import train_run

__all__ = ["Alternation", "Version"]


@dataclass(frozen=True)
class Version:
    """One side after one training.

    Args:
        name: name of the version, e.g. ``prey-2``.
        config: configuration of its run.
        folder: folder of its run.
        against: names and folders of its opponents in training.
    """

    name: str
    config: RunConfig[Any]
    folder: Path
    against: tuple[str, ...]

    @property
    def begun(self) -> bool:
        """True when there is a checkpoint to go on from."""
        return Checkpoints(self.folder / "checkpoints").latest is not None

    @property
    def finished(self) -> bool:
        """True when its training is complete and its policy is saved."""
        return standing_of(self.folder, self.config).state == "finished"

    def train(self, callbacks: Iterable[Callback] = ()) -> TrainingResult:
        """Train the version, from the latest checkpoint if there is one, else from the start.

        Args:
            callbacks: watchers of the training.

        Raises:
            ConfigError: if it was begun under other settings, or its folder holds something else.
            FileError: if a checkpoint cannot be used.
            TrainingError: if training cannot go on.
        """
        begun = self.begun
        if not begun:
            clear_unstarted(self.folder)
        return train_run(self.config, self.folder, begun, callbacks)


class Alternation:
    """Train one side, then the other, and so on, as in fictitious play.

    In each round a side goes on from its last version and meets the whole pool of the other side,
    one drawn evenly for each episode: the opponents that its preset names, and all versions
    so far. Reference: Heinrich, Lanctot and Silver, "Fictitious Self-Play in Extensive-Form Games",
    https://proceedings.mlr.press/v37/heinrich15.html.

    Args:
        presets: of the side that is trained first, and of the other.
        out: folder of all runs; each version is a run in it, named ``<side>-<round>``.
        rounds: number of rounds.

    Raises:
        ConfigError: if the presets are not the two sides of one task, or cannot play each other.
    """

    def __init__(self, presets: tuple[RunConfig[Any], RunConfig[Any]], out: Path, rounds: int) -> None:
        check_between("rounds", rounds, 1, MOST_ROUNDS)
        self.out, self.rounds = out.resolve(), rounds
        sides = [_sides_of(preset) for preset in presets]
        if presets[0].env.name != presets[1].env.name or sides[0] != sides[1][::-1]:
            learn = " and ".join(f"{side[0]} of {preset.env.name}" for side, preset in zip(sides, presets, strict=True))
            raise ConfigError(f"the presets train {learn}; give one for each side of the same task")
        self.sides: tuple[str, str] = sides[0]
        self.presets: Mapping[str, RunConfig[Any]] = dict(zip(self.sides, presets, strict=True))
        self._rehearse()

    def versions(self) -> Iterator[Version]:
        """Yield all versions in order of training, each when those before it are trained.

        Raises:
            ConfigError: if a trained version has other settings; later versions were trained against it.
            FileError: if its settings cannot be read.
        """
        for number in range(1, self.rounds + 1):
            for side in self.sides:
                version = self._version(side, number)
                if version.begun:
                    check_same(version.folder, version.config, (*DECISIVE, "total_env_steps"))
                yield version

    def names(self, side: str) -> tuple[str, ...]:
        """Names of a side's players that the other side's preset lists; they exist before the first round."""
        preset = self.presets[self._other(side)]
        if preset.sides:
            return preset.sides[side].opponents
        env = dict(preset.env)
        return tuple(env[f"training_{side}"]) or (env[side],)

    def trained(self, side: str, number: int) -> tuple[str, ...]:
        """Folders of a side's versions after ``number`` rounds."""
        return tuple(str(self.out / f"{side}-{i}") for i in range(1, number + 1))

    def _version(self, side: str, number: int) -> Version:
        other = self._other(side)
        # the side that is trained second meets the other's version of the same round
        trained = self.trained(other, number if side == self.sides[1] else number - 1)
        pool = (*self.names(other), *trained)
        name, config = f"{side}-{number}", self.presets[side]
        changes: dict[str, Any] = {"seed": config.seed + number - 1}
        if number > 1:
            changes["initial_policy"] = Path(self.trained(side, number - 1)[-1])
        if trained:
            config = _facing(config, other, pool, name)
        return Version(name, config.model_copy(update=changes), self.out / name, pool)

    def _other(self, side: str) -> str:
        return self.sides[side == self.sides[0]]

    def _rehearse(self) -> None:
        """Let untrained policies meet, so that mismatches show before long training."""
        with TemporaryDirectory() as folder:
            for side, preset in self.presets.items():
                environment = make_environment(preset.task, preset.env, 1)
                policy = build_policy(preset, environment, torch.device("cpu"))
                save_policy(Path(folder) / side, policy, preset.env.model_dump(mode="json"))
                environment.close()
            for side, preset in self.presets.items():
                other = self._other(side)
                pool = (str(Path(folder) / other),)
                try:
                    config = _facing(preset, other, pool, side)
                    environment = make_environment(config.task, config.env, 1, training=True)
                    build_policy(config, environment, torch.device("cpu"))
                    environment.close()
                except ConfigError as error:
                    raise ConfigError(f"the sides cannot meet: {str(error).replace(folder, str(self.out))}") from error


def _sides_of(preset: RunConfig[Any]) -> tuple[str, str]:
    """Side that a preset trains, and side that it meets.

    Raises:
        ConfigError: if there are not two such sides.
    """
    if not preset.sides:
        return preset.task.sides(preset.env)
    learn = [name for name, side in preset.sides.items() if not side.opponents]
    others = [name for name, side in preset.sides.items() if side.opponents]
    if len(learn) != 1 or len(others) != 1:
        raise ConfigError(
            f"of the sides of a preset {', '.join(learn)} learn; to train them in turn, each of two presets has two "
            f"sides, of which one is fixed, e.g. sides.{learn[-1]}.fixed: random"
        )
    return learn[0], others[0]


def _facing(preset: RunConfig[Any], other: str, pool: tuple[str, ...], source: str) -> RunConfig[Any]:
    """A preset with a pool of opponents: training draws from it, evaluation meets the last one.

    Raises:
        ConfigError: if the environment refuses them.
    """
    if not preset.sides:
        return with_env(preset, {other: pool[-1], f"training_{other}": list(pool)}, source)
    side = preset.sides[other].model_copy(update={"fixed": pool})
    return preset.model_copy(update={"sides": {**preset.sides, other: side}})
