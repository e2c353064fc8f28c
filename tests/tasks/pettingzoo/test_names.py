"""PettingZoo's environments by name, and their wrappers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pettingzoo.utils.env import AECEnv, ParallelEnv

from marl.core.trust import UntrustedError, trusting
from marl.tasks.pettingzoo.names import factory_of, is_pettingzoo_name, made, registered, wrapped


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("butterfly/pistonball-v6", True),
        ("butterfly/pistonball_v6", True),
        ("mpe2.simple_spread_v3", True),
        ("my_module:make_env", True),
        ("my_module:Maze-v0", False),
        ("ale_py:ALE/Pong-v5", False),
        ("CartPole-v1", False),
        ("chess", False),
        ("butterfly/pistonball", False),
    ],
)
def test_names_are_told_from_those_of_others(name: str, known: bool) -> None:
    assert is_pettingzoo_name(name) == known
    assert "my_module" not in sys.modules


def test_the_registry_has_parallel_and_turn_based_environments() -> None:
    kinds = registered()
    assert (kinds["butterfly/pistonball-v6"], kinds["classic/connect_four-v3"]) == ("parallel", "aec")


def test_environments_are_made_by_their_names() -> None:
    assert isinstance(made("classic/tictactoe_v3", {}), AECEnv)
    spread = made("mpe2.simple_spread_v3", {"N": 2, "max_cycles": 7})
    assert isinstance(spread, ParallelEnv) and len(spread.possible_agents) == 2
    assert spread.render_mode == "rgb_array"
    assert made("mpe2.simple_spread_v3", {"render_mode": None}).render_mode is None
    assert isinstance(made("mpe2.simple_spread_v3:env", {}), AECEnv)


def test_a_module_must_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "from leaving_pettingzoo import leaving as make\nNUMBER = 3\n"
    (tmp_path / "my_teams.py").write_text(lines)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UntrustedError, match="'my_teams', which is not trusted and was not imported"):
        factory_of("my_teams:make")
    with trusting("my_teams"):
        assert made("my_teams:make", {"masks": True}).masks
        for name, message in {
            "my_teams:mak": "names the module my_teams, which has no function mak; it has make",
            "my_teams:NUMBER": "which has no function NUMBER; it has make",
        }.items():
            with pytest.raises(ValueError, match=message):
                factory_of(name)


def test_a_module_without_an_environment_says_what_it_has() -> None:
    with pytest.raises(
        ValueError, match=r"pettingzoo\.utils, which has no function parallel_env and no env; it has .*AECEnv"
    ):
        factory_of("pettingzoo.utils")


OLD = """
from types import ModuleType
agent_selector = ModuleType("agent_selector")
def env(): agent_selector([])
def missing(): import nothing_like_it
"""


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("mpe2.simple_spread_v3", {"wings": 2}, r"cannot be made with {'wings': 2}: TypeError: .*'wings'"),
        ("old_teams:env", {}, "; agent_selector was a class once; it was written for PettingZoo before 1.24.3: take"),
        ("old_teams:missing", {}, "; nothing_like_it is not installed; install what has it"),
    ],
)
def test_environments_that_cannot_be_made_say_why(
    name: str, arguments: dict[str, int], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old_teams.py").write_text(OLD)
    monkeypatch.syspath_prepend(tmp_path)
    with trusting("old_teams"), pytest.raises(ValueError, match=message):
        made(name, arguments)


def test_a_family_whose_packages_are_missing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pymunk", "pettingzoo.butterfly.pistonball.pistonball"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=r"is not installed: pip install 'pettingzoo\[butterfly\]'"):
        made("butterfly/pistonball-v6", {})


def test_wrappers_stand_from_the_innermost_to_the_outermost() -> None:
    wrappers = [{"supersuit.clip_reward_v0": {"lower_bound": -2}}, "supersuit.agent_indicator_v0"]
    env = wrapped(made("mpe2.simple_spread_v3", {}), wrappers)
    assert env.observation_space("agent_0").shape == (18 + 3,)


@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        ("frame_stack_v1", "names 'frame_stack_v1'; write MODULE.FUNCTION, e.g. supersuit.frame_stack_v1"),
        ("supersuit.stack", "names 'supersuit.stack', which is no function of supersuit"),
        ({"supersuit.frame_stack_v1": {"size": 4}}, r"supersuit.frame_stack_v1 fails with {'size': 4}: TypeError"),
    ],
)
def test_wrappers_that_do_not_fit_are_refused(wrapper: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wrapped(made("mpe2.simple_spread_v3", {}), [wrapper])  # type: ignore[list-item]
