from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from marl.cli.overrides import with_overrides
from marl.training.presets import settings_of
from marl.training.run_config import complete_values, load_config, read_config, task_of

Cli = Callable[..., tuple[int, str, str]]


def test_training_with_every_kind_of_override(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    overrides = (
        "--total-env-steps=256 --seed 5 --team A=1,C=2 --prey flee --env.num-prey 2 --env.continuous-actions "
        "--env.communication.range None --env.communication.nearest 1 --policy.no-normalise-value "
        "--policy.encoder.hidden 24 16 --policy.critic.entity_hidden 8 --algorithm.name a2c "
        "--algorithm.learning-rate 0.002 0.0001 --algorithm.gamma 0.9 --evaluation-episodes 2"
    )
    classes = "{A: [landmarks], C: [prey, teammates]}"
    arguments = ("--out", tmp_path / "x", *overrides.split(), "--env.classes", classes)
    status, out, err = cli("train", preset_file, *arguments)
    assert (status, err) == (0, "")
    assert "100%" in out
    assert str(tmp_path / "x" / "policy") in out
    config = load_config(tmp_path / "x" / "config.yaml")
    env, policy, algorithm = config.env, config.policy, config.algorithm
    assert (config.total_env_steps, config.seed) == (256, 5)
    assert (env.team, env.prey, env.num_prey, env.continuous_actions) == ({"A": 1, "C": 2}, "flee", 2, True)
    assert env.classes == {"A": ("landmarks",), "C": ("prey", "teammates")}
    assert (env.communication.range, env.communication.nearest) == (None, 1)
    assert (policy.normalise_value, policy.encoder.hidden, policy.critic.entity_hidden) == (False, (24, 16), (8,))
    assert (algorithm.name, algorithm.learning_rate, algorithm.gamma) == ("a2c", (0.002, 0.0001), 0.9)
    assert algorithm.auxiliary_coef == 0.5


def test_a_list_may_have_one_word_and_a_schedule_become_a_number(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--total-env-steps 256 --policy.encoder.hidden 8 --env.classes.A prey --algorithm.learning-rate 0.002"
    none = "--policy.graph.kind none --algorithm.normalise-advantage none --threads None"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split(), *none.split())[0] == 0
    config = load_config(tmp_path / "x" / "config.yaml")
    assert (config.policy.encoder.hidden, config.env.classes["A"]) == ((8,), ("prey",))
    assert (config.algorithm.learning_rate, config.policy.graph.kind, config.threads) == (0.002, "none", None)


def test_messages_can_be_taken_away_and_reinforce_chosen(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--total-env-steps 256 --env.communication None --algorithm.name=reinforce --evaluation-episodes 2"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split())[0] == 0
    config = load_config(tmp_path / "x" / "config.yaml")
    assert config.env.communication is None
    assert (config.algorithm.name, config.algorithm.gae_lambda) == ("reinforce", 1.0)


def test_fields_of_another_algorithm_can_be_named_with_it(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--algorithm.batch-size 32 --algorithm.name dqn --algorithm.exploration.end 0.2 --total-env-steps 256"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split())[0] == 0
    algorithm = load_config(tmp_path / "x" / "config.yaml").algorithm
    assert (algorithm.name, algorithm.batch_size, algorithm.exploration.end) == ("dqn", 32, 0.2)


def test_fields_of_a_part_of_another_kind_can_be_named_with_it() -> None:
    """In any order; what both kinds have is kept, and a mapping is laid over the part."""
    complete = settings_of("connect_four_alpha_zero")
    task = task_of(complete)
    line = ["--algorithm.search.value-scale", "0.3", "--algorithm.search.kind", "gumbel", "--algorithm", "{reuse: 2}"]
    values, left = with_overrides(complete_values(complete, task), task, line)
    config = read_config(values)
    assert not left
    search = config.algorithm.search
    assert (search.kind, search.simulations, search.value_scale) == ("gumbel", 64, 0.3)
    assert (config.algorithm.reuse, config.algorithm.arena.every) == (2, 20)


def test_an_entry_of_a_mapping_need_not_be_there_and_is_yaml(cli: Cli, tmp_path: Path) -> None:
    """In ``arguments``, which may be anything; entries of other mappings are of a known type."""
    (tmp_path / "walk.yaml").write_text("env: {name: FrozenLake-v1}\nalgorithm: {name: q_learning}\n")
    given = "--env.arguments.is_slippery False --env.arguments.map_name 4x4 --env.arguments.success-rate 0.5"
    line = [tmp_path / "walk.yaml", "--out", tmp_path / "x", "--total-env-steps", 256, "--evaluation-episodes", 1]
    assert cli("train", *line, *given.split(), "--env.arguments.reward_schedule", "[1, 0, -1]")[0] == 0
    arguments = load_config(tmp_path / "x" / "config.yaml").env.arguments
    assert arguments == {
        "is_slippery": False,
        "map_name": "4x4",
        "success_rate": 0.5,
        "reward_schedule": [1, 0, -1],
    }
    status, _, err = cli("train", *line, "--env.arguments.is_slippery", "{a")
    assert status == 2
    assert "--env.arguments.is_slippery is '{a', which is not YAML" in err


def test_a_class_and_its_number_can_be_added(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    line = "--env.classes.C landmarks prey --env.team.C 1 --total-env-steps 256 --evaluation-episodes 1"
    assert cli("train", preset_file, "--out", tmp_path / "x", *line.split())[0] == 0
    env = load_config(tmp_path / "x" / "config.yaml").env
    assert (env.classes["C"], env.team["C"]) == (("landmarks", "prey"), 1)


def test_a_part_that_is_none_is_named(cli: Cli, preset_file: Path, tmp_path: Path) -> None:
    options = ["--env.communication", "None", "--env.communication.range", "2"]
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", *options)
    assert status == 2
    assert "env.communication is None here; give the whole part, e.g. --env.communication '{range: ...}'" in " ".join(
        err.split()
    )
    options = ["--algorithm.name", "sarsa", "--algorithm.exploration", "0.1", "--algorithm.exploration.end", "0.2"]
    status, _, err = cli("train", preset_file, "--out", tmp_path / "x", *options)
    assert status == 2
    assert "algorithm.exploration is '0.1' here; give the whole part, e.g. --algorithm.exploration '{end: ...}'" in err
