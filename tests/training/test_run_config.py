from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from marl.core.errors import ConfigError, FileError
from marl.core.version import FORMAT
from marl.networks.configs import GraphConfig
from marl.policies.configs import ActorCriticConfig, TableConfig
from marl.training.changes import check_resumable
from marl.training.run_config import complete_values, load_config, read_config, run_values, save_config, task_of


@pytest.mark.parametrize("name", ["ppo", "a2c", "reinforce"])
def test_every_algorithm_and_none_and_tuples_come_back(name: str, tmp_path: Path) -> None:
    values = {
        "env": {"name": "meeting", "communication": None, "classes": {"A": ["target", "landmark"]}, "team": "A=3"},
        "algorithm": {"name": name, "entropy_coef": [0.1, 0.0]},
        "policy": {"encoder": {"hidden": [8]}},
    }
    config = read_config(values)
    save_config(config, tmp_path / "config.yaml")
    back = load_config(tmp_path / "config.yaml")
    assert back == config
    assert back.algorithm.entropy_coef == (0.1, 0.0)
    assert back.env.communication is None
    assert back.env.team == {"A": 3}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"algorithm": {"name": "ppo", "lr": 3}}, r"^algorithm.lr is 3: .* did you mean algorithm.learning_rate\?$"),
        ({"bogus": 3}, "bogus is 3: there is no such field"),
        ({"env": {"name": "meeting", "bogus": 3}}, "env.bogus is 3: there is no such field"),
        ({"policy": {"encoder": {"bogus": 3}}}, "policy.encoder.bogus is 3: there is no such field"),
        ({"algorithm": {"name": "a2c", "epochs": 3}}, "algorithm.epochs is 3: there is no such field"),
        ({"algorithm": {"name": "muzero"}}, "algorithm is {'name': 'muzero'}.*'ppo', 'a2c', 'reinforce'"),
        ({"env": {"name": "meeting", "team": {"Z": 1}}}, "team names class 'Z', which is not declared"),
        ({"env": {"name": "meeting", "team": "A=0,B=0"}}, "team {'A': 0, 'B': 0} has no walkers"),
        ({"env": {"name": "meeting", "classes": {"A": [], "B": ["target"]}}}, "class 'A' sees nothing"),
        (
            {"env": {"name": "meeting", "classes": {"A": ["sky"], "B": ["target"]}}},
            "env: class 'A' sees 'sky'; what can be seen is",
        ),
        ({"env": {"name": "meeting", "communication": {"range": -1}}}, "env.communication.range is -1: input"),
        ({"policy": {"encoder": {"transformer": {"window": 0}}}}, "policy.encoder.transformer.window is 0: input"),
        ({"total_env_steps": 0}, "total_env_steps is 0: input should be greater than or equal to 1"),
        ({"env": {"name": "chess"}}, "env.name is 'chess', which no installed package offers; there is: .*meeting"),
        ({"env": {}}, "env.name is missing"),
        (
            {"algorithm": {"name": "a2c", "learning_rate": "fast"}},
            r"^algorithm\.learning_rate is 'fast': input .*, or input .* tuple$",
        ),
        (
            {
                "policy": {"kind": "q_network"},
                "algorithm": {"name": "dqn", "exploration": {"kind": "linear", "end": 2}},
            },
            r"^algorithm\.exploration\.end is 2: input",
        ),
        ({"algorithm": {"learning_rate": 0.1}}, r"^algorithm\.name is missing$"),
        ({"score_log": 195}, r"^score_log is 195: give its fields, as \{name: value"),
        (
            {"policy": {"kind": "table"}, "algorithm": {"name": "q_learning", "learning_rate": 3}},
            r"^algorithm\.learning_rate is 3: input should be less than or equal to 1$",
        ),
        (
            {"policy": {"kind": "table"}, "algorithm": {"name": "sarsa", "exploration": {"kind": "steep"}}},
            r"^algorithm\.exploration is \{'kind': 'steep'\}: give a number from 0 to 1, or \{kind: linear",
        ),
        ({"score_log": {"threshold": "high"}}, "^score_log.threshold is 'high': input"),
        ({"env": "meeting"}, "env.name is missing"),
    ],
)
def test_refusals_name_field_and_value_and_what_would_do(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_config({"env": {"name": "meeting"}, **change})


@pytest.mark.parametrize("name", ["ppo", "a2c", "reinforce", "dqn", "q_learning", "sarsa"])
def test_a_constant_learning_rate_is_a_number_for_every_algorithm(name: str, tmp_path: Path) -> None:
    config = read_config({"env": {"name": "meeting"}, "algorithm": {"name": name, "learning_rate": 0.001}})
    save_config(config, tmp_path / "config.yaml")
    assert load_config(tmp_path / "config.yaml").algorithm.learning_rate == 0.001  # type: ignore[union-attr]


def test_files_that_are_no_configuration_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with pytest.raises(ConfigError, match=r"x\.yaml does not exist"):
        load_config(path)
    path.write_text("env: {name: [")
    with pytest.raises(ConfigError, match=r"x\.yaml is not YAML: .*line 1"):
        load_config(path)
    path.write_bytes(b"\x80\x04\x95pickle")
    with pytest.raises(ConfigError, match=r"x\.yaml is not UTF-8"):
        load_config(path)
    path.write_text("- 1\n- 2\n")
    with pytest.raises(ConfigError, match="does not hold a configuration"):
        load_config(path)
    path.write_text("env: {name: meeting}\nbogus: 1\n")
    with pytest.raises(ConfigError, match=r"x\.yaml: bogus is 1"):
        load_config(path)


def test_yaml_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("env: !!python/object/apply:os.mkdir [made]\n")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_config(path)


def test_a_run_may_change_how_long_and_how_it_learns_but_not_what(tmp_path: Path) -> None:
    old = read_config({"env": {"name": "meeting"}}).model_dump(mode="json")
    new = {"env": {"name": "meeting"}, "total_env_steps": 5, "algorithm": {"name": "ppo", "gamma": 0.5}}
    check_resumable(old, read_config(new))
    classes = {"A": ["landmark"], "B": ["target"], "C": ["target"]}
    other = read_config({"env": {"name": "meeting", "team": {"A": 2, "B": 2, "C": 1}, "classes": classes}})
    with pytest.raises(ConfigError, match=r"env\.classes\.C is .*, but the run was trained with None"):
        check_resumable(old, other)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"is not a run \(config\.yaml is missing\)"):
        run_values(tmp_path)
    with pytest.raises(FileError, match=r"nowhere is not a run \(there is no such folder\)"):
        run_values(tmp_path / "nowhere")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"env": {"name": "meeting"}, "seed": 9}))
    values = run_values(tmp_path)
    assert (values["seed"], values["rollout_length"]) == (9, 16)


