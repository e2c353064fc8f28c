"""A page that this machine alone is shown: on loopback, to those who know its token, with news as they come."""

from __future__ import annotations

import errno
import json
import queue
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any

from marl.core.errors import ConfigError
from marl.core.limits import check_between
from marl.core.wording import argument

__all__ = ["LOOK", "PageServer"]

HOST = "127.0.0.1"
MOST_BYTES = 10_000
"""Of a message from a window."""
MOST_WAITING = 200
"""News that a window has not taken; one that is further behind is cut off, comes again, and is told the latest."""
LOOK = 0.2
"""Seconds that whoever plays waits at a time: a signal just before an endless wait would not end it."""
HEARTBEAT = 1.0
"""Seconds without news after which a window is written to, so that one that was closed is missed."""
WRONG = (
    "This address lacks the token, or has a wrong one. Open the address that the command has printed; "
    "it is another one each time."
)
SAFE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
"""Headers of all answers: the page may fetch nothing from elsewhere."""


class PageServer:
    """Serve a page at ``http://127.0.0.1:PORT/TOKEN/``, and exchange messages with the windows that show it.

    A window reads ``news``, a stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events),
    and posts what its person does to ``say``. Other users of the machine reach the port and do not know the token.

    Args:
        page: its text.
        hear: takes a message of a window, called in a thread of its own; returns why it is refused, or nothing.
        port: to listen at; 0 for any that is free.
        watch: called with the number of windows, and 1 when one was opened, -1 when one was closed.

    Raises:
        ConfigError: if the port is taken, or not for users.
    """

    def __init__(
        self,
        page: str,
        hear: Callable[[dict[str, Any]], str],
        port: int = 0,
        watch: Callable[[int, int], object] = lambda windows, more: None,
    ) -> None:
        check_between(argument("port"), port, 0, 65_535)
        self.page, self.hear, self.watch = page, hear, watch
        self.token = secrets.token_urlsafe(16)
        self.windows = 0
        self._opened = threading.Condition()
        self._latest: dict[str, bytes] = {}
        self._readers: set[queue.Queue[bytes | None]] = set()
        try:
            self._server = _Server((HOST, port), self)
        except OSError as error:
            why = {errno.EADDRINUSE: "is taken by another program", errno.EACCES: "is for the system"}
            told = f"port {port} {why.get(error.errno or 0, f'cannot be used ({error})')}"
            raise ConfigError(f"{argument('port')}: {told}; give another, or none for a free one") from error

    @property
    def address(self) -> str:
        """The page's address, with the token."""
        return f"http://{HOST}:{self._server.server_address[1]}/{self.token}/"

    def __enter__(self) -> PageServer:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.tell("ended", {})
        with self._opened:
            for reader in self._readers:
                reader.put(None)
        self._server.shutdown()
        self._server.server_close()

    def tell(self, kind: str, news: Any) -> None:
        """Send news to all windows; the latest of each kind also to those that open later.

        Args:
            kind: name of the event.
            news: as JSON has it.
        """
        event = f"event: {kind}\ndata: {json.dumps(news, separators=(',', ':'), allow_nan=False)}\n\n".encode()
        with self._opened:
            self._latest.pop(kind, None)  # the latest comes last
            self._latest[kind] = event
            for reader in list(self._readers):
                if reader.qsize() < MOST_WAITING:
                    reader.put(event)
                else:
                    self._readers.remove(reader)
                    reader.queue.clear()
                    reader.put(None)

    def wait_for_window(self) -> None:
        """Wait until a window shows the page."""
        with self._opened:
            while not self.windows:
                self._opened.wait(LOOK)

    def read_news(self, write: Callable[[bytes], object]) -> None:
        """Write news as they come, until the window is closed or the server ends."""
        reader: queue.Queue[bytes | None] = queue.Queue()
        with self._opened:
            for event in self._latest.values():
                reader.put(event)
            self._readers.add(reader)
            self._count(1)
        try:
            while (news := _next(reader)) is not None:
                write(news)
        except OSError:
            pass  # the window was closed
        finally:
            with self._opened:
                self._readers.discard(reader)
                self._count(-1)

    def _count(self, more: int) -> None:
        self.windows += more
        self.watch(self.windows, more)
        self._opened.notify_all()


def _next(reader: queue.Queue[bytes | None]) -> bytes | None:
    try:
        return reader.get(timeout=HEARTBEAT)
    except queue.Empty:
        return b":\n\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], pages: PageServer) -> None:
        self.pages = pages
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over connections that broke: their window is gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        """Answer with the page, or the stream of news."""
        pages, place = self.server.pages, self._place()
        if place == "":
            self._answer(HTTPStatus.OK, pages.page, "text/html")
        elif place == "news":
            self.close_connection = True
            self._head(HTTPStatus.OK, "text/event-stream", {"Connection": "close"})
            pages.read_news(self.wfile.write)
        elif place is not None:
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def do_POST(self) -> None:
        """Hand a message of a window on, and answer why it is refused, or nothing."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A message has at most {MOST_BYTES:,} bytes.")
            return
        body, place = self.rfile.read(int(length)), self._place()
        if place is None:
            return
        if place != "say":
            self._answer(HTTPStatus.NOT_FOUND, "There is nothing here.")
            return
        try:
            message = json.loads(body)
            if not isinstance(message, dict):
                raise ValueError("no object")
        except ValueError:
            self._answer(HTTPStatus.BAD_REQUEST, "A message is an object of JSON.")
            return
        told = self.server.pages.hear(message)
        self._answer(HTTPStatus.CONFLICT if told else HTTPStatus.OK, json.dumps({"told": told}), "application/json")

    def _place(self) -> str | None:
        """Place below the token; None where it is wrong, which is answered."""
        token, slash, place = self.path.removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.pages.token.encode()):
            self._answer(HTTPStatus.FORBIDDEN, WRONG)
            return None
        return place if slash else "?"  # an address without its last stroke would seek the news elsewhere

    def _answer(self, status: HTTPStatus, text: str, kind: str = "text/plain") -> None:
        data = text.encode()
        self._head(status, f"{kind}; charset=utf-8", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **SAFE, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def version_string(self) -> str:
        """Name of the server, without versions."""
        return "marl"

    def log_message(self, format: str, *values: Any) -> None:
        """Print nothing: an address holds the token."""
