"""Policy and learner that a run begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from marl.algorithms.alpha_zero_config import AlphaZeroConfig
from marl.algorithms.kinds import make_learner
from marl.algorithms.learner import Learner
from marl.algorithms.sides import SidesLearner
from marl.core.config import Config
from marl.core.environment import Rule, TaskEnvironment
from marl.core.errors import ConfigError, FileError
from marl.core.game import Game
from marl.core.roster import Roster
from marl.core.symmetry import Symmetries
from marl.evaluation.access import load_opponent
from marl.policies.configs import (
    ActorCriticConfig,
    GameNetworkConfig,
    PartConfig,
    PlayerConfig,
    RandomPolicyConfig,
    RulePolicyConfig,
    SavedGameNetworkConfig,
    SidesConfig,
)
from marl.policies.description import check_size
from marl.policies.game_network import shape_of
from marl.policies.kinds import make_policy
from marl.policies.policy import Policy
from marl.policies.pool import Pool
from marl.policies.rule import rule_of
from marl.policies.saved import load_policy, load_weights
from marl.policies.sides import Sides, player_of
from marl.tasks.compatibility import check_settings
from marl.tasks.environment_config import game_of
from marl.tasks.registry import find_policy
from marl.training.run_config import RunConfig

__all__ = ["build_learner", "build_policy", "take_weights"]


def build_policy(
    config: RunConfig[Any], environment: TaskEnvironment, device: torch.device, game: Game | None = None
) -> Policy:
    """Make the policy that a configuration describes, its weights drawn from the run's seed.

    Args:
        config: of the run.
        environment: gives the roster and its rules; it is not reset.
        device: device of the parameters.
        game: first position of a game that is learnt by self-play; None to make it where it is needed.

    Raises:
        ConfigError: if the networks cannot be made as described, or are too large, or sides do not fit the classes.
        FileError: if the policy of a fixed side cannot be loaded.
    """
    roster, fixed = environment.roster, {}
    _check_state(config, roster)
    networks: Config = config.policy
    if isinstance(config.algorithm, AlphaZeroConfig):
        assert isinstance(config.policy, GameNetworkConfig)
        game = game_of(config.task, config.env) if game is None else game
        try:
            shape = shape_of(game, config.policy)
        except ConfigError as error:
            raise ConfigError(f"policy.trunk: {error}") from error
        networks = SavedGameNetworkConfig(**config.policy.model_dump(), game=shape, search=config.algorithm.search)
    if config.sides:
        _check_classes(config, roster)
        fixed = {name: _opponents(config, name, roster, environment.scripted()) for name in config.sides}
        networks = SidesConfig(sides=tuple(_part(config, name, fixed[name], roster) for name in config.sides))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        try:
            check_size(roster, networks)
            policy = make_policy(roster, networks)
        except ValueError as error:
            raise ConfigError(f"policy: {error}") from error
    if isinstance(policy, Sides):
        for name, opponents in fixed.items():
            side = policy.policies[name]
            players = side.policies if isinstance(side, Pool) else [side]
            for player, trained in zip(players, opponents, strict=False):  # none where it learns
                if isinstance(trained, Policy):
                    player.load_state_dict(trained.state_dict())
        policy.meet(environment.scripted())
    return policy.to(device)


def build_learner(policy: Policy, config: RunConfig[Any], symmetries: Symmetries | None) -> Learner:
    """Make the learner of a policy, or that of each side which is not fixed.

    Args:
        policy: is trained in place.
        config: of the run.
        symmetries: of the environment; None if it has none.

    Raises:
        ConfigError: see `make_learner`.
    """
    if not isinstance(policy, Sides):
        return make_learner(policy, config.algorithm, config.seed, symmetries)
    learners = {}
    for name, side in policy.trained.items():
        algorithm = config.sides[name].algorithm
        assert algorithm is not None
        learners[name] = make_learner(side, algorithm, config.seed)
    return SidesLearner(policy, learners)


def take_weights(policy: Policy, config: RunConfig[Any], source: Path) -> None:
    """Put the weights and the normaliser of values of a trained policy into a new one.

    With sides each side that learns takes those of the policy that plays its classes there.

    Args:
        policy: the new one.
        config: configuration of the new policy.
        source: folder of a run, its ``policy/``, or the name of a policy that comes with the package.

    Raises:
        ConfigError: if features had another meaning in its training.
        FileError: if it cannot be loaded, or has another architecture.
    """
    try:
        saved = load_policy(find_policy(source))
        check_settings(saved.environment, config.task, config.env)
        trained = saved.policy
        if not isinstance(policy, Sides):
            load_weights(policy, trained.state_dict(), source)
            return
        for name, side in policy.trained.items():
            load_weights(side, player_of(trained, policy.parts[name].classes).state_dict(), source)
    except (ConfigError, FileError) as error:
        kind = FileError if isinstance(error, FileError) else ConfigError
        raise kind(f"initial_policy is {source}: {error}") from error


def _opponents(
    config: RunConfig[Any], name: str, roster: Roster, rules: Mapping[str, Rule]
) -> list[Policy | RandomPolicyConfig | RulePolicyConfig]:
    """Players of a fixed side: trained policies, and settings of others."""
    side = config.sides[name]
    found: list[Policy | RandomPolicyConfig | RulePolicyConfig] = []
    for opponent in side.opponents:
        if opponent == RandomPolicyConfig().kind:
            found.append(RandomPolicyConfig())
            continue
        try:
            if not Path(opponent).exists() and rule_of(opponent, rules) is not None:
                found.append(RulePolicyConfig(rule=opponent))
                continue
            policy = load_opponent(opponent, side.classes, config.task, config.env, roster)
            if isinstance(policy, Sides):
                apart = "; ".join(f"{other}: {', '.join(s.classes)}" for other, s in policy.parts.items())
                raise ConfigError(f"its sides are {apart}; none has just the classes {', '.join(side.classes)}")
            if isinstance(policy, Pool):
                raise ConfigError("a pool plays that side there; name one of the pool")
        except (ConfigError, FileError) as error:
            more = f"; rules are {', '.join({'random': None, **rules})}" if rules else ""
            raise ConfigError(f"sides.{name}.fixed is {opponent!r}: {error}{more}") from error
        found.append(policy)
    return found


def _part(config: RunConfig[Any], name: str, opponents: Sequence[Policy | Config], roster: Roster) -> PartConfig:
    """Settings of a side's policy, or of the pool that plays it."""
    side = config.sides[name]
    if side.policy is not None:
        player = PlayerConfig(policy=side.policy, others=_seen_by_critic(side.policy, side.classes, roster))
        return PartConfig(name=name, classes=side.classes, players=(player,))
    players = []
    for policy in opponents:
        if not isinstance(policy, Policy):
            players.append(PlayerConfig.model_validate({"policy": policy.model_dump()}))
        else:
            knows = tuple(c.name for c in policy.roster.classes)
            others = tuple(c.name for c in policy.roster.others)
            width = policy.roster.entity_size
            values = {"policy": policy.config.model_dump(), "knows": knows, "others": others, "entity_size": width}
            players.append(PlayerConfig.model_validate(values))
    return PartConfig(name=name, classes=side.classes, players=tuple(players), fixed=True)


