"""PettingZoo environments from their settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marl.tasks.no_display import no_display
from marl.tasks.pettingzoo.classes import declared_classes, found_classes
from marl.tasks.pettingzoo.config import PettingZooConfig
from marl.tasks.pettingzoo.environment import PettingZooEnvironment
from marl.tasks.pettingzoo.names import made, wrapped

if TYPE_CHECKING:
    import torch

__all__ = ["classes_of", "make_environment", "make_one"]


def make_one(config: PettingZooConfig) -> Any:
    """Make one environment, as PettingZoo has it.

    Raises:
        ValueError: if it cannot be made.
        UntrustedError: see `marl.core.trust.import_named`.
    """
    with no_display():
        return wrapped(made(config.name, config.arguments), config.wrappers)


def classes_of(env: Any, config: PettingZooConfig) -> dict[Any, str]:
    """Class of each agent, declared or found.

    Raises:
        ValueError: see `marl.tasks.pettingzoo.classes`.
    """
    if not getattr(env, "possible_agents", None):
        raise ValueError(f"{config.name} names no possible_agents; PettingZoo environments list all who may ever play")
    if config.members is None:
        return found_classes(env)
    return declared_classes(env.possible_agents, config.members)


def make_environment(
    config: PettingZooConfig,
    num_copies: int,
    processes: int,
    step_timeout: float | None,
    device: torch.device | str,
) -> PettingZooEnvironment:
    """Make ``B`` copies as an `Environment`.

    Args:
        config: settings.
        num_copies: ``B``.
        processes, step_timeout: see `ProcessBlocks`.
        device: device of the tensors.

    Raises:
        ValueError: see `make_one`, `classes_of` and `PettingZooEnvironment`.
    """
    first = make_one(config)
    classes = classes_of(first, config)
    kinds = list(dict.fromkeys(classes.values())) if config.members is None else list(config.members)
    envs = [first]
    return PettingZooEnvironment(
        lambda: envs.pop() if envs else make_one(config),
        num_copies,
        classes,
        kinds,
        scene=_picture if getattr(first, "render_mode", None) == "rgb_array" else None,
        device=device,
        shared=config.reward,
        sides=config.sides,
        links=config.links,
        channels=config.channels,
        rejoin=config.rejoin,
        processes=processes,
        step_timeout=step_timeout,
        state=config.state,
    )


def _picture(env: Any) -> Any:
    with no_display():
        return env.render()
