"""``marl train``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from marl.cli.help_text import help_text, wrapped
from marl.core.config import Config
from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.settings import completed, flat_settings, part_of
from marl.core.trust import trusting
from marl.system.interrupts import end_on_signal

if TYPE_CHECKING:
    from marl.core.task import Task
    from marl.training.run_config import RunConfig

__all__ = ["train"]

USAGE = """usage: marl train PRESET --out RUN [options]
       marl train --resume RUN [options]
       marl train PRESET --print-config [options]
       marl train PRESET --out RUNS --seeds 3 [--native-grid "1+1,3+1"] [options]

Trains a team from a preset, or goes on with a run, or trains many at once.

  PRESET           name of a preset, a YAML file, or the name of an environment; marl list shows all names
  --out RUN        folder of the new run: settings, log, checkpoints and policy go there
  --resume RUN     go on with the run in this folder from its latest checkpoint
  --team A=2,B=2   composition
  --prey NAME      how the prey moves: random, still, flee, or the folder of a run that trained prey
  --print-config   print the complete settings as YAML, which marl train reads, and train nothing
  --report         compare with reference policies at the end and draw an episode
  --seeds 3        train with the seeds 1, 2, 3 (or 1,4,7), each into RUNS/seed-N
  --native-grid "1+1,3+1"
                   train a team at each composition, each into RUNS/3+1/seed-N; counts in the
                   order of the classes, or by name: "A=3+B=1"
  --jobs N         so many of them at once; by default as many as cores and memory bear
  --trust MODULE   import this module where the run that goes on names it; a preset's own needs none

Ctrl-C, SIGTERM and SIGHUP save and end; --resume goes on with a run, the same command again with many. Every field
of the preset is an option by its dotted name, e.g. --total-env-steps 500000 --seed 1
--algorithm.gamma 0.99. To see them all:

  marl train predator_teams --help
"""

DESCRIPTION = """Trains a policy from a preset, or goes on with a run. Ctrl-C saves and ends; --resume goes on.

With --seeds or --native-grid it trains many runs at once; the same command again goes on with those
that have not finished.

A whole part is replaced by YAML, e.g. --env.communication None, or
--env.classes '{A: [landmarks], C: [prey, teammates]}'.

--algorithm.name {algorithms} changes the algorithm; what both have in common is kept."""

REPORT = "Compare with reference policies at the end, and draw an episode."
PRINT_CONFIG = "Print the complete settings as YAML, which marl train reads, and train nothing."
SEEDS = "Train with each seed from 1 to N, or of a list, into OUT/seed-N; at most 10,000."
NATIVE_GRID = "Train a team at each composition, into OUT/3+1/seed-N; counts in the order of the classes, or A=3+B=1."
TRUST = "Import this module where the run that goes on names it; a preset's own needs none."
JOBS = "How many of these runs train at once, at most 1,024; by default as many as cores and memory bear."


def _shown(metavar: str, text: str) -> Any:
    return tyro.conf.arg(metavar=metavar, help=text, help_behavior_hint="")


ANNOTATED: Any = Annotated
OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    ("out", ANNOTATED[Path | None, _shown("RUN", "Folder of the new run.")], None),
    ("resume", ANNOTATED[Path | None, _shown("RUN", "Go on with this run, in place of PRESET and --out.")], None),
    (
        "team",
        ANNOTATED[str | None, _shown("A=N,B=N", "Composition of at most 4,096; short for --env.team.")],
        None,
    ),
    ("prey", ANNOTATED[str | None, _shown("NAME", "How the prey moves; short for --env.prey.")], None),
    ("seeds", ANNOTATED[str | None, _shown("N|N,N", SEEDS)], None),
    ("native_grid", ANNOTATED[str | None, _shown("TEAM,TEAM", NATIVE_GRID)], None),
    ("jobs", ANNOTATED[int | None, _shown("N", JOBS)], None),
    ("trust", ANNOTATED[tuple[str, ...], tyro.conf.UseAppendAction, _shown("MODULE", TRUST)], ()),
    ("print_config", ANNOTATED[bool, tyro.conf.FlagCreatePairsOff, _shown("", PRINT_CONFIG)], False),
    ("report", ANNOTATED[bool, tyro.conf.FlagCreatePairsOff, _shown("", REPORT)], False),
)
"""Options that are no fields of the preset: name, type and default."""


@end_on_signal()
def train(arguments: list[str]) -> int:
    """Train a team from a preset, or go on with a run.

    Args:
        arguments: ``PRESET --out RUN [options]`` or ``--resume RUN [options]``.

    Returns:
        Exit status.

    Raises:
        ConfigError: if an option cannot be used.
    """
    preset = arguments[0] if arguments and not arguments[0].startswith("-") else None
    if preset is None and {"-h", "--help"} & set(arguments):
        print(wrapped(USAGE), end="")
        return 0
    options = _options(preset, arguments)
    if options.print_config:
        from marl.training.run_config import config_text

        print(config_text(options.config), end="")
        return 0
    if (options.out is None) == (options.resume is None):
        raise ConfigError("name the folder of the run: --out runs/NAME for a new one, or --resume RUN (not both)")
    many = options.seeds is not None or options.native_grid is not None
    if options.jobs is not None and not many:
        raise ConfigError("--jobs is for many runs; give --seeds or --native-grid, too")
    with trusting(options.trust, typed=options.typed):
        return _train_many(options, arguments) if many else _train_one(options)


def _train_one(options: Any) -> int:
    from marl.cli.one_run import train_run

    return train_run(options.config, options.resume or options.out, options.resume is not None, options.report)


def _train_many(options: Any, arguments: list[str]) -> int:
    from marl.cli.many_runs import read_runs, train_runs
    from marl.cli.overrides import option
    from marl.system.launcher import command_line

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
    return train_runs(runs, options.out, options.jobs, command_line("marl", "train", *arguments))


def _options(preset: str | None, arguments: list[str]) -> Any:
    """Typed options, with ``config`` as the preset or run has it and the options change it.

    ``typed`` is the environment's name where it was typed, in the preset or as an option.
    """
    from marl.cli.overrides import option, split_environment, with_overrides
    from marl.training.presets import settings_of
    from marl.training.run_config import read_config, run_values, task_of

    values: Mapping[str, Any]
    resumed = option(arguments, "resume")
    if preset is not None and resumed is not None:
        raise ConfigError(f"both a preset ({preset}) and --resume {resumed} are named; a run has its own settings")
    if preset is not None:
        values, source = settings_of(preset), preset
    elif resumed is not None:
        values, source = run_values(Path(resumed)), str(Path(resumed) / "config.yaml")
    else:
        raise ConfigError("name a preset first (marl train predator_teams --out RUN), or --resume RUN")
    values = _renamed(values, {field: option(arguments, f"env.{field}") for field in ("name", "registry")})
    task = task_of(values, source)
    typed = option(arguments, "env.name") if preset is None else values["env"]["name"]
    complete = _complete(values, task, arguments, typed)
    changed, left = with_overrides(complete, task, arguments[preset is not None :])
    env = changed["env"]
    task = task if isinstance(env, Mapping) and env.get("name") == complete["env"]["name"] else task_of(changed)
    try:
        as_written = changed == complete and not split_environment(arguments)[0]
        config = read_config(changed, source if as_written else None, task)
    except ConfigError:
        read_config(values, source, task)  # raises its own error if the preset alone is wrong
        raise
    _check_options(left, config, preset)
    if _asks_for_fields(left):
        shown = _narrowed(config)
        with warnings.catch_warnings():  # the narrowed class says what the parameter of a generic base is
            warnings.filterwarnings("ignore", "Could not resolve type parameter")
            options = _parse(config, preset, left, [("config", _flattened(type(shown)), shown)])
    else:
        options = _parse(config, preset, left)
        options.config = config
    options.typed = typed
    return options


def _complete(values: Mapping[str, Any], task: Task, arguments: list[str], typed: str | None) -> Mapping[str, Any]:
    """Complete settings; the options of the environment come first, as what suits it depends on them."""
    from marl.cli.overrides import option, split_environment, with_overrides
    from marl.training.run_config import complete_values

    env = completed(task.config_type, values["env"])
    values, _ = with_overrides({**values, "env": env}, task, split_environment(arguments)[0])
    with trusting(typed=typed):
        return complete_values(values, task, option(arguments, "algorithm.name"))


def _renamed(values: Mapping[str, Any], typed: Mapping[str, str | None]) -> Mapping[str, Any]:
    """Settings with the environment's name as it was typed, before that of the preset is looked up."""
    given = {field: value for field, value in typed.items() if value is not None}
    env = values.get("env")
    return {**values, "env": {**env, **given}} if given and isinstance(env, Mapping) else values