@pytest.mark.parametrize(
    ("told", "beside", "kind"),
    [
        ("", None, "gcn"),
        ("", "checkpoints", "plain_gcn"),
        ("", "policy", "plain_gcn"),
        ("format: 3\n", None, "plain_gcn"),
        ("format: 4\n", "policy", "gcn"),
    ],
)
def test_gcn_had_no_edges_in_runs_of_format_3_which_did_not_tell_it(
    told: str, beside: str | None, kind: str, tmp_path: Path
) -> None:
    """A preset says what it says today."""
    if beside is not None:
        (tmp_path / beside).mkdir()
    policy = "policy: {kind: actor_critic, graph: {kind: gcn}}"
    sides = "sides: {x: {classes: [A, B], policy: {graph: {kind: gcn}}}}"
    path = tmp_path / "config.yaml"
    path.write_text(f"{told}env: {{name: meeting}}\n{policy}\n{sides}\n")
    config = load_config(path)
    assert isinstance(config.policy, ActorCriticConfig)
    assert config.policy.graph.kind == kind
    assert config.sides["x"].policy == ActorCriticConfig(graph=GraphConfig(kind=kind))
    save_config(config, path)  # with its format
    assert load_config(path) == config


def test_a_configuration_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"format: {FORMAT + 1}\nenv: {{name: meeting}}\n")
    with pytest.raises(ConfigError, match=f"has format {FORMAT + 1}, and this version reads formats up to {FORMAT}"):
        load_config(tmp_path / "config.yaml")


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_settings_are_completed_as_the_validator_would(algorithm: str, preset: dict[str, Any]) -> None:
    if algorithm == "dqn":
        preset |= {"policy": {"kind": "q_network"}, "algorithm": {"name": "dqn", "exploration": {"kind": "linear"}}}
    complete = complete_values(preset, task_of(preset))
    config = read_config(preset)
    assert read_config(complete) == config
    assert complete.keys() == config.model_dump().keys()
    for name, part in config.model_dump(mode="json").items():
        if isinstance(part, dict):
            assert complete[name].keys() == part.keys()


