from __future__ import annotations

from pathlib import Path

import pytest

from marl.envs.simple_tag.known_opponents import check_known, is_saved_policy, resolved


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run as its names see it, in the folder from which they are read; nothing is loaded."""
    folder = tmp_path / "run"
    (folder / "policy").mkdir(parents=True)
    (folder / "policy" / "policy.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_policy_is_found_alone_and_in_a_run(run: Path) -> None:
    assert is_saved_policy(run)
    assert is_saved_policy(run / "policy")
    assert not is_saved_policy(run.parent)


def test_folders_get_their_whole_path_and_rules_keep_their_names(run: Path) -> None:
    assert resolved("run", "prey") == str(run)
    assert [resolved(name, "prey") for name in ("flee", "held_out_prey", "nothing")] == [
        "flee",
        "held_out_prey",
        "nothing",
    ]
    # a rule goes before a folder of its name
    run.rename(run.parent / "flee")
    assert resolved("flee", "prey") == "flee"
    assert resolved("flee", "predators") == str(run.parent / "flee")


def test_an_unknown_name_is_refused_with_the_known_ones_of_its_side(run: Path) -> None:
    for name in ("run", "flee", "held_out_prey"):
        check_known("prey", name, "prey")
    with pytest.raises(
        ValueError, match="training_prey is 'chase'; what there is: random, still, flee, held_out_prey, or"
    ):
        check_known("training_prey", "chase", "prey")
    with pytest.raises(ValueError, match=r"predators is 'fly'; what there is: chase, .*, memory_team, or"):
        check_known("predators", "fly", "predators")
