"""A page served in this process, and plain requests to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from marl.system.page_server import PageServer

__all__ = ["ask", "news_of", "opened", "say", "serving"]


@contextmanager
def serving(page: str, hear: Callable[[dict[str, Any]], str], play: Callable[[PageServer], object]) -> Iterator[str]:
    """Address of a page on which somebody plays in a thread, which ends with the block."""
    failed = list[BaseException]()
    with PageServer(page, hear) as server:

        def run() -> None:
            try:
                play(server)
            except BaseException as error:
                failed.append(error)

        threading.Thread(target=run, daemon=True).start()
        yield server.address
    assert failed == []


def ask(address: str, data: bytes | None = None) -> tuple[int, str]:
    """Status and text of an answer."""
    try:
        with urlopen(address, data, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def say(address: str, **message: Any) -> tuple[int, str]:
    """Status of a message of a window, and why it was refused."""
    status, text = ask(f"{address}say", json.dumps(message).encode())
    return status, json.loads(text)["told"]


def news_of(address: str, number: int) -> list[tuple[str, Any]]:
    """The first news that a window that opens now is told."""
    found: list[tuple[str, Any]] = []
    with urlopen(f"{address}news", timeout=20) as stream:
        while len(found) < number:
            line = stream.readline().decode()
            if line.startswith("event: "):
                found.append((line[7:-1], json.loads(stream.readline().decode()[6:])))
    return found


@contextmanager
def opened(address: str) -> Iterator[None]:
    """A window that stays open for the block, and reads nothing."""
    with urlopen(f"{address}news", timeout=20):
        yield
