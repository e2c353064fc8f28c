"""A page that a command serves until it is ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marl.system.interrupts import SIGNALS, end_on_signal, exit_status
from marl.system.page_server import PageServer

__all__ = ["serve"]


def serve(
    page: str, hear: Callable[[dict[str, Any]], str], play: Callable[[PageServer], object], port: int | None
) -> int:
    """Print the address of a page, and serve it until Ctrl-C.

    Args:
        page: its text.
        hear: see `PageServer`.
        play: what happens on it; called with the server.
        port: None for any that is free.

    Returns:
        Exit status: 0 after Ctrl-C, which is how it ends.

    Raises:
        ConfigError: if the port cannot be used.
    """
    server = PageServer(page, hear, port or 0, _tell)
    print(f"open {server.address}")
    print("only this machine, and only who knows the address, can play; Ctrl-C ends it", flush=True)
    try:
        with server, end_on_signal():
            play(server)
    except KeyboardInterrupt as stop:
        print("ended", flush=True)
        return exit_status(*stop.args) if stop.args != (SIGNALS[0],) else 0
    return 0


def _tell(windows: int, more: int) -> None:
    """Say that a window was opened or closed."""
    if more > 0:
        told = "a window was opened" if windows == 1 else f"another window was opened; {windows} are open"
    else:
        told = f"a window was closed; {windows} left" if windows else "a window was closed; none left, the game waits"
    print(told, flush=True)
