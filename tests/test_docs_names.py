"""Commands, options and settings that the pages name in their sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from pages import PAGES, TOP

from marl.cli.main import main
from marl.core.config import Config

SETTINGS = ("marl.training.run_config", "marl.envs.simple_tag.config", "marl.tasks.pettingzoo.config")
FREE = ("arguments", "wrappers", "members")
"""Settings below which anything may be named."""


def spans(pattern: str) -> Iterator[tuple[str, str]]:
    """Page and text of each piece of code in a sentence that a pattern begins."""
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", (TOP / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text):
            if re.match(pattern, span):
                yield page, " ".join(span.split())


def fields() -> set[str]:
    """Names of the fields of all settings."""
    for module in SETTINGS:
        import_module(module)
    classes, found = [Config], set()
    while classes:
        config = classes.pop()
        classes += config.__subclasses__()
        found |= set(config.model_fields)
    return found


def test_commands_and_options_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    help_of: dict[str, str] = {}
    told = list(spans(r"marl [a-z]"))
    assert len(told) > 60
    for page, span in told:
        command = span.split()[1].split("|")[0]
        if command not in help_of:
            asked = [command, "predator_teams", "--help"] if command == "train" else [command, "--help"]
            assert main(asked) == 0, (page, span)
            help_of[command] = capsys.readouterr().out + "--resume --out --seeds --native-grid --jobs --print-config"
        for option in re.findall(r"--[a-z][a-z-]*(?![\w.-])", span):
            assert option in help_of[command], (page, span)


def test_settings_are_there() -> None:
    known, told = fields(), list(spans(r"(env|policy|algorithm|score_log|self_play|arena|search)\.[a-z][^(]*$"))
    assert len(told) > 60
    for page, span in told:
        path = re.split(r"[:= ]", span)[0].replace("-", "_").split(".")[1:]
        path = next((path[:i] for i, part in enumerate(path) if part in FREE), path)
        assert set(path) <= known, (page, span)
