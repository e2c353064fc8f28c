"""Windows of a headless Chromium, as a test opens them; tests are skipped where it, or Playwright, is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

__all__ = ["CHROMIUM", "browser", "open_window"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
Open = Callable[..., Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests of a process, as it takes seconds to start."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_window(browser: Any) -> Iterator[Open]:
    """``open_window(address, **options)``: a page in a window of its own; an error in a script fails the test."""
    windows, errors = [], list[str]()

    def open_one(address: str, **options: Any) -> Any:
        windows.append(browser.new_context(**options))
        page = windows[-1].new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        return page

    yield open_one
    for window in windows:
        window.close()
    assert errors == []
