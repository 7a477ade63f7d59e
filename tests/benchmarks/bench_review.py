"""What a review of 50,000 faces costs: start, first paint, what is asked for, memory.

    python tests/benchmarks/bench_review.py [--items 50000] [--folder FOLDER]

Faces are drawn. The server runs in a process of its own, Chromium in another; the page is scrolled
through from end to end. Floor: the first face cannot be shown before Chromium has shown any page,
so the paint of a page of one letter is printed beside.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.browser import BROWSER
from tests.review_data import FLAGS, judgeable

PAINTS = """JSON.stringify(Object.fromEntries(
    performance.getEntriesByType('paint').map((p) => [p.name, p.startTime])))"""
SHOWN = (
    "document.querySelectorAll('.card img').length && [...document.images].every((i) => i.complete)"
)


def memory(process: int) -> dict[str, float]:
    """Resident memory of a process in MiB: its own, and pages of mapped files."""
    text = Path(f"/proc/{process}/status").read_text()
    found = {name: int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024
             for name in ("RssAnon", "RssFile")}  # fmt: skip
    return {name: round(value, 1) for name, value in found.items()}


def until(tab: Any, claim: str) -> float:
    """Seconds until JavaScript is true."""
    began = time.perf_counter()
    while not tab.evaluate(claim):
        if time.perf_counter() - began > 120:
            raise TimeoutError(claim)
        time.sleep(0.005)
    return time.perf_counter() - began


def load(browser: Any, address: str) -> tuple[dict[str, float], float, list[str]]:
    """Paints in ms, ms until the first window of faces is shown, and what was asked for."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(address, wait_until="commit")
    began = time.perf_counter()
    until(tab, SHOWN)
    shown = 1000 * (time.perf_counter() - began)
    paints = json.loads(tab.evaluate(PAINTS))
    tab.close()
    return paints, shown, asked


def scroll(tab: Any, steps: int) -> list[str]:
    """Go through the whole list; returns what was asked for."""
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for step in range(steps):
        tab.evaluate(f"grid.box.scrollTop = grid.box.scrollHeight * {step / steps}")
        tab.wait_for_timeout(60)
    return asked


def main() -> None:
    """Draw, serve, look, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--steps", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        count = options.items
        data = judgeable(Path(folder) / "data", count, flags=[FLAGS[i % 3] for i in range(count)])
        began = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, "-m", "fertools", "review", str(data), "--port", "0", "--json",
             "--reviewer", "kim"], stdout=subprocess.PIPE, text=True)  # fmt: skip
        text = ""
        while not text.endswith("\n}\n"):
            text += server.stdout.readline()
        print(f"{count:,} items; the server answers after {time.perf_counter() - began:.2f} s")
        try:
            look(server.pid, json.loads(text)["address"], options.steps)
        finally:
            server.kill()


def look(process: int, address: str, steps: int) -> None:
    """Measure a server from a browser."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        load(browser, address)  # the browser's own start is no part of it
        print(f"memory before, MiB: {memory(process)}")
        for _ in range(5):
            paints, shown, asked = load(browser, address)
            items = sum("items?" in url for url in asked)
            faces = sum("/face/" in url for url in asked)
            print(
                f"first paint {paints.get('first-contentful-paint', float('nan')):.0f} ms, faces "
                f"shown {shown:.0f} ms; {items} windows of items, {faces} pictures asked for"
            )
        blank = browser.new_page()
        blank.goto("data:text/html,<p>x")
        until(blank, f"{PAINTS}.includes('first-contentful-paint')")
        print(f"floor, a page of one letter: {blank.evaluate(PAINTS)}")
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto(address)
        until(tab, SHOWN)
        for turn in range(3):
            asked = scroll(tab, steps)
            cards = tab.locator(".card").count()
            heap = tab.evaluate("performance.memory.usedJSHeapSize") / 2**20
            print(
                f"scrolled through {turn + 1}: {sum('items?' in u for u in asked)} windows, "
                f"{sum('/face/' in u for u in asked)} pictures, {cards} cards in the page, "
                f"its heap {heap:.0f} MiB; server {memory(process)}"
            )
        began = time.perf_counter()
        for _ in range(100):
            tab.keyboard.press("d")
        tab.evaluate("turn")
        until(tab, "store.outbox.length === 0 && !store.busy")
        spent = (time.perf_counter() - began) / 100
        print(f"a verdict, key to disk: {1000 * spent:.0f} ms; server {memory(process)}")
        browser.close()


if __name__ == "__main__":
    main()
