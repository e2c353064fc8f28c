"""The command line: ``marl train``, ``marl evaluate``, ``marl render``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

__all__ = ["main"]

USAGE = """usage: marl COMMAND ...

commands:
  train      train a team from a preset, or go on with a run
  evaluate   play whole episodes with a trained or a reference policy
  render     make an animated picture of one episode

marl COMMAND --help tells what each takes. For train, name a preset before --help to see
every field that can be set: marl train experiments/predator_teams.yaml --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: as typed after ``marl``; those of the process by default.

    Returns:
        Exit status: 0 done, 1 training could not go on, 2 the input will not do, 130 stopped.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if given else 2
    name, *rest = given
    commands = _commands()
    if name not in commands:
        print(f"marl: there is no command {name!r}; there is {', '.join(commands)}", file=sys.stderr)
        return 2
    return _guarded(commands[name], rest)


def _commands() -> dict[str, Callable[[list[str]], int]]:
    from marl.commands.evaluate import evaluate
    from marl.commands.render import render
    from marl.commands.train import train

    return {"train": train, "evaluate": evaluate, "render": render}


def _guarded(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    from marl.run_config import ConfigError
    from marl.serialisation import FileError
    from marl.tasks import UnknownTaskError
    from marl.training import TrainingError

    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        return command(arguments)
    except (ConfigError, FileError, UnknownTaskError) as error:
        errors.print("[bold red]error:[/]", end=" ")
        errors.print(str(error), markup=False)
        return 2
    except (TrainingError, OSError) as error:
        errors.print("[bold red]error:[/]", end=" ")
        errors.print(str(error), markup=False)
        return 1
    except KeyboardInterrupt:
        errors.print("stopped")
        return 130


def shown(path: Path) -> str:
    """A path as a user would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
