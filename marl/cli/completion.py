"""Completion of the command line by bash."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress

__all__ = ["bash_completion"]

SCRIPT = """_marl() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options= names=
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$names" -- "$word") $(compgen -f -- "$word")) ;;
  esac
}}
complete -o filenames -F _marl marl
"""
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def bash_completion(commands: Sequence[str], run: Callable[[list[str]], object]) -> str:
    """Script for ``eval "$(marl --completion bash)"``: commands, options as help has them, presets and files.

    Args:
        commands: names of the commands.
        run: runs a command line.
    """
    from marl.training.preset_files import preset_files

    presets = " ".join(preset_files())
    names = {"train": presets, "sweep": presets}
    cases = [
        f'    {name}) options="{" ".join(_options(name, run))}" names="{names.get(name, "")}" ;;' for name in commands
    ]
    return SCRIPT.format(commands=" ".join(commands), cases="\n".join(cases))


def _options(command: str, run: Callable[[list[str]], object]) -> list[str]:
    """Options that the help of a command names."""
    shown = io.StringIO()
    with redirect_stdout(shown), suppress(SystemExit):
        run([command, "--help"])
    return sorted(set(OPTION.findall(shown.getvalue())))
