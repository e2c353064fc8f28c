"""``marl train``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from marl.api import replace_field
from marl.commands.report import report_run
from marl.run_config import ConfigError, RunConfig, explain, load_config, read_config, switch_algorithm
from marl.training import Progress, Trainer, resume_config, stop_on_interrupt

__all__ = ["train"]

SECONDS_BETWEEN_LINES = 10.0


def train(arguments: list[str]) -> int:
    """Trains a team from a preset, or goes on with a run.

    Args:
        arguments: ``PRESET --out RUN [options]`` or ``--resume RUN [options]``.

    Returns:
        Exit status.
    """
    preset, shortcuts = _peek(arguments)
    resumed = shortcuts["resume"]
    if preset is None and resumed is None:
        if {"-h", "--help"} & set(arguments):
            print(
                train.__doc__,
                "\nusage: marl train PRESET --out RUN [options]\n       marl train --resume RUN [options]",
            )
            print("\nName a preset to see all options: marl train PRESET --help")
            return 0
        raise ConfigError("name a preset (marl train experiments/predator_teams.yaml --out RUN) or --resume RUN")
    source = load_config(Path(preset)) if preset is not None else resume_config(Path(str(resumed)))
    options = _parse(arguments, _with_shortcuts(source, shortcuts, preset or f"{shortcuts['resume']}/config.yaml"))
    if options.out is None and options.resume is None:
        raise ConfigError("name the folder of the run: --out runs/NAME")
    folder = options.resume or options.out
    console = Console(highlight=False)
    trainer = Trainer(options.config, folder, resume=options.resume is not None)
    console.print(
        f"training to {options.config.total_env_steps:,} env steps on {trainer.device}, "
        f"{sum(p.numel() for p in trainer.policy.parameters()):,} parameters; run folder {folder}"
    )
    console.print(f"watch it: tensorboard --logdir {folder}")
    with stop_on_interrupt() as stop_wished, _Watcher(console, options.config, stop_wished) as watch:
        result = trainer.train(watch)
    if not result.finished:
        console.print(f"stopped at {result.env_steps:,} env steps; go on with: marl train --resume {folder}")
        return 130
    console.print(f"trained policy: {folder / 'policy'}")
    if options.report:
        report_run(folder, console)
    return 0


def _peek(arguments: list[str]) -> tuple[str | None, dict[str, str | None]]:
    preset = arguments[0] if arguments and not arguments[0].startswith("-") else None
    shortcuts: dict[str, str | None] = {}
    for name in ("resume", "team", "prey", "algorithm.name"):
        flag = f"--{name}"
        value = next((a.removeprefix(flag + "=") for a in arguments if a.startswith(flag + "=")), None)
        if value is None and flag in arguments[:-1]:
            value = arguments[arguments.index(flag) + 1]
        shortcuts[name] = value
    return preset, shortcuts


def _with_shortcuts(config: RunConfig[Any], shortcuts: dict[str, str | None], source: str) -> RunConfig[Any]:
    values = config.model_dump(mode="json")
    for name in ("team", "prey"):
        if shortcuts[name] is not None:
            if name not in values["env"]:
                raise ConfigError(f"--{name}: the environment {values['env']['name']!r} has no field {name!r}")
            values = replace_field(values, ["env", name], shortcuts[name])
    if shortcuts["algorithm.name"] is not None:
        values["algorithm"] = switch_algorithm(values["algorithm"], shortcuts["algorithm.name"])
    return read_config(values, source)


def _parse(arguments: list[str], config: RunConfig[Any]) -> Any:
    tree: Any = Annotated[type(config), tyro.conf.arg(name="")]
    parsed = make_dataclass(
        "train",
        [
            ("preset", tyro.conf.Positional[Path | None], field(default=None)),
            ("out", Path | None, field(default=None)),
            ("resume", Path | None, field(default=None)),
            ("team", str | None, field(default=None)),
            ("prey", str | None, field(default=None)),
            ("report", tyro.conf.FlagCreatePairsOff[bool], field(default=False)),
            ("config", tree, field(default=config)),
        ],
    )
    parsed.__doc__ = """Trains a team from a preset, or goes on with a run.

    Args:
        preset: YAML file with the settings; comes first.
        out: folder of the new run.
        resume: folder of a run to go on with, in place of preset and --out.
        team: composition, e.g. A=2,B=2 (short for --env.team).
        prey: how the prey moves (short for --env.prey).
        report: compare with reference policies at the end and make an animated picture.
    """
    try:
        return tyro.cli(parsed, args=arguments, prog="marl train", config=(tyro.conf.AvoidSubcommands,))
    except ValidationError as error:
        raise ConfigError(explain(error)) from error


class _Watcher:
    """Shows progress: a bar in a terminal, a line every ten seconds elsewhere."""

    def __init__(self, console: Console, config: RunConfig[Any], stop_wished: Callable[[], bool]) -> None:
        self.console, self.stop_wished = console, stop_wished
        self.last = time.monotonic() - SECONDS_BETWEEN_LINES
        columns = (BarColumn(), TextColumn("{task.completed:,}/{task.total:,} env steps"), TimeRemainingColumn())
        self.bar = Bar(*columns, TextColumn("{task.fields[note]}"), console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task("train", total=config.total_env_steps, note="")

    def __enter__(self) -> Callable[[Progress], None]:
        self.bar.start()
        return self._show

    def __exit__(self, *error: object) -> None:
        self.bar.stop()

    def _show(self, progress: Progress) -> None:
        now = time.monotonic()
        if self.console.is_terminal:
            self.bar.update(self.task, completed=progress.env_steps, note=_note(progress))
        elif now - self.last >= SECONDS_BETWEEN_LINES or progress.env_steps >= progress.total_env_steps:
            self.last = now
            share = progress.env_steps / progress.total_env_steps
            self.console.print(f"{share:5.0%}  {progress.env_steps:>10,} env steps  {_note(progress)}", soft_wrap=True)
        if self.stop_wished():
            raise KeyboardInterrupt


def _note(progress: Progress) -> str:
    returns = {name: value for name, value in progress.metrics.items() if name.startswith("return/")}
    parts = [f"{progress.env_steps_per_second:,.0f} per second"]
    parts += [f"{name} {value:.1f}" for name, value in returns.items()]
    return "  ".join(parts)
