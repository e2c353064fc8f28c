"""``marl train``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console

from marl.core.errors import ConfigError

if TYPE_CHECKING:
    from marl.training.loop import Trainer
    from marl.training.progress import Progress
    from marl.training.run_config import RunConfig

__all__ = ["train", "train_run"]

USAGE = """usage: marl train PRESET --out RUN [options]
       marl train --resume RUN [options]
       marl train PRESET --out RUNS --seeds 3 [--native-grid "1+1,3+1"] [options]

Trains a team from a preset, or goes on with a run, or trains many at once.

  PRESET           YAML file with the settings, e.g. experiments/predator_teams.yaml
  --out RUN        folder of the new run: settings, log, checkpoints and policy go there
  --resume RUN     go on with the run in this folder from its latest checkpoint
  --team A=2,B=2   composition
  --prey NAME      how the prey moves: random, still, flee, or the folder of a run that trained prey
  --report         compare with reference policies at the end and draw an episode
  --seeds 3        train with the seeds 1, 2, 3 (or 1,4,7), each into RUNS/seed-N
  --native-grid "1+1,3+1"
                   train a team at each composition, each into RUNS/3+1/seed-N; counts in the
                   order of the classes, or by name: "A=3+B=1"
  --jobs N         so many of them at once; by default as many as cores and memory bear

Ctrl-C saves and ends; --resume goes on with a run, the same command again with many. Every field
of the preset is an option by its dotted name, e.g. --total-env-steps 500000 --seed 1
--algorithm.gamma 0.99. To see them all:

  marl train experiments/predator_teams.yaml --help
"""

DESCRIPTION = """Trains a policy from a preset, or goes on with a run. Ctrl-C saves and ends; --resume goes on.

With --seeds or --native-grid it trains many runs at once; the same command again goes on with those
that have not finished.

A whole part is replaced by YAML, e.g. --env.communication None, or
--env.classes '{A: [landmarks], C: [prey, teammates]}'.

--algorithm.name {algorithms} changes the algorithm; what both have in common is kept."""

REPORT = "Compare with reference policies at the end, and draw an episode."
SEEDS = "Train with each seed from 1 to N, or of a list, into OUT/seed-N."
NATIVE_GRID = "Train a team at each composition, into OUT/3+1/seed-N; counts in the order of the classes, or A=3+B=1."
JOBS = "How many of these runs train at once; by default as many as cores and memory bear."


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
    if options.seeds is None and options.native_grid is None:
        if options.jobs is not None:
            raise ConfigError("--jobs is for many runs; give --seeds or --native-grid, too")
        return train_run(options.config, options.resume or options.out, options.resume is not None, options.report)
    return _train_many(options, arguments)


def _train_many(options: Any, arguments: list[str]) -> int:
    from marl.cli.many_runs import read_runs, train_runs
    from marl.cli.overrides import option
    from marl.system.launcher import program

    which = "--seeds" if options.native_grid is None else "--native-grid"
    if options.resume is not None:
        raise ConfigError("--resume goes on with one run; many go on when their command is given again, without it")
    if options.report:
        raise ConfigError(f"--report is of one run; leave it out with {which}")
    taken = {"seed": options.seeds, "team": options.native_grid, "env.team": options.native_grid}
    for name, many in taken.items():
        if many is not None and option(arguments, name) is not None:
            raise ConfigError(f"--{name} and {which} {many} are both given; leave one out")
    runs = read_runs(options.config, options.out, options.native_grid, options.seeds)
    return train_runs(runs, options.out, options.jobs, f"{program('marl')} train {shlex.join(arguments)}")


def train_run(
    config: RunConfig[Any],
    folder: Path,
    resume: bool,
    report: bool = False,
    watch: Callable[[Progress], None] | None = None,
) -> int:
    """Trains one run and prints where it stands.

    Args:
        config: of the run.
        folder: of the run.
        resume: go on from its latest checkpoint.
        report: compare with reference policies at the end.
        watch: called after every iteration, too.

    Returns:
        Exit status.
    """
    from marl.cli.closing_report import report_run
    from marl.cli.progress_bars import Watcher
    from marl.system.launcher import program
    from marl.training.loop import Trainer

    console = Console(highlight=False)
    trainer = Trainer(config, folder, resume)
    _announce(trainer, console)
    with Watcher(console, config.total_env_steps, trainer.scores.solved is not None) as show:
        result = trainer.train(show if watch is None else _both(show, watch))
    if not result.finished:
        stopped = f"stopped and saved at {result.env_steps:,} env steps"
        console.print(f"{stopped}; go on with: {program('marl')} train --resume {folder}", soft_wrap=True)
        return 130
    if trainer.scores.over:
        console.print(f"the score log ended training after {len(trainer.scores):,} episodes", soft_wrap=True)
    console.print(f"trained policy: {folder / 'policy'}", soft_wrap=True)
    if report:
        report_run(folder, console)
    return 0


def _announce(trainer: Trainer, console: Console) -> None:
    from marl.system.launcher import program

    if trainer.finished:
        done = f"{trainer.folder} has done its {trainer.env_steps:,} env steps"
        rule = "another rule in --score-log" if trainer.scores.over else "--total-env-steps N"
        console.print(f"{done}; for more: {rule}", soft_wrap=True)
    else:
        parameters = sum(p.numel() for p in trainer.policy.parameters())
        what = f"training from env step {trainer.env_steps:,} to {trainer.config.total_env_steps:,} on {trainer.device}"
        console.print(f"{what}, {parameters:,} parameters, run folder {trainer.folder}", soft_wrap=True)
        console.print(f"watch it: {program('tensorboard')} --logdir {trainer.folder}", soft_wrap=True)


def _both(first: Callable[[Progress], None], second: Callable[[Progress], None]) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        first(progress)
        second(progress)

    return watch


def _options(preset: str | None, arguments: list[str]) -> Any:
    """What was typed, with ``config`` as the preset or run has it and the options change it."""
    from marl.cli.overrides import option, with_overrides
    from marl.training.run_config import load_config, resume_config

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
        ("seeds", annotated[str | None, _shown("N|N,N", SEEDS)], None),
        ("native_grid", annotated[str | None, _shown("TEAM,TEAM", NATIVE_GRID)], None),
        ("jobs", annotated[int | None, _shown("N", JOBS)], None),
        ("report", annotated[bool, tyro.conf.FlagCreatePairsOff, _shown("", REPORT)], False),
        ("config", annotated[type(config), tyro.conf.arg(name="")], config),
    ]
    from marl.algorithms.kinds import ALGORITHMS
    from marl.training.field_paths import SHORT

    lacking = {name for name in SHORT if name not in type(config.env).model_fields}  # read before; here for the help
    shown = [(name, kind, field(default=default)) for name, kind, default in fields if name not in lacking]
    options = make_dataclass("Options", shown)
    command = "marl train" if preset is None else f"marl train {preset}"
    settings = (tyro.conf.AvoidSubcommands,)
    description = DESCRIPTION.replace("{algorithms}", ", ".join(ALGORITHMS))
    return tyro.cli(options, args=arguments, prog=command, description=description, config=settings)


def _shown(metavar: str, text: str) -> Any:
    return tyro.conf.arg(metavar=metavar, help=text, help_behavior_hint="")
