from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from marl.core.records import Observation
from marl.core.roster import Roster
from marl.networks.configs import EncoderConfig, GraphConfig, TransformerConfig
from marl.networks.trunk import TeamTrunk

MakeRoster = Callable[..., Roster]
MakeObservation = Callable[..., Observation]

LENGTH, COPIES, WIDTH = 3, 2, 8
NEVER = torch.zeros(LENGTH, COPIES, dtype=torch.bool)


def trunk_of(
    roster: Roster, temporal: str = "none", kind: str = "none", remembers: str = "seen", **options: Any
) -> TeamTrunk:
    transformer = TransformerConfig(heads=2, window=2, feedforward=4)
    shape = {"hidden": (6, WIDTH), "temporal": temporal, "transformer": transformer, "remembers": remembers}
    encoder = EncoderConfig.model_validate(shape)
    graph = GraphConfig.model_validate({"kind": kind, "heads": 2})
    return TeamTrunk(roster, encoder, graph, **{"normalise_features": False, **options}).double()


@pytest.mark.parametrize("temporal", ["none", "gru", "stack", "transformer"])
@pytest.mark.parametrize("kind", ["none", "gat", "gcn"])
def test_parts_follow_each_other(
    temporal: str, kind: str, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    roster = make_roster()
    trunk, seen = trunk_of(roster, temporal, kind), make_observation(roster, LENGTH, COPIES)
    embedding, memory = trunk(seen, None, NEVER)
    tokens, after = trunk.encoder(seen, None, NEVER)
    heard = tokens if trunk.graph is None else trunk.graph(tokens, seen)
    plain = temporal == kind == "none"
    assert_close(embedding, heard if plain else nn.functional.layer_norm(heard, (WIDTH,)))
    assert (memory is None) == (after is None) == (temporal == "none")
    assert trunk.has_messages == (kind != "none")


@pytest.mark.parametrize("temporal", ["none", "gru", "stack", "transformer"])
@pytest.mark.parametrize("kind", ["none", "gat", "gcn"])
def test_what_was_heard_is_remembered_behind_the_messages(
    temporal: str, kind: str, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    """The parts are the same; without messages there is nothing but what was seen."""
    roster = make_roster()
    trunk, seen = trunk_of(roster, temporal, kind, "heard"), make_observation(roster, LENGTH, COPIES)
    before = trunk_of(roster, temporal, kind, "seen")
    before.load_state_dict(trunk.state_dict())
    embedding, memory = trunk(seen, None, NEVER)
    assert (memory is None) == (temporal == "none")
    same = embedding.allclose(before(seen, None, NEVER)[0])
    assert same == (temporal == "none" or kind == "none")


@pytest.mark.parametrize("temporal", ["gru", "stack", "transformer"])
def test_after_the_links_fail_only_what_was_heard_tells_of_the_others(
    temporal: str, make_roster: MakeRoster, make_observation: MakeObservation
) -> None:
    """The gradient of the first agent's last embedding on what the others saw at the first step."""
    roster = make_roster()
    for remembers in ("seen", "heard"):
        seen = make_observation(roster, LENGTH, COPIES, links=1.0)
        assert seen.adjacency is not None
        seen.adjacency[1:] = False
        features = {name: x.requires_grad_() for name, x in seen.features.items()}
        embedding, _ = trunk_of(roster, temporal, "gat", remembers)(replace(seen, features=features), None, NEVER)
        embedding[-1, :, 0].square().sum().backward()
        others = features["B"].grad
        assert others is not None
        assert bool(others[0].any()) == (remembers == "heard")
        assert not others[1:].any()


def test_embeddings_are_split_class_by_class(make_roster: MakeRoster, make_observation: MakeObservation) -> None:
    for team in ((2, 3), (0, 4)):
        roster = make_roster(*team)
        embedding = torch.randn(COPIES, roster.size, WIDTH)
        parts = TeamTrunk.by_class(embedding, make_observation(roster, COPIES))
        assert {name: part.shape[-2] for name, part in parts.items()} == {k: n for k, n in roster.team.items() if n}
        assert torch.cat(list(parts.values()), -2).equal(embedding)


def test_names_and_order_of_what_is_stored(make_roster: MakeRoster) -> None:
    stored = trunk_of(make_roster(), "transformer", "gat", normalise_features=True).state_dict()
    parts = list(dict.fromkeys(".".join(name.split(".")[: 1 + name.startswith("encoder")]) for name in stored))
    assert parts == ["features", "encoder.inputs", "encoder.hidden", "encoder.transformers", "graph", "norm"]


SCRIPT = """
import sys
from marl.core.roster import ActionSpec, AgentClass, Plane, Roster
from marl.policies.kinds import make_policy
from marl.policies.configs import read_policy_config
roster = Roster((AgentClass("A", 3, ActionSpec("discrete", 2)),), (2,), Plane(), entity_size=6)
for kind in {kinds}:
    for graph in {graphs}:
        encoder = {{"temporal": "none"}}
        make_policy(roster, read_policy_config({{"kind": kind, "encoder": encoder, "graph": {{"kind": graph}}}}))
print("torch_geometric" in sys.modules)
"""


def test_policies_are_made_without_torch_geometric(tmp_path: Path) -> None:
    """It takes seconds, which only teams wait for that are too large for dense messages."""
    script = SCRIPT.format(kinds=["actor_critic", "q_network"], graphs=["none", "gat", "gcn", "plain_gcn"])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr
