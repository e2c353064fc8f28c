"""``marl train``."""

from __future__ import annotations

from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console

from marl.errors import ConfigError

if TYPE_CHECKING:
    from marl.run_config import RunConfig

__all__ = ["train"]

USAGE = """usage: marl train PRESET --out RUN [options]
       marl train --resume RUN [options]

Trains a team from a preset, or goes on with a run.

  PRESET           YAML file with the settings, e.g. experiments/predator_teams.yaml
  --out RUN        folder of the new run: settings, log, checkpoints and policy go there
  --resume RUN     go on with the run in this folder from its latest checkpoint
  --team A=2,B=2   composition
  --prey NAME      how the prey moves: random, still, flee, or the folder of a run that trained prey
  --report         compare with reference policies at the end and draw an episode

Ctrl-C saves and ends; --resume goes on. Every field of the preset is an option by its dotted
name, e.g. --total-env-steps 500000 --seed 1 --algorithm.gamma 0.99. To see them all:

  marl train experiments/predator_teams.yaml --help
"""

DESCRIPTION = """Trains a team from a preset, or goes on with a run. Ctrl-C saves and ends; --resume goes on.

A whole part is replaced by YAML, e.g. --env.communication None, or
--env.classes '{A: [landmarks], C: [prey, teammates]}'.

--algorithm.name ppo, a2c or reinforce changes the algorithm; what both have in common is kept."""

REPORT = "Compare with reference policies at the end, and draw an episode."


def train(arguments: list[str]) -> int:
    """Trains a team from a preset, or goes on with a run.

    Args:
        arguments: ``PRESET --out RUN [options]`` or ``--resume RUN [options]``.

    Returns:
        Exit status.
    """
    preset = arguments[0] if arguments and not arguments[0].startswith("-") else None
    if preset is None and {"-h", "--help"} & set(arguments):
        print(USAGE, end="")
        return 0
    options = _options(preset, arguments)
    if (options.out is None) == (options.resume is None):
        raise ConfigError("name the folder of the run: --out runs/NAME for a new one, or --resume RUN (not both)")
    return _train(options.config, options.resume or options.out, options.resume is not None, options.report)


def _train(config: RunConfig[Any], folder: Path, resume: bool, report: bool) -> int:
    from marl.commands.progress import Watcher
    from marl.commands.report import program, report_run
    from marl.training import Trainer

    console = Console(highlight=False)
    trainer = Trainer(config, folder, resume)
    if trainer.finished:
        done = f"{folder} has done its {trainer.env_steps:,} env steps"
        console.print(f"{done}; for more: --total-env-steps N", soft_wrap=True)
    else:
        parameters = sum(p.numel() for p in trainer.policy.parameters())
        what = f"training from env step {trainer.env_steps:,} to {config.total_env_steps:,} on {trainer.device}"
        console.print(f"{what}, {parameters:,} parameters, run folder {folder}", soft_wrap=True)
        console.print(f"watch it: {program('tensorboard')} --logdir {folder}", soft_wrap=True)
    with Watcher(console, config.total_env_steps) as watch:
        result = trainer.train(watch)
    if not result.finished:
        stopped = f"stopped and saved at {result.env_steps:,} env steps"
        console.print(f"{stopped}; go on with: {program('marl')} train --resume {folder}", soft_wrap=True)
        return 130
    console.print(f"trained policy: {folder / 'policy'}", soft_wrap=True)
    if report:
        report_run(folder, console)
    return 0


def _options(preset: str | None, arguments: list[str]) -> Any:
    """What was typed, with ``config`` as the preset or run has it and the options change it."""
    from marl.commands.overrides import option, with_overrides
    from marl.run_config import load_config, resume_config

    resumed = option(arguments, "resume")
    if preset is not None and resumed is not None:
        raise ConfigError(f"both a preset ({preset}) and --resume {resumed} are named; a run has its own settings")
    if preset is not None:
        config = load_config(Path(preset))
    elif resumed is not None:
        config = resume_config(Path(resumed))
    else:
        raise ConfigError("name a preset first (marl train experiments/predator_teams.yaml --out RUN), or --resume RUN")
    config, left = with_overrides(config, arguments[preset is not None :])
    return _parse(config, preset, left)


def _parse(config: RunConfig[Any], preset: str | None, arguments: list[str]) -> Any:
    annotated: Any = Annotated
    fields: list[tuple[str, Any, Any]] = [
        ("out", annotated[Path | None, _shown("RUN", "Folder of the new run.")], None),
        ("resume", annotated[Path | None, _shown("RUN", "Go on with this run, in place of PRESET and --out.")], None),
        ("team", annotated[str | None, _shown("A=N,B=N", "Composition; short for --env.team.")], None),
        ("prey", annotated[str | None, _shown("NAME", "How the prey moves; short for --env.prey.")], None),
        ("report", annotated[bool, tyro.conf.FlagCreatePairsOff, _shown("", REPORT)], False),
        ("config", annotated[type(config), tyro.conf.arg(name="")], config),
    ]
    options = make_dataclass("Options", [(name, kind, field(default=default)) for name, kind, default in fields])
    command = "marl train" if preset is None else f"marl train {preset}"
    settings = (tyro.conf.AvoidSubcommands,)
    return tyro.cli(options, args=arguments, prog=command, description=DESCRIPTION, config=settings)


def _shown(metavar: str, text: str) -> Any:
    return tyro.conf.arg(metavar=metavar, help=text, help_behavior_hint="")