def test_fewer_copies_than_minibatches_are_refused_only_where_the_policy_has_a_memory(preset: dict[str, Any]) -> None:
    preset |= {"num_copies": 3}
    told = "algorithm.minibatches is 4, but num_copies is 3 and rollout_length 8: a policy with memory"
    with pytest.raises(ConfigError, match=told):
        read_config(preset)
    preset["policy"]["encoder"] = {"temporal": "none"}
    assert read_config(preset).algorithm.minibatches == 4
    with pytest.raises(ConfigError, match="num_copies is 3 and rollout_length 1: too few"):
        read_config({**preset, "rollout_length": 1})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("ppo", "actor_critic", "none", "none", (64, 64), 4)),
        ({"algorithm": {"name": "dqn"}}, ("dqn", "q_network", "none", "none", (64, 64), None)),
        ({"policy": {"encoder": {"hidden": [8]}}}, ("ppo", "actor_critic", "none", "none", (8,), 4)),
        ({"algorithm": {"name": "ppo", "minibatches": 2}}, ("ppo", "actor_critic", "none", "none", (64, 64), 2)),
    ],
)
def test_what_is_left_out_suits_the_environment(values: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """One agent has nobody to hear, and without partial sight no use of a memory."""
    config = read_config({"env": {"name": "CartPole-v1"}, **values})
    algorithm, policy = config.algorithm, config.policy
    found = (policy.encoder.temporal, policy.graph.kind, policy.encoder.hidden)
    minibatches = getattr(algorithm, "minibatches", None)
    assert (algorithm.name, policy.kind, *found, minibatches) == expected
    assert (config.num_copies, config.total_env_steps) == (8, 100_000)


def test_pictures_have_fewer_epochs_and_copies_and_what_is_given_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("marl.tasks.environment_config.shows_pictures", lambda env: asked.append(env) or True)
    values = {"env": {"name": "CartPole-v1"}}
    config = read_config(values)
    assert (config.algorithm.epochs, config.num_copies, asked) == (3, 4, [values["env"]])
    given = read_config({**values, "num_copies": 8, "algorithm": {"name": "ppo", "epochs": 9}})
    assert (given.algorithm.epochs, given.num_copies) == (9, 8)
    asked.clear()
    complete = config.model_dump(mode="json")
    assert read_config(complete) == config and asked == []  # nothing was left out


def test_a_table_and_a_policy_of_another_kind_keep_their_own_defaults() -> None:
    values = {"env": {"name": "FrozenLake-v1"}, "algorithm": {"name": "q_learning"}}
    assert read_config(values).policy == TableConfig()
    odd = {"env": {"name": "CartPole-v1"}, "policy": {"kind": "q_network"}, "algorithm": {"name": "dqn", "n_step": 1}}
    assert read_config(odd).algorithm.n_step == 1
    with pytest.raises(ConfigError, match=r"policy\.kind is 'q_network', but algorithm\.name is 'ppo'"):
        read_config({"env": {"name": "CartPole-v1"}, "policy": {"kind": "q_network"}})
