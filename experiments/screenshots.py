"""Pictures of docs/browser.md, taken anew in headless Chromium, and the measurements that the page names.

pip install marl-teams[browser]; Chromium comes from the system. Then: python experiments/screenshots.py
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).parents[1] / "docs/pictures"
WIDE, TELEPHONE = {"width": 1100, "height": 840}, {"width": 375, "height": 740}
COUNT_FRAMES = """async (seconds) => {
  let frames = 0;
  const watch = new MutationObserver(() => { frames += 1; });
  watch.observe(document.querySelector(".view"), {childList: true});
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  watch.disconnect();
  return frames / seconds;
}"""
TIME_FRAMES = """() => {
  const begin = performance.now();
  for (let i = 0; i < 200; i += 1) { show(i % (steps + 1)); document.querySelector(".view").getBoundingClientRect(); }
  return (performance.now() - begin) / 200;
}"""


class Meter:
    """Port in front of another that counts the bytes in both directions, headers and all."""

    def __init__(self, port: int) -> None:
        self.port, self.sent, self.taken = port, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            window, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.port))
            for source, target, sends in ((window, server, True), (server, window, False)):
                threading.Thread(target=self._pass, args=(source, target, sends), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, sends: bool) -> None:
        with suppress(OSError), source, target:  # of one end that closed the other is closed, too
            while data := source.recv(65_536):
                self.sent += len(data) * sends
                self.taken += len(data) * (not sends)
                target.sendall(data)


@contextmanager
def served(*arguments: str) -> Iterator[tuple[str, Meter]]:
    """Address of a page of ``marl play``, through a meter."""
    command = [sys.executable, "-m", "marl", "play", "--web", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"(http://127\.0\.0\.1:)(\d+)(/\S+)", process.stdout.readline())
        assert found is not None, f"{' '.join(command)} printed no address"
        meter = Meter(int(found[2]))
        try:
            yield f"{found[1]}{meter.listener.getsockname()[1]}{found[3]}", meter
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def take(page: Any, name: str) -> None:
    """Picture of what a window shows."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").save(path, optimize=True)
    size = path.stat().st_size
    print(f"docs/pictures/{name}.png: {size:,} bytes")
    assert size < 150_000, path


def replay(browser: Any) -> None:
    """The shipped team as 8 + 8, and what one of it sees and heeds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "replay.html"
        command = [sys.executable, "-m", "marl", "render", "predator_team", "--team", "A=8,B=8", "--out", str(path)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        print(f"replay of 8 + 8, 100 steps: {path.stat().st_size:,} bytes")
        page = browser.new_page(viewport=WIDE)
        page.goto(f"{path.as_uri()}#40")
        page.select_option("figure select", label="B 4")
        take(page, "browser_replay")
        print(f"one moment of it is drawn in {page.evaluate(TIME_FRAMES):.1f} ms")
        page.select_option("#speed", "4")
        page.evaluate("show(0)")
        page.click("#play")
        print(f"at speed 4, 50 a second, it shows {page.evaluate(COUNT_FRAMES, 1.5):.0f} frames a second")
        page.close()


def board(browser: Any, opponent: str) -> None:
    """nine_board, with what both searches found."""
    with served("nine_board:5", "--players", f"human,{opponent}", "--view", "--seed", "1") as (address, _):
        page = browser.new_page(viewport=WIDE)
        page.goto(address)
        for number, move in enumerate(("5 5", "hint", "hint")):
            page.wait_for_selector("[data-action]")
            if number:
                page.click("#hint")
                page.locator("#told", has_text="hint: ").wait_for(timeout=120_000)
                move = page.inner_text("#told").removeprefix("hint: ").partition(" (")[0]
            if number < 2:
                page.click(f'[aria-label="{move}"]')
                page.locator("#log li").nth(2 * number + 1).wait_for(timeout=120_000)
        take(page, "browser_nine_board")
        page.close()


def game_bytes(browser: Any) -> None:
    """Bytes of a whole game of tic_tac_toe, and of the same clicks on nine_board."""
    for game, moves in (("tic_tac_toe", 9), ("connect_four", 42)):
        with served(game, "human", "first") as (address, meter):
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("[data-action]")
            opened, played = meter.taken, 0
            before = meter.sent
            while page.locator("[data-action]").count():
                page.locator("[data-action]").last.click()
                played += 2
                page.locator("#log li").nth(played - 1).or_(page.locator("#told", has_text="wins")).first.wait_for()
            total = page.locator("#log li").count()
            print(
                f"{game}, {total} of at most {moves} moves: the page took {opened:,} bytes to open; the game then "
                f"{meter.taken - opened:,} to it and {meter.sent - before:,} from it"
            )
            page.close()


def steered(browser: Any) -> None:
    """The prey steered by hand, on a telephone's width and in the dark, and its rate."""
    with served("--play", "prey=human", "predator_team", "--seed", "3") as (address, meter):
        page = browser.new_page(viewport=TELEPHONE, color_scheme="dark")
        page.goto(address)
        page.wait_for_selector("#view svg")
        began, sent = meter.taken, meter.sent
        for key, seconds in (("ArrowDown", 0.5), ("ArrowLeft", 0.7), ("ArrowUp", 0.7)):
            page.keyboard.down(key)
            page.wait_for_timeout(1000 * seconds)
            page.keyboard.up(key)
        rate = page.evaluate(COUNT_FRAMES, 2)
        page.locator(".view.touched").wait_for()
        take(page, "browser_steered")
        page.locator("#state", has_text="over").wait_for()
        told = f"{meter.taken - began:,} bytes to the page and {meter.sent - sent:,} from it"
        print(f"steering shows {rate:.1f} frames a second; an episode of 100 steps is {told}")
        page.close()


def main() -> None:
    """Take all pictures, and print all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--opponent", default="uct:2000", help="that plays nine_board, e.g. az:runs/nine")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "needs Chromium from the system's packages"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        replay(browser)
        board(browser, options.opponent)
        steered(browser)
        game_bytes(browser)
        browser.close()


if __name__ == "__main__":
    main()
