"""``marl evaluate``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from marl.cli.options import (
    Deterministic,
    EnvironmentOptions,
    JsonFile,
    Messages,
    ReferenceName,
    RunFolder,
    check_file,
    check_player,
    check_seed,
    parse,
    shown,
)
from marl.core.errors import ConfigError
from marl.core.limits import MOST_GAMES, check_between
from marl.core.trust import trusting
from marl.system.console import plain_console

if TYPE_CHECKING:
    from rich.console import Console

    from marl.evaluation.evaluate import Evaluation

__all__ = ["evaluate"]


@dataclass
class Arguments:
    """Play whole episodes with a trained or a reference policy and tell what they brought.

    Every measure is a mean over the episodes with a 95 % bootstrap interval. The same seed gives
    every policy the same initial worlds.

    Examples: marl evaluate runs/x --team A=3,B=1 --prey flee --json out.json;
    marl evaluate --policy chase --team A=2,B=2; marl evaluate --policy balance --task CartPole-v1
    """

    run: RunFolder = None
    """Folder of a trained run, its policy/, or a policy that comes with the package, e.g. predator_team."""
    policy: ReferenceName = None
    """A reference plays in place of the run's policy: random, chase in simple_tag, balance in CartPole."""
    environment: tyro.conf.OmitArgPrefixes[EnvironmentOptions] = field(default_factory=EnvironmentOptions)
    """Settings of the environment; those that are not named are as the run was trained."""
    episodes: int = 500
    """Number of episodes, at most 10,000,000."""
    seed: int = 0
    """Seed of worlds and actions, below 2^32."""
    max_steps: int = 10_000
    """Steps after which an episode is cut; it counts with what it had brought."""
    messages: Messages = "on"
    """Messages between agents."""
    deterministic: Deterministic = False
    """Take the likeliest actions instead of drawing them."""
    render: Annotated[Literal["human"] | None, shown("human")] = None
    """Open the environment's window and play one episode after the other in it."""
    json: JsonFile = None
    """Write the result to this file too."""


def evaluate(arguments: list[str]) -> int:
    """Evaluate a policy and print a table.

    Args:
        arguments: as typed after ``marl evaluate``.

    Returns:
        Exit status.
    """
    options = parse(Arguments, arguments, "marl evaluate")
    check_player(options.run, options.policy, options.environment.task, "evaluate")
    check_between("--episodes", options.episodes, 1, MOST_GAMES)
    check_between("--max-steps", options.max_steps, 1)
    check_seed(options.seed)
    check_file("json", options.json)
    from marl.core.files import save_json

    console = plain_console()
    if options.policy is None and options.environment.as_trained and options.run is not None:
        from marl.evaluation.access import plays_game

        if plays_game(options.run):
            from marl.cli.game_evaluation import evaluate_game

            if options.render is not None:
                raise ConfigError("--render human: a game has no window; watch one with marl play GAME --view")
            return evaluate_game(str(options.run), options.episodes, options.seed, options.json, console)
    evaluation, policy = _evaluate(options, console), options.policy or str(options.run)
    if options.json is not None:
        result = {"policy": policy, **evaluation.as_json()}
        save_json(options.json, result, allow_nan=True)  # a task may describe itself with infinite settings
    _show(evaluation, policy, console)
    if options.json is not None:
        print(f"wrote {options.json}")
    return 0


def _evaluate(options: Arguments, console: Console) -> Evaluation:
    from marl.cli.progress_bars import Counting
    from marl.evaluation.evaluate import evaluate_episodes

    trust = trusting(options.environment.trust, typed=options.environment.typed)
    settings = options.environment.changed(options.run)
    with trust, Counting(console, "episodes") as show:

        def watch(ended: int, env_steps: int) -> bool:
            show(ended, options.episodes, env_steps)
            return True

        return evaluate_episodes(
            options.run,
            options.episodes,
            options.seed,
            options.messages == "on",
            options.deterministic,
            options.policy,
            settings,
            options.environment.overrides,
            options.max_steps,
            watch,
            options.environment.players,
            render=options.render,
        )


def _show(evaluation: Evaluation, policy: str, console: Console) -> None:
    from marl.cli.tables import described_text, measures_table

    silent = "" if evaluation.messages else ", messages off"
    choice = evaluation.choice and f", {evaluation.choice}"
    others = "".join(f", {side} played by {player}" for side, player in evaluation.play.items())
    played = f"{described_text(evaluation.described)}{others}{silent}{choice}, seed {evaluation.seed}"
    cut = f", {evaluation.cut} of them cut" if evaluation.cut else ""
    console.print(f"{played}; mean and 95 % interval over {evaluation.episodes} episodes{cut}", soft_wrap=True)
    console.print(measures_table({policy: evaluation.measures}))
