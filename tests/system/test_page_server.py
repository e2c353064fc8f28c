from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from served import ask, news_of, say, serving

from marl.core.errors import ConfigError
from marl.core.wording import in_command
from marl.pictures.page import whole_page
from marl.system.page_server import MOST_WAITING, PageServer


def deaf(message: dict[str, Any]) -> str:
    return "" if message.get("do") == "well" else "not that"


def nothing(server: PageServer) -> None:
    pass


def test_who_knows_the_token_gets_the_page_and_nobody_else() -> None:
    with serving("<p>the page</p>", deaf, nothing) as address:
        assert ask(address) == (200, "<p>the page</p>")
        port = urlsplit(address).port
        for place in ("", "x/", "x/news", "x/say", "%00/", "../"):
            for data in (None, b"{}"):
                status, text = ask(f"http://127.0.0.1:{port}/{place}", data)
                assert status == 403 and "Open the address that the command has printed" in text
        assert [ask(address + "other")[0], ask(address + "other", b"{}")[0], ask(address[:-1])[0]] == [404, 404, 404]
    with serving("", deaf, nothing) as other:
        assert other.split("/")[3] != address.split("/")[3] and len(other.split("/")[3]) == 22


def test_only_this_machine_is_served_and_nothing_may_be_fetched_from_elsewhere() -> None:
    with PageServer("", deaf) as server:
        assert server.address.startswith("http://127.0.0.1:") and server._server.server_address[0] == "127.0.0.1"
        place = urlsplit(server.address)
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
        connection.request("GET", place.path)
        answer = connection.getresponse()
        assert answer.getheader("Content-Security-Policy", "").startswith("default-src 'none'; ")
        assert (answer.getheader("Cache-Control"), answer.getheader("Referrer-Policy")) == ("no-store", "no-referrer")
        connection.close()


def test_messages_are_heard_and_refused_ones_say_why() -> None:
    with serving("", deaf, nothing) as address:
        assert say(address, do="well") == (200, "")
        assert say(address, do="ill") == (409, "not that")
        assert ask(address + "say", b"{") == (400, "A message is an object of JSON.")
        assert ask(address + "say", b"[]")[0] == 400
        assert ask(address + "say", b" " * 10_001) == (413, "A message has at most 10,000 bytes.")


def test_a_window_that_opens_late_is_told_the_latest_of_each_kind() -> None:
    with PageServer("", deaf) as server:
        server.tell("place", 1)
        server.tell("colour", {"is": "<b>\n"})
        server.tell("place", 2)
        assert news_of(server.address, 2) == [("colour", {"is": "<b>\n"}), ("place", 2)]


def test_windows_are_counted_and_a_closed_one_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marl.system.page_server.HEARTBEAT", 0.01)
    counted: list[tuple[int, int]] = []
    with PageServer("", deaf, watch=lambda windows, more: counted.append((windows, more))) as server:
        server.tell("place", 1)
        news_of(server.address, 1)
        until = time.monotonic() + 20
        while len(counted) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    assert counted == [(1, 1), (0, -1)]


def test_all_windows_hear_the_end() -> None:
    with PageServer("", deaf) as server:
        server.tell("place", 1)
        place = urlsplit(server.address)
        windows = [socket.create_connection(("127.0.0.1", place.port), timeout=20) for _ in range(2)]
        for window in windows:
            window.sendall(f"GET {place.path}news HTTP/1.1\r\n\r\n".encode())
            while b"place" not in window.recv(10_000):
                pass
    for window in windows:
        assert b"event: ended" in b"".join(iter(lambda window=window: window.recv(10_000), b""))  # type: ignore[misc]
        window.close()


def test_a_window_that_takes_no_news_is_cut_off() -> None:
    with PageServer("", deaf) as server:
        taken = list[bytes]()

        def write(event: bytes) -> None:
            taken.append(event)
            for number in range(MOST_WAITING + 1):
                server.tell("place", number)

        server.tell("place", -1)
        server.read_news(write)
        assert len(taken) == 1 and server.windows == 0


def test_a_window_says_that_the_command_is_silent(open_window: Callable[..., Any]) -> None:
    with PageServer(whole_page("steer.html", {"title": ""}), deaf) as server:
        window = open_window(server.address)
        assert window.locator("#notice").is_hidden()
        server.wait_for_window()
        server._server.shutdown()
        server._server.server_close()
        for reader in server._readers:
            reader.put(None)
        window.locator("#notice", has_text="The command does not answer.").wait_for()


@pytest.mark.parametrize(
    ("port", "told"),
    [
        (0, "port: port {port} is taken by another program; give another, or none for a free one"),
        (70_000, "port is 70000; give at most 65,535"),
        (-1, "port is -1; give at least 0"),
    ],
)
def test_a_port_that_cannot_be_used_is_refused(port: int, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = port or taken.getsockname()[1]
        with pytest.raises(ConfigError, match=told.format(port=port)):
            PageServer("", deaf, port)
        with in_command(), pytest.raises(ConfigError, match=r"^--port"):
            PageServer("", deaf, port)