def _check_options(arguments: list[str], config: RunConfig[Any], preset: str | None) -> None:
    """Raise an error for an option that is none, with the nearest of those that there are."""
    names = [*(name for name, _, _ in OPTIONS), *flat_settings(config.model_dump(mode="json"))]
    known = [f"--{name.replace('_', '-')}" for name in ("help", *names)]
    for word in arguments:
        flag = word.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and not any(f"{name}.".startswith(f"{flag}.") for name in known):
            command = "marl train --help" if preset is None else f"marl train {preset} --help"
            raise ConfigError(f"there is no option {flag}; {did_you_mean(flag, known)}{command} lists all")


def _asks_for_fields(arguments: list[str]) -> bool:
    """True where all fields are to be listed: for help, and beside an option without its value."""
    flags = {word.partition("=")[0].replace("_", "-") for word in arguments if word.startswith("-")}
    return not flags <= {f"--{name.replace('_', '-')}" for name, _, _ in OPTIONS}


def _parse(
    config: RunConfig[Any], preset: str | None, arguments: list[str], more: Sequence[tuple[str, Any, Any]] = ()
) -> Any:
    """Parse the options that are no fields of the preset, and ``more`` that are."""
    from marl.algorithms.configs import ALGORITHMS
    from marl.training.field_paths import SHORT

    lacking = {name for name in SHORT if name not in type(config.env).model_fields}  # here only for the help
    given = [(name, kind, field(default=default)) for name, kind, default in (*OPTIONS, *more) if name not in lacking]
    options = make_dataclass("Options", given)
    command = "marl train" if preset is None else f"marl train {preset}"
    settings = (tyro.conf.AvoidSubcommands,)
    description = DESCRIPTION.replace("{algorithms}", ", ".join(ALGORITHMS))
    return tyro.cli(options, args=arguments, prog=command, description=help_text(description), config=settings)


def _narrowed(settings: Config) -> Config:
    """Copy whose types are as narrow as its values, so that a number in place of a decay is shown as an option."""
    kind, values = type(settings), dict(settings)
    parts = {name: _narrowed(value) for name, value in values.items() if isinstance(value, Config)}
    numbers = {
        name: float
        for name, value in values.items()
        if isinstance(value, float) and part_of(kind.model_fields[name].annotation, {})
    }
    types = {name: type(part) for name, part in parts.items()} | numbers
    defined = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__annotations__": types}
    narrow: type[Config] = type(kind.__name__, (kind,), defined)
    return narrow.model_construct(**values | parts)


def _flattened(kind: type) -> Any:
    return ANNOTATED[kind, tyro.conf.arg(name="")]
