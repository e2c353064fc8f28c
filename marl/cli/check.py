"""``marl check``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import JsonFile, TrustedModules, check_file, check_seed, shown
from marl.core.limits import check_between
from marl.core.trust import trusting
from marl.system.console import plain_console

if TYPE_CHECKING:
    from marl.tasks.checking import Check

__all__ = ["check"]

FEW = 6
"""Agents that are named, of many."""


@dataclass
class Arguments:
    """Play a few random episodes of an environment, tell what there is, and what would be learnt in vain.

    Any setting of the environment can be given, as in marl train: --env.arguments.n_pistons 5.

    Examples: marl check mpe2.simple_spread_v3; marl check classic/connect_four-v3; marl check my_module:make_env;
    marl check CartPole-v1 --json check.json
    """

    name: Annotated[str, tyro.conf.Positional, shown("NAME")]
    """Environment of Gymnasium, of PettingZoo, of a module, or a preset."""
    episodes: int = 3
    """Number of episodes."""
    seed: int = 0
    """Seed of the episodes and the actions, below 2^32."""
    max_steps: int = 1_000
    """Steps after which an episode is cut."""
    json: JsonFile = None
    """Write what was found to this file too."""
    trust: TrustedModules = ()
    """Import this module; may be given several times."""


def check(arguments: list[str]) -> int:
    """Check an environment and print what was found.

    Args:
        arguments: as typed after ``marl check``.

    Returns:
        Exit status.
    """
    from marl.cli.overrides import split_environment

    fields, others = split_environment(arguments)
    options = parse_options(Arguments, others, "marl check")
    check_between("--episodes", options.episodes, 1, 1_000)
    check_between("--max-steps", options.max_steps, 1)
    check_seed(options.seed)
    check_file("json", options.json)
    from marl.training.presets import settings_of
    from marl.training.run_config import task_of

    values = settings_of(options.name)
    task_of(values, options.name)
    named = values["env"]
    with trusting(options.trust, typed=named["name"]):
        found, settings = _found(options, named, fields)
    if options.json is not None:
        from marl.core.files import save_json

        save_json(options.json, {"environment": settings, **found.as_json()})
    _show(found, settings)
    if options.json is not None:
        print(f"wrote {options.json}")
    return 0


def _found(options: Arguments, named: Mapping[str, Any], fields: list[str]) -> tuple[Check, dict[str, Any]]:
    """Facts about the environment, and its settings."""
    from marl.cli.options import EnvironmentOptions
    from marl.tasks.checking import check_environment
    from marl.tasks.environment_config import environment_config

    named = EnvironmentOptions(env=tuple(fields)).settings(named)
    task, config = environment_config(named, {})
    found = check_environment(task, config, options.episodes, options.seed, options.max_steps)
    return found, {"name": named["name"], **config.model_dump(mode="json", exclude_defaults=True)}


def _show(found: Check, settings: dict[str, Any]) -> None:
    import yaml

    console = plain_console()
    lines: dict[str, str] = {}
    for kind, told in found.classes.items():
        agents = ", ".join(told["agents"][:FEW]) + (", ..." if len(told["agents"]) > FEW else "")
        observes = told["observes"]
        for channels, height, width in told.get("images", ()):
            observes += f", an image of {height} x {width} with {channels} channels"
        lines[f"class {kind}"] = f"{len(told['agents'])} ({agents}); observes {observes}; acts in {told['acts']}"
    ends = [f"{length} steps, {end}" for length, end in zip(found.lengths, found.ends, strict=True)]
    lines |= {
        "agents move": found.moves,
        "legal actions": f"masks in {found.masks}" if found.masks else "all",
        "episodes": "; ".join(ends),
        "left early": _moments(found.left),
        "joined": _moments(found.joined),
        "reward": "the same for all" if found.shared_reward and _several(found) else "each its own",
        "random return": ", ".join(f"{kind} {value:.4g}" for kind, value in found.returns.items()),
        "one seed twice": "the same episode" if found.repeats else "two episodes",
        "two seeds": "two episodes" if found.seeds_differ else "the same episode",
        "pictures": found.pictures,
    }
    if found.state is not None:
        lines["state()"] = found.state
    longest = max(map(len, lines))
    for name, text in lines.items():
        console.print(f"{name:{longest}}  {text}", soft_wrap=True, markup=False)
    for warning in found.warnings:
        console.print(f"warning: {warning}", soft_wrap=True, markup=False)
    console.print("\na preset to start from, for marl train FILE.yaml --out runs/x:\n", markup=False)
    preset = {"env": settings, "algorithm": {"name": "ppo"}, "total_env_steps": 100_000}
    console.print(yaml.safe_dump(preset, sort_keys=False), soft_wrap=True, markup=False, end="")


def _several(found: Check) -> bool:
    return sum(len(told["agents"]) for told in found.classes.values()) > 1


def _moments(moments: list[dict[str, int]]) -> str:
    """The first moments of each episode's, e.g. ``x at 12, y at 30``."""
    return "; ".join(map(_first, filter(None, moments))) or "nobody"


def _first(moments: dict[str, int]) -> str:
    told = [f"{agent} at {step}" for agent, step in moments.items()]
    return ", ".join(told[:FEW]) + (f" and {len(told) - FEW} more" if len(told) > FEW else "")
