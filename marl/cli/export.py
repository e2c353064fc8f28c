"""``marl export``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from marl.cli.help_text import parse_options
from marl.cli.options import EnvironmentOptions, TrustedModules, shown
from marl.system.console import plain_console

__all__ = ["export"]


@dataclass
class Arguments:
    """Write the policy of a run as an ONNX file, which needs neither this package nor PyTorch.

    Any setting of the environment can be changed, as in marl train: --env.arguments.n_pursuers 8.

    Examples: marl export runs/x --out policy.onnx; marl export predator_team --largest-team A=8,B=8
    """

    run: Annotated[Path, tyro.conf.Positional, shown("RUN")]
    """Folder of a trained run, its policy/, or a policy that comes with the package, e.g. predator_team."""
    out: Path = Path("policy.onnx")
    """The file, ending in .onnx; one that is there is replaced."""
    largest_team: Annotated[str | None, shown("A=N,B=N", "(default: that of the run)")] = None
    """Largest team of simple_tag that the file plays, e.g. A=8,B=8; smaller ones play too."""
    side: Annotated[str | None, shown("NAME")] = None
    """Side to export, where several were trained."""
    trust: TrustedModules = ()
    """Import this module where the run names it; may be given several times."""


def export(arguments: list[str]) -> int:
    """Export a policy and tell what the file takes and gives.

    Args:
        arguments: as typed after ``marl export``.

    Returns:
        Exit status.
    """
    from marl.cli.overrides import split_environment

    fields, others = split_environment(arguments)
    options = parse_options(Arguments, others, "marl export")
    from marl.core.composition import format_team
    from marl.core.trust import trusting
    from marl.evaluation.export import export_policy
    from marl.policies.saved import load_policy
    from marl.tasks.registry import find_policy

    settings = None
    if fields:
        trained = load_policy(find_policy(options.run)).environment
        settings = EnvironmentOptions(env=tuple(fields)).settings(trained)
    done, console = "replaced" if options.out.exists() else "wrote", plain_console()
    with trusting(options.trust), console.status("exporting"):
        facts = export_policy(options.run, options.out, options.largest_team, options.side, settings, {})
    for what in ("input", "output"):
        for name, told in facts[f"{what}s"].items():
            shape = ", ".join(map(str, told["shape"]))
            console.print(f"{what:6}  {name}  {told['dtype']} [{shape}]  {told['meaning']}", soft_wrap=True)
    team = ("up to " if facts["smaller_teams"] else "") + format_team(facts["team"])
    played = f"{facts['policy']} of {facts['environment']} for {team}"
    close = f"within {facts['largest_difference']:.1g} of PyTorch"
    console.print(f"{done} {options.out}: {played}, {close}", soft_wrap=True)
    return 0
