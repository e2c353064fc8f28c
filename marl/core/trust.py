"""Trust in modules that settings name.

Runs, policies and checkpoints come from anybody, and importing a module runs its code. So `import_named` is the only
way from a name in settings to code: it imports what the user typed or named as trusted, and refuses the rest. Entry
points are not its concern: installed packages declare those.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate
from types import ModuleType
from typing import Any

from marl.core.errors import ConfigError
from marl.core.nearest import did_you_mean

__all__ = ["TRUST", "Trust", "UntrustedError", "import_named", "lacking", "module_of", "trusting"]

VARIABLE = "MARL_TRUST"
ALWAYS = frozenset({"gymnasium", "mpe2", "pettingzoo", "supersuit"})


class UntrustedError(ConfigError):
    """Module that settings name and that is not trusted; it was not imported.

    Args:
        text: name in the settings, ``MODULE:NAME`` or ``PACKAGE.MODULE``.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.module = module_of(text)
        self.refusal = f"{text!r} names the module {self.module!r}, which is not trusted and was not imported"

    def __str__(self) -> str:
        return f"{self.refusal}; if you trust its code, import it first or give trust=[{self.module!r}]"


@dataclass(frozen=True)
class Trust:
    """Modules that `import_named` may import, beside those of Gymnasium, PettingZoo, mpe2, SuperSuit and MARL_TRUST.

    Args:
        modules: trusted modules; a package stands for all that is in it.
        imported: True where a module that is imported already is trusted, too, as in a user's own script. The standard
            library is not: all of it is at hand in every script, ``os`` with ``os.system``, too.
    """

    modules: frozenset[str] = frozenset()
    imported: bool = True

    def covers(self, module: str) -> bool:
        """True if the module is trusted."""
        trusted = ALWAYS | self.modules | _names([os.environ.get(VARIABLE, "")])
        packages = accumulate(module.split("."), "{}.{}".format)
        imported = module in sys.modules and module.partition(".")[0] not in sys.stdlib_module_names
        return not trusted.isdisjoint(packages) or (self.imported and imported)


TRUST = ContextVar("TRUST", default=Trust())  # noqa: B039  # Trust is frozen
"""Trust of the present block; processes that it starts are told it."""


@contextmanager
def trusting(modules: str | Iterable[str] = (), typed: Any = None, imported: bool | None = None) -> Iterator[None]:
    """Trust more modules within a block.

    Args:
        modules: names of modules; one text may hold several, with commas.
        typed: name that the user gave, e.g. in a preset; its `module_of` is trusted.
        imported: see `Trust`; None leaves it as it is.

    Raises:
        ConfigError: for a text that names no module.
    """
    before, more = TRUST.get(), _names([modules] if isinstance(modules, str) else modules)
    for name in more:
        if not _is_name(name):
            raise ConfigError(f"trust is {name!r}; name a module as an import does, e.g. my_package.envs")
    named = frozenset(filter(_is_name, [module_of(typed)]))
    trust = Trust(before.modules | more | named, before.imported if imported is None else imported)
    token = TRUST.set(trust)
    try:
        yield
    finally:
        TRUST.reset(token)


def import_named(text: str) -> ModuleType:
    """Import the module of a name in settings.

    One that the user typed or trusts by name may lie in the working directory, which is searched last.

    Args:
        text: ``MODULE:NAME``, or ``PACKAGE.MODULE``.

    Raises:
        UntrustedError: if the module is not trusted.
        ConfigError: if it cannot be imported.
    """
    module = module_of(text)
    if not _is_name(module):
        raise ConfigError(f"{text!r} names no module; write MODULE:NAME, e.g. my_package.envs:Maze-v0")
    if not TRUST.get().covers(module):
        raise UntrustedError(text)
    packages, here = accumulate(module.split("."), "{}.{}".format), os.getcwd()
    if not TRUST.get().modules.isdisjoint(packages) and not {"", here} & {*sys.path}:
        sys.path.append(here)  # as for python -m, but after all others, so that it hides none
    named = f"{text!r} names the module {module!r}, which"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):  # neither it nor a package that it is in
            raise ConfigError(f"{named} is there but needs {error.name!r}, which {lacking(error)}") from error
        near = did_you_mean(module, _beside(str(error.name)))
        advice = f"{'Else ' if near else ''}install it, or put the folder in which it lies on PYTHONPATH"
        raise ConfigError(f"{named} cannot be imported here ({error}); {near}{advice}") from error
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
        if isinstance(error, ImportError) and str(error).startswith("cannot import name") and _version(error):
            what += f"; it {lacking(error)}"
        raise ConfigError(f"{named} is there but fails when it is imported: {what}") from error


def _beside(missing: str) -> list[str]:
    """Modules of the package that lacks one."""
    package = missing.rpartition(".")[0]
    paths = getattr(sys.modules.get(package), "__path__", ())
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(paths)]


def module_of(text: Any) -> str:
    """MODULE of a text ``MODULE:NAME``, or ``PACKAGE.MODULE`` as it stands; an empty text for anything else."""
    if not isinstance(text, str):
        return ""
    module, colon, _ = text.rpartition(":")
    return module if colon or not ("." in text and _is_name(text)) else text


def lacking(error: ImportError) -> str:
    """Reason why a module is not found, and a remedy; the words follow its name."""
    if (error.name or "").partition(".")[0] == "gym":
        return "was replaced by Gymnasium; take a version that was written for that"
    if found := _version(error):
        return f"is not in the installed {found}; take a version that was written for it"
    return "is not installed; install what has it"


def _version(error: ImportError) -> str:
    """Name and version of the installed package of a module that is not found in it; empty if there is none."""
    package = (error.name or "").partition(".")[0]
    try:
        return f"{package} {version(package)}"
    except (PackageNotFoundError, ValueError):  # ValueError for an empty name
        return ""


def _names(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip() for text in texts for name in text.split(",")) - {""}


def _is_name(module: str) -> bool:
    """True for a dotted name as an import has it; importlib itself takes any name of a file, and relative ones."""
    return all(part.isidentifier() for part in module.split("."))
