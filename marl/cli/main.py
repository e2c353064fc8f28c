"""Command line: ``marl train``, ``evaluate``, ``render``, ``export``, ``compare``, ``generalise``,
``alternate``, ``play``, ``tournament``, ``judge``, ``list`` and ``check``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from marl.cli.guard import fail, guarded
from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean
from marl.core.trust import UntrustedError, trusting
from marl.system.launcher import command_line

__all__ = ["COMMANDS", "main"]

USAGE = """usage: marl COMMAND ...

commands:
  train      train a team from a preset, or go on with a run
  evaluate   play whole episodes with a trained or a reference policy, print what they brought
  render     make an animated picture of one episode
  export     write a trained policy as an ONNX file
  compare    draw the learning curves of runs, with intervals over seeds
  generalise play trained teams, frozen, in other sizes and mixes, and compare with natives
  alternate  train both sides in turn, each against all versions of the other
  play       play a turn-based game, or watch players play it
  tournament let players of a turn-based game meet, and rate them
  judge      count the mistakes of players in positions whose moves are solved
  check      play a few random episodes of an environment, and tell what there is in it
  list       name presets, environments, algorithms, policies, players, games, or the runs in a folder

To begin: marl train cartpole_ppo --out runs/cartpole, then marl evaluate runs/cartpole
and marl render runs/cartpole --out cartpole.gif. marl list presets names other trainings.

A module that a run names is imported only with --trust MODULE, or MARL_TRUST=MODULE,MODULE in the
environment; one that you name yourself, in a preset or an option, is imported at once.

For completion in bash: eval "$(marl --completion bash)"

marl COMMAND --help tells what each takes. For train, name a preset before --help to see
every field that can be set: marl train predator_teams --help
"""

FUNCTIONS = {"list": "list_names"}
"""Functions of commands whose name Python has taken."""
COMMANDS = (
    "train",
    "evaluate",
    "render",
    "export",
    "compare",
    "generalise",
    "alternate",
    "play",
    "tournament",
    "judge",
    "list",
    "check",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: as typed after ``marl``; those of the process by default.

    Returns:
        Exit status: 0 done, 1 training could not go on, 2 bad input, stopped 130, by SIGTERM 143, by SIGHUP 129.
    """
    return guarded(_run, list(sys.argv[1:] if arguments is None else arguments))


def _run(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help"):
        from marl.cli.help_text import wrapped

        print(wrapped(USAGE), end="")
        return 0 if given else 2
    name, *rest = given
    if name == "--version":
        from marl.core.version import __version__

        print(f"marl {__version__}")
        return 0
    if name == "--completion":
        from marl.cli.completion import bash_completion

        if rest != ["bash"]:
            return fail(f"--completion is for bash; give --completion bash, not {' '.join(rest) or 'nothing'}", 2)
        print(bash_completion(COMMANDS, _run), end="")
        return 0
    if name not in COMMANDS:
        return fail(f"there is no command {name!r}; {did_you_mean(name, COMMANDS)}there is {', '.join(COMMANDS)}", 2)
    if os.environ.get("NO_COLOR"):  # rich honours it, tyro has a variable of its own, read when it is imported
        os.environ.setdefault("PYTHON_TYRO_ANSI_CODES", "False")
    command: Callable[[list[str]], int] = getattr(import_module(f"marl.cli.{name}"), FUNCTIONS.get(name, name))
    try:
        with trusting(imported=False):  # not even what is imported already
            return command(rest)
    except UntrustedError as error:
        again = command_line("marl", *given, "--trust", error.module)
        raise ConfigError(f"{error.refusal}; if you trust its code: {again}") from error
