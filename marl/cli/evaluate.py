"""``marl evaluate``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console

from marl.cli.options import Played, Reference, Run, check_player
from marl.core.errors import ConfigError

__all__ = ["evaluate"]


@dataclass
class Arguments:
    """Plays whole episodes with a trained or a reference policy and says what they brought.

    Every measure is a mean over the episodes with a 95 % bootstrap interval. The same seed gives
    every policy the same initial worlds.

    Examples: marl evaluate runs/x --team A=3,B=1 --prey flee --json out.json;
    marl evaluate --policy chase --team A=2,B=2; marl evaluate --policy balance --task CartPole-v1
    """

    run: Run = None
    """Folder of a trained run, its policy/, or a policy that comes with the package, e.g. predator_team."""
    policy: Reference = None
    """A reference plays in place of the run's policy: random, chase in simple_tag, balance in CartPole."""
    environment: tyro.conf.OmitArgPrefixes[Played] = field(default_factory=Played)
    """What is played; what is not named is as the run was trained."""
    episodes: int = 500
    """How many."""
    seed: int = 0
    """Of worlds and actions."""
    messages: Literal["on", "off"] = "on"
    """Whether agents hear each other."""
    deterministic: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Take the likeliest actions instead of drawing them."""
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    """Write the result to this file too."""


def evaluate(arguments: list[str]) -> int:
    """Evaluates a policy and prints a table.

    Args:
        arguments: as typed after ``marl evaluate``.

    Returns:
        Exit status.
    """
    options = tyro.cli(Arguments, args=arguments, prog="marl evaluate")
    check_player(options.run, options.policy, options.environment.task, "evaluate")
    if options.episodes < 1:
        raise ConfigError(f"--episodes is {options.episodes}; give at least 1")
    if options.seed < 0:
        raise ConfigError(f"--seed is {options.seed}; give 0 or more")
    if options.json is not None and (options.json.is_dir() or not options.json.parent.is_dir()):
        raise ConfigError(f"--json {options.json}: name a file in a folder that exists")
    result = _result(options)
    if options.json is not None:
        from marl.core.serialisation import atomic_path

        with atomic_path(options.json) as path:
            path.write_text(json.dumps(result, indent=1) + "\n")
    _show(result, Console(highlight=False))
    if options.json is not None:
        print(f"wrote {options.json}")
    return 0


def _result(options: Arguments) -> dict[str, Any]:
    from marl.evaluation.evaluate import evaluate as evaluate_policy

    result = evaluate_policy(
        options.run,
        options.episodes,
        options.seed,
        options.messages == "on",
        options.deterministic,
        options.policy,
        options.environment.reference_task if options.run is None else None,
        **options.environment.overrides,
    )
    return {"policy": options.policy or str(options.run), **result, "messages": options.messages}


def _show(result: dict[str, Any], console: Console) -> None:
    from marl.cli.closing_report import facts_of, table_of
    from marl.maths.intervals import Estimate

    measures = {name: value for name, value in result.items() if isinstance(value, dict) and "ci95" in value}
    estimates = {name: Estimate.from_dict(value) for name, value in measures.items()}
    told = {"policy", "episodes", "messages", "deterministic", "seed", *measures}
    described = {name: value for name, value in result.items() if name not in told}
    told_if = {", messages off": result["messages"] == "off", ", likeliest actions": result["deterministic"]}
    facts = f"{facts_of(described)}{''.join(text for text, so in told_if.items() if so)}, seed {result['seed']}"
    console.print(f"{facts}; mean and 95 % interval over {result['episodes']} episodes", soft_wrap=True)
    console.print(table_of({result["policy"]: estimates}))
