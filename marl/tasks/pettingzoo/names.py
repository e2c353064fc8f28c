"""PettingZoo's environments by name: its registry, modules as PettingZoo writes them, and functions of modules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from marl.core.trust import import_named, lacking
from marl.games.registry import is_game_name, new_game
from marl.tasks.pettingzoo.drivers import written_before

__all__ = ["factory_of", "is_pettingzoo_name", "made", "missing_module", "mpe2_names", "registered", "wrapped"]

KINDS = ("parallel_env", "env")
"""Functions of a module that makes environments, the first of which is taken."""
NEEDED = {
    "atari": "multi_agent_ale_py",
    "butterfly": "pygame",
    "butterfly/pistonball": "pymunk",
    "classic": "pygame",
    "classic/chess": "chess",
    "classic/hanabi": "pyspiel",
    "classic/leduc_holdem": "rlcard",
    "classic/texas_holdem": "rlcard",
    "sisl": "pygame",
    "sisl/multiwalker": "Box2D",
    "sisl/pursuit": "scipy",
}
"""Modules that environments of the registry need, by the beginnings of their names."""


def registered() -> dict[str, str]:
    """Names in PettingZoo's registry, and the kind that is made: ``parallel`` where there is one, or ``aec``."""
    from pettingzoo.env_registry.registration import aec_registry, parallel_registry

    return {**dict.fromkeys(aec_registry, "aec"), **dict.fromkeys(parallel_registry, "parallel")}


def missing_module(name: str) -> str | None:
    """A module that an environment of the registry needs and that is not installed; None if all are there."""
    needed = (module for beginning, module in NEEDED.items() if name.startswith(beginning))
    return next((module for module in needed if find_spec(module) is None), None)


def mpe2_names() -> list[str]:
    """Names of mpe2's environments, which stand in no registry; nothing is imported for them."""
    spec = find_spec("mpe2")
    places = (spec and spec.submodule_search_locations) or ()
    return [f"mpe2.{module.name}" for module in iter_modules(places) if re.search(r"_v\d+$", module.name)]


def is_pettingzoo_name(name: str) -> bool:
    """True for a name of the registry, ``package.module`` or ``module:function``; nothing is imported for it."""
    module, _, function = name.rpartition(":")
    if module:
        return function.replace(".", "_").isidentifier()
    return _id_of(name) in registered() or ("." in name and name.replace(".", "_").isidentifier())


def factory_of(name: str) -> Callable[..., Any]:
    """Function that makes environments of a name.

    Raises:
        UnknownGameError: for a variant that a game does not have.
        ValueError: for a module without such a function, or one that needs a package that is not installed.
        UntrustedError: see `marl.core.trust.import_named`.
    """
    if is_game_name(name):
        from marl.games.turn_based import to_aec

        return partial(to_aec, new_game(name))
    kinds = registered()
    if (known := _id_of(name)) in kinds:
        import pettingzoo

        return partial(pettingzoo.make, kinds[known], known)
    module = import_named(name)
    function = name.rpartition(":")[2] if ":" in name else ""
    found = next(filter(callable, (getattr(module, kind, None) for kind in ([function] if function else KINDS))), None)
    if found is None:
        there = ", ".join(sorted(each for each, value in vars(module).items() if callable(value) and each[0] != "_"))
        missing = function or " and no ".join(KINDS)
        raise ValueError(
            f"{name} names the module {module.__name__}, which has no function {missing}; it has {there or 'none'}"
        )
    return found


def wrapped(env: Any, wrappers: Sequence[str | Mapping[str, Mapping[str, Any] | None]]) -> Any:
    """An environment in wrappers, the first innermost.

    Args:
        env: the environment.
        wrappers: ``package.module.function``, or a mapping from that to its arguments.

    Raises:
        ValueError: for a wrapper that is not there, or does not take the environment.
        UntrustedError: see `marl.core.trust.import_named`.
    """
    for wrapper in wrappers:
        path, arguments = (wrapper, None) if isinstance(wrapper, str) else next(iter(wrapper.items()))
        module, _, function = path.replace(":", ".").rpartition(".")
        if not module:
            raise ValueError(f"env.wrappers names {path!r}; write MODULE.FUNCTION, e.g. supersuit.frame_stack_v1")
        imported = import_named(f"{module}:{function}")
        try:
            found = getattr(imported, function)
        except (AttributeError, ImportError) as error:  # SuperSuit's own says which versions there are
            raise ValueError(f"env.wrappers names {path!r}, which is no function of {module}: {error}") from None
        try:
            env = found(env, **(arguments or {}))
        except Exception as error:  # whatever a wrapper does
            raise ValueError(f"env.wrappers: {path} fails with {dict(arguments or {})}: {_words(error)}") from error
    return env


def made(name: str, arguments: Mapping[str, Any]) -> Any:
    """Make an environment; one that can draws pictures.

    Raises:
        ValueError: if it cannot be made.
        UntrustedError: see `marl.core.trust.import_named`.
    """
    make = factory_of(name)
    env = _called(make, name, arguments)
    modes = (getattr(env, "metadata", None) or {}).get("render_modes") or ()
    if "render_mode" in arguments or "rgb_array" not in modes:
        return env
    try:
        return make(**arguments, render_mode="rgb_array")
    except Exception:  # names the mode, but does not take it, or lacks what it draws with
        return env


def _called(make: Callable[..., Any], name: str, arguments: Mapping[str, Any]) -> Any:
    try:
        return make(**arguments)
    except (Exception, SystemExit) as error:  # whatever a constructor does
        raise ValueError(
            f"{name} cannot be made with {dict(arguments)}: {_words(error)}{_hint(error, name)}"
        ) from error


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _hint(error: BaseException, name: str) -> str:
    """Advice for errors that users of PettingZoo meet."""
    cause = error.__cause__ or error
    if isinstance(cause, ModuleNotFoundError):
        family = name.partition("/")[0] if "/" in name else ""
        extra = f"is not installed: pip install 'pettingzoo[{family}]'" if family else lacking(cause)
        return f"; {cause.name} {extra}"
    if "'module' object is not callable" in str(error):
        return f"; agent_selector was a class once{written_before('1.24.3')}"
    if re.search(r"\bROMs?\b|rom\.", str(error), re.IGNORECASE) or "multi_agent_ale" in str(error):
        return "; Atari's games need their ROMs: pip install 'pettingzoo[atari]' autorom, then AutoROM --accept-license"
    return ""


def _id_of(name: str) -> str:
    """Name as the registry has it: ``-v6`` for ``_v6``."""
    return re.sub(r"_v(?=\d+$)", "-v", name)
