"""docs/other_libraries.md: its code, shorter, where the libraries are installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent.parent / "docs/other_libraries.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SHORTER = {"STEPS, EPISODES = 100_000, 50": "STEPS, EPISODES = 512, 1", "100_000, 2_000": "400, 200", "(500)": "(100)"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("library", "number"), [("stable_baselines3", 0), ("torchrl", 1)])
def test_its_code_trains(library: str, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip(library)
    code = EXAMPLES[number]
    assert library in code
    for long, short in SHORTER.items():
        code = code.replace(long, short)
    assert "100_000" not in code
    exec(compile(code, "docs/other_libraries.md", "exec"), {})
    assert re.fullmatch(r"\d+\.\d contacts per episode", capsys.readouterr().out.splitlines()[-1])
