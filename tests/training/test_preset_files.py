from __future__ import annotations

from pathlib import Path

from marl.training.preset_files import preset_files, purpose_of

TOP = Path(__file__).parents[2]


def test_the_presets_are_those_of_the_checkout() -> None:
    files = {path.stem: path for path in (TOP / "experiments/presets").iterdir()}
    assert {name: path.resolve() for name, path in preset_files().items()} == files
    assert len(files) >= 15


def test_every_preset_states_its_purpose() -> None:
    for name, path in preset_files().items():
        assert 20 <= len(purpose_of(path)) <= 130, name


def test_a_sentence_may_go_on_in_the_next_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "# One sentence\n# over two lines. And another.\nenv: {name: x}\n", encoding="utf-8"
    )
    assert purpose_of(tmp_path / "x.yaml") == "One sentence over two lines"
