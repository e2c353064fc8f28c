"""``marl play`` for a side that a person steers against a trained team."""

from __future__ import annotations

from pathlib import Path

from marl.cli.options import EnvironmentOptions
from marl.core.errors import ConfigError
from marl.core.trust import trusting

__all__ = ["HUMAN", "play_side"]

HUMAN = "human"


def play_side(run: Path, given: EnvironmentOptions, seed: int, port: int | None) -> int:
    """Serve a page on which a person steers.

    Args:
        run: folder of the run, or the name of a policy that comes with the package.
        given: settings of the environment, and its players.
        seed: of the first episode.
        port: of the page; None for any that is free.

    Returns:
        Exit status.

    Raises:
        ConfigError: if a setting cannot be used, or not one side is for a person.
        FileError: if the run cannot be used.
    """
    from marl.analysis.render import name_of, stage
    from marl.analysis.steer import Steering, opposed
    from marl.cli.page import serve
    from marl.evaluation.cast import opponents_of
    from marl.policies.saved import load_policy
    from marl.tasks.registry import find_policy

    if given.task is not None:
        raise ConfigError(f"--task is {given.task}, but {run} plays what it was trained on; leave --task out")
    persons = [side for side, player in given.players.items() if player == HUMAN]
    if len(persons) != 1:
        raise ConfigError(f"--play gives {len(persons)} sides to a person; give one, e.g. --play prey={HUMAN}")
    others = {side: player for side, player in given.players.items() if player != HUMAN}
    with trusting(given.trust, typed=given.typed):
        settings = given.changed(run) or load_policy(find_policy(run)).environment
        task, config, _ = opponents_of(settings, given.overrides, {})
        learns, meets = task.sides(config)
        if persons[0] != meets:
            raise ConfigError(f"--play {persons[0]}={HUMAN}: {learns} are played by {run}; a person can steer {meets}")
        environment, player = stage(run, None, settings, given.overrides, others)
        name = f"{meets} by hand against {name_of(run, None, environment)}"
        steering = Steering(opposed(environment, meets), player, name, seed)
        try:
            return serve(steering.page, steering.hear, steering.serve, port)
        finally:
            environment.close()