def _seen_by_critic(policy: Config, classes: tuple[str, ...], roster: Roster) -> tuple[str, ...]:
    """Classes of other sides that the critic of a side sees: all, if it is centralised and has no state or entities.

    Those that see images are left out, as only their own side has a network that reads them.
    """
    if not _is_centralised(policy) or roster.entity_size or roster.state:
        return ()
    return tuple(c.name for c in roster.classes if c.name not in classes and not c.images)


def _is_centralised(policy: Config | None) -> bool:
    """True if a policy has a critic that sees more than its agent's own observation."""
    return isinstance(policy, ActorCriticConfig) and policy.critic.sharing != "independent"


def _check_state(config: RunConfig[Any], roster: Roster) -> None:
    policies = [side.policy for side in config.sides.values()] if config.sides else [config.policy]
    if roster.state and not any(map(_is_centralised, policies)):
        raise ConfigError(
            "env.state is true, but nothing that learns has a centralised critic, which alone sees it; set "
            "policy.critic.sharing to class or team (with ppo, a2c or reinforce), or leave env.state out"
        )


def _check_classes(config: RunConfig[Any], roster: Roster) -> None:
    declared = [c.name for c in roster.classes]
    played = [kind for side in config.sides.values() for kind in side.classes]
    if unknown := [kind for kind in played if kind not in declared]:
        raise ConfigError(f"sides have the class {unknown[0]!r}; this environment has {', '.join(declared)}")
    if left_out := [kind for kind in declared if kind not in played]:
        raise ConfigError(
            f"sides leave out the class {left_out[0]!r}; give it to a side (which may be fixed: random); this "
            f"environment has {', '.join(declared)}"
        )
