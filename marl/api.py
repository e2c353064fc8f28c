"""The package from Python: train, load, make, evaluate."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from marl.core.config import Config
from marl.core.environment import Environment, Task
from marl.core.errors import ConfigError
from marl.evaluation.episodes import Player, as_json, play, summarise
from marl.policies.policy import Policy
from marl.policies.saved import load_policy
from marl.policies.scripted import Scripted, random_actor
from marl.tasks.registry import check_settings, find_policy, find_task, make_environment
from marl.training.loop import Trainer, TrainingResult
from marl.training.run_config import explain, load_config, read_config, replace_field, resume_config, with_override

__all__ = ["check_fit", "environment_config", "evaluate", "load", "make", "reference", "train"]


def train(
    preset: str | Path | Mapping[str, Any] | None, out: str | Path, resume: bool = False, **overrides: Any
) -> TrainingResult:
    """Trains a team.

    Args:
        preset: path of a YAML file, or its content; None to take that of the run that is resumed.
        out: folder of the run; must not exist or be empty, unless it is resumed.
        resume: go on with the run in ``out``.
        overrides: fields of the preset by name, dotted ones with two underscores, e.g.
            ``seed=2, team="A=3,B=1", algorithm__gamma=0.99``.

    Returns:
        What the training left, the policy among it.

    Raises:
        ConfigError: if the configuration will not do, or ``out`` is not empty.
        FileError: if there is no run to resume.
        TrainingError: if training cannot go on.
    """
    if isinstance(preset, Mapping):
        values, source = dict(preset), "preset"
    elif preset is not None:
        values, source = load_config(Path(preset)).model_dump(mode="json"), str(preset)
    elif resume:
        values, source = resume_config(Path(out)).model_dump(mode="json"), str(out)
    else:
        raise ConfigError("there is nothing to train; give a preset, or resume=True to go on with the run in out")
    for name, value in overrides.items():
        values = with_override(values, name.split("__"), value)
    return Trainer(read_config(values, source), Path(out), resume).train()


def load(run: str | Path) -> Policy:
    """The policy of a run.

    Args:
        run: the run's folder, its ``policy/``, or the name of a policy that comes with the package.

    Raises:
        FileError: if there is none, or it cannot be used.
    """
    return load_policy(find_policy(run)).policy


def make(
    run: str | Path | Mapping[str, Any],
    num_copies: int = 1,
    device: torch.device | str = "cpu",
    **overrides: Any,
) -> Environment:
    """The environment that a run was trained in, or one changed in some settings.

    Args:
        run: as for `load`, or settings as a preset's ``env``, e.g. ``{"name": "simple_tag"}``.
        num_copies: ``B``.
        device: where the tensors live.
        overrides: fields of the environment's settings, e.g. ``team="A=3,B=1", prey="flee"``.

    Raises:
        ConfigError: if a setting will not do.
        FileError: if the run cannot be used.
    """
    settings = run if isinstance(run, Mapping) else load_policy(find_policy(run)).environment
    task, config = environment_config(settings, overrides)
    return make_environment(task, config, num_copies, device=device)


def reference(name: str, environment: Environment) -> Scripted:
    """A policy that is not learnt, by name.

    Args:
        name: ``random``, or a hand-written one of the environment, e.g. ``chase``.
        environment: whose team it plays.

    Raises:
        ConfigError: if the environment has none of that name.
    """
    actors = {"random": random_actor(environment.roster), **environment.scripted()}
    if name not in actors:
        raise ConfigError(f"policy is {name!r}; this environment has {', '.join(actors)}")
    return Scripted(actors[name])


def evaluate(
    run: str | Path | Player | None = None,
    episodes: int = 500,
    seed: int = 0,
    messages: bool = True,
    deterministic: bool = False,
    policy: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> dict[str, Any]:
    """Plays whole episodes and says what they brought.

    Args:
        run: as for `load`, or any policy (then ``settings`` names the environment).
        episodes: how many.
        seed: of worlds and actions.
        messages: False switches them off.
        deterministic: take the likeliest actions instead of drawing them.
        policy: plays this reference, e.g. ``"random"`` or ``"chase"``, instead of the run's policy.
        settings: of the environment, as a preset's ``env``; those of the run by default.
        overrides: fields of the environment's settings, e.g. ``team="A=3,B=1", prey="flee"``.

    Returns:
        What was played, and for each measure a dict with ``mean`` and ``ci95``, a bootstrap
        interval over the episodes; for the return also ``minimum`` and ``maximum``.

    Raises:
        ConfigError: if a setting will not do, or a policy comes without settings.
        FileError: if the run cannot be used.
    """
    if episodes < 1:
        raise ConfigError(f"episodes is {episodes}; give at least 1")
    saved = load_policy(find_policy(run)) if isinstance(run, str | Path) else None
    settings = saved.environment if settings is None and saved is not None else settings
    if settings is None:
        raise ConfigError("a policy without a run needs settings of the environment, e.g. {'name': 'simple_tag'}")
    task, config = environment_config(settings, overrides)
    given = saved.policy if saved is not None else run
    device = given.device if isinstance(given, Policy) else torch.device("cpu")
    probe = make_environment(task, config, 1, device=device)
    player = _player(given, policy, probe)
    if saved is not None and player is saved.policy:
        check_settings(saved.environment, task, config)
    probe.close()
    make_copies = partial(task.make, config, device=device)
    table = play(make_copies, player, episodes, seed, messages, deterministic)
    summary = summarise(table, dict(probe.events), probe.agent_noun)
    played = {"episodes": episodes, "messages": messages, "deterministic": deterministic, "seed": seed}
    return {**task.describe(config), **played, **as_json(summary)}


def _player(given: Any, policy: str | None, environment: Environment) -> Player:
    if policy is not None:
        return reference(policy, environment)
    if given is None:
        raise ConfigError("nobody plays; give a run, a policy, or the name of a reference (policy='random')")
    if isinstance(given, Policy):
        check_fit(given, environment)
    return given


def environment_config(settings: Mapping[str, Any], overrides: Mapping[str, Any]) -> tuple[Task, Config]:
    """The task and its settings, some of them replaced.

    Raises:
        ConfigError: naming the field, the value and what would do.
    """
    if not isinstance(settings.get("name"), str):
        raise ConfigError(f"name is {settings.get('name')!r}; name a task, e.g. {{'name': 'simple_tag'}}")
    task = find_task(settings["name"])
    values = dict(settings)
    fields = task.config_type.model_fields
    for name, value in overrides.items():
        place = name.split("__")
        if place[0] not in fields:
            there = ", ".join(sorted(fields))
            raise ConfigError(f"{name} is {value!r}: there is no such field; {settings['name']} has {there}")
        values = replace_field(values, place, value)
    try:
        return task, task.config_type.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error)) from error


def check_fit(policy: Policy, environment: Environment) -> None:
    """Refuses an environment whose classes see something else than the policy was trained on.

    Raises:
        ConfigError: naming the class and both widths.
    """
    trained = {c.name: c for c in policy.roster.classes}
    for agent_class in environment.roster.present:
        known = trained.get(agent_class.name)
        if known is None:
            raise ConfigError(
                f"the policy knows no class {agent_class.name!r}; it was trained with {', '.join(trained)}"
            )
        if known != agent_class:
            raise ConfigError(
                f"class {agent_class.name!r} was trained with {known.feature_size} features and "
                f"{known.action.size} {known.action.kind} actions, and here has {agent_class.feature_size} and "
                f"{agent_class.action.size} {agent_class.action.kind}; what it sees must be the same "
                "(the numbers of teammates, prey and obstacles count, unless the class is trained to see the nearest "
                "few of them, e.g. teammates:2)"
            )
