from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import pytest
from served import ask, news_of

from marl.cli.page import serve
from marl.system.page_server import PageServer

Cli = Callable[..., tuple[int, str, str]]


def test_a_command_serves_its_page_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "marl", "play", "tic_tac_toe", "human", "rules", "--web"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.fullmatch(r"open (http://127\.0\.0\.1:\d+/[\w-]+/)\n", process.stdout.readline())
        assert found is not None
        assert "tic_tac_toe: human against rules" in ask(found[1])[1]
        ((kind, position),) = news_of(found[1], 1)
        assert kind == "position" and position["told"] == "player 1 (human) is to move: click on the board"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "a window was opened\n" in out and out.endswith("ended\n")


def test_windows_are_told_and_sigterm_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    def play(server: PageServer) -> None:
        for windows, more in ((1, 1), (2, 1), (1, -1), (0, -1)):
            server.watch(windows, more)
        signal.raise_signal(signal.SIGTERM)

    assert serve("", lambda message: "", play, None) == 143
    assert capsys.readouterr().out.splitlines()[2:] == [
        "a window was opened",
        "another window was opened; 2 are open",
        "a window was closed; 1 left",
        "a window was closed; none left, the game waits",
        "ended",
    ]


def test_a_taken_port_and_one_without_a_page_are_refused(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, _, err = cli("play", "tic_tac_toe", "human", "rules", "--web", "--port", port)
        told = f"error: --port: port {port} is taken by another program; give another, or none for a free one\n"
        assert (status, err) == (2, told)
    status, _, err = cli("play", "tic_tac_toe", "first", "rules", "--port", 8000)
    assert (status, err) == (2, "error: --port 8000 is for a page; add --web\n")
