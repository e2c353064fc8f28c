from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from processes import children_of

import marl
from marl.cli.main import main
from marl.training.checkpoints import Checkpoints
from marl.training.progress import Progress

State = dict[str, Any]
STEPS = 12_800
WITHOUT_MESSAGES = {
    "encoder": {"hidden": [8], "temporal": "none"},
    "graph": {"kind": "none"},
    "critic": {"hidden": [8], "entity_hidden": [8]},
}
TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


def policy(folder: Path) -> bytes:
    return (folder / "policy" / "policy.safetensors").read_bytes()


def test_ctrl_c_in_a_terminal_saves_every_run_and_the_same_command_ends_as_if_it_had_not_been(
    preset: State, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs train for longer than two processes that begin together are apart."""
    preset_file, preset = (
        tmp_path / "preset.yaml",
        {**preset, "policy": WITHOUT_MESSAGES, "log_interval": 2560, "checkpoint_interval": 2560},
    )
    preset_file.write_text(yaml.safe_dump(preset))
    grid = ["train", str(preset_file), "--out", "g", "--native-grid", "1+1,2+1", "--seeds", "1", "--jobs", "2"]
    grid += ["--total-env-steps", str(STEPS), "--evaluation-interval", "100000"]
    folders = {"1+1": tmp_path / "g" / "1+1" / "seed-1", "2+1": tmp_path / "g" / "2+1" / "seed-1"}
    logs = [(folder.parent / "logs" / "seed-1.log") for folder in folders.values()]
    command = [sys.executable, "-c", TERMINAL, sys.executable, "-m", "marl", *grid]
    pipe = subprocess.PIPE
    terminal = subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, env={**os.environ, "TERM": "xterm"})
    assert terminal.stdin is not None and terminal.stdout is not None
    seen = b""
    while not all(log.exists() and "from env step 0" in log.read_text() for log in logs):
        seen += (chunk := os.read(terminal.stdout.fileno(), 65_536))
        assert chunk, seen.decode()
    for process in children_of(terminal.pid)[1:]:  # the runs, which leave it to the first, the command itself
        os.kill(process, signal.SIGTERM)
    terminal.stdin.write(b"\x03")
    terminal.stdin.flush()
    shown = terminal.communicate(timeout=120)[0].decode()
    assert terminal.returncode == 130, shown
    assert "stopped with 0 of 2 runs finished" in shown
    assert f"marl {' '.join(grid)}" in " ".join(shown.split())
    for folder in folders.values():
        latest = Checkpoints(folder / "checkpoints").latest
        assert latest is not None and 256 <= int(latest.name) < STEPS
        assert "Traceback" not in (folder.parent / "logs" / "seed-1.log").read_text()

    monkeypatch.chdir(tmp_path)
    assert main(grid) == 0
    assert "2 runs: 2 to go on with" in capfd.readouterr().out
    for folder in folders.values():
        assert list(folder.parent.glob("seed-*")) == [folder]  # what one types to name all seeds is runs alone
    for name, team in {"1+1": "A=1,B=1", "2+1": "A=2,B=1"}.items():
        marl.train(preset, out=tmp_path / name, team=team, total_env_steps=STEPS, evaluation_interval=100_000)
        assert policy(folders[name]) == policy(tmp_path / name), name
    assert main(grid) == 0
    assert "2 runs: 2 finished before\n2 of 2 runs finished" in capfd.readouterr().out


class FakeProcess:
    """Process without training: it tells of 256 env steps at the first look and ends at the second, seed 2 later."""

    began: list[str]
    most: int
    running: set[str]

    def __init__(self, command: Sequence[str], job: dict[str, Any], log: Path, lock: int) -> None:
        folder, resume = Path(job["folder"]), job["resume"]
        self.name, self.looks, self.stopping = f"{folder.parent.name}/{folder.name}", 0, False
        log.write_text("before\nerror: something went wrong\n")
        self.began.append(self.name + (" again" if resume else ""))
        self.running.add(self.name)
        FakeProcess.most = max(FakeProcess.most, len(self.running))

    @property
    def status(self) -> int | None:
        if self.looks < (4 if self.name.endswith("seed-2") else 2):
            return None
        self.running.discard(self.name)
        return 130 if self.stopping else 1 if self.name.startswith("2+1") else 0

    def told(self) -> dict[str, Any] | None:
        self.looks += 1
        return asdict(Progress(256, 512, 100.0, {})) if self.looks == 1 else None

    def stop(self) -> None:
        self.stopping = True

    def close(self) -> None:
        pass

    def kill(self) -> None:
        raise AssertionError

    def printed(self) -> list[str]:
        return ["before", "error: something went wrong"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeProcess]:
    monkeypatch.setattr("marl.launch.many_runs.RunProcess", FakeProcess)
    monkeypatch.setattr("marl.launch.many_runs.SECONDS_BETWEEN_LOOKS", 0.001)
    FakeProcess.began, FakeProcess.most, FakeProcess.running = [], 0, set()
    return FakeProcess


def test_a_run_that_fails_does_not_keep_the_others(
    fake: type[FakeProcess], preset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["train", str(preset_file), "--out", str(tmp_path / "g"), "--native-grid", "1+1,2+1,2+2", "--jobs", "2"]
    assert main([*line, "--seeds", "4,2"]) == 1
    assert fake.began == [f"{team}/seed-{seed}" for team in ("2+2", "2+1", "1+1") for seed in (4, 2)]
    assert fake.most == 2
    out = capsys.readouterr().out
    assert "6 runs: 6 to begin\n2 at once" in out
    assert (
        f"2+1/seed-4  256 env steps  100 per second  failed (status 1); the end of {tmp_path}/g/2+1/logs/seed-4.log"
        in out
    )
    assert "\n    error: something went wrong\n" in out
    assert "4 of 6 runs finished, 2 failed (2+1/seed-4, 2+1/seed-2)\ngo on with: " in out


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_lets_no_further_run_begin(
    number: int,
    status: int,
    fake: type[FakeProcess],
    preset_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(self: FakeProcess, *arguments: Any) -> None:
        FakeProcess.__init__(self, *arguments)
        if len(FakeProcess.began) == 1:
            signal.raise_signal(number)

    monkeypatch.setattr(
        "marl.launch.many_runs.RunProcess", type("Interrupted", (FakeProcess,), {"__init__": interrupted})
    )
    line = ["train", str(preset_file), "--out", str(tmp_path / "g"), "--seeds", "3", "--jobs", "2"]
    assert main(line) == status
    assert fake.began == ["g/seed-1", "g/seed-2"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--seeds 0", "--seeds is '0'; give at least 1, or seeds from 1 on"),
        ("--seeds 2 --jobs 0", "--jobs is 0; give at least 1"),
        ("--jobs 2", "--jobs is for many runs; give --seeds or --native-grid, too"),
        ("--seeds 2 --seed 3", "--seed and --seeds 2 are both given"),
        ("--native-grid 1+1 --team A=1,B=1", "--team and --native-grid 1+1 are both given"),
        ("--native-grid 1+1 --report", "--report is of one run; leave it out with --native-grid"),
        ("--native-grid 1+1+1", "--native-grid: teams '1+1+1': '1+1+1' has 3 counts for the 2 classes A, B"),
        ("--native-grid 1+1 --policy.encoder.transformer.heads 3", "1+1/seed-1: policy: 3 attention heads"),
    ],
)
def test_bad_options_are_refused_before_any_run_begins(
    line: str, message: str, preset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(preset_file), "--out", str(tmp_path / "g"), *line.split()]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "g").exists()


def test_a_pipe_in_place_of_a_log_is_refused_before_any_run_begins(
    preset_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "g" / "logs").mkdir(parents=True)
    os.mkfifo(tmp_path / "g" / "logs" / "seed-2.log")
    assert main(["train", str(preset_file), "--out", str(tmp_path / "g"), "--seeds", "2"]) == 2
    assert "seed-2.log is not a file" in capsys.readouterr().err


def test_many_runs_are_not_resumed_by_name_nor_put_into_a_run(
    run: Path, preset_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--resume", str(run), "--seeds", "2"]) == 2
    assert "--resume goes on with one run; many go on when their command is given again" in capsys.readouterr().err
    assert main(["train", str(preset_file), "--out", str(run), "--seeds", "2"]) == 2
    assert f"--out {run} is itself a run; name a folder for many" in capsys.readouterr().err
