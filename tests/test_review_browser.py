"""The review in a real browser: keys, kill -9, two tabs, offline bundles, accessibility, size."""

import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fertools.review import Asked, bundle, import_verdicts
from fertools.review.guard import Guard
from fertools.review.journal import read_journal
from fertools.review.server import Review, serving
from fertools.review.session import open_session
from fertools.review.showcase import Showcase
from tests.browser import BROWSER
from tests.review_data import Served, judgeable, lines, started

playwright = pytest.importorskip(
    "playwright.sync_api", reason="Playwright is not installed: pip install 'fertools[dev]'"
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no chromium on this machine")

ITEMS = 240
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
KEYS = {"k": "keep", "d": "drop", "u": "unsure", "2": "relabel"}
NAME = """(() => { const e = document.activeElement;
    return e.getAttribute('aria-label') || e.textContent.trim() || e.name || e.id })()"""
SCREENS = [
    (1280, 800, "light", "en-US"),
    (1280, 800, "dark", "ko-KR"),
    (390, 844, "light", "ko-KR"),
    (390, 844, "dark", "en-US"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def data(tmp_path) -> Path:
    return judgeable(tmp_path / "data", ITEMS * 4 // 3)


@contextmanager
def served(data: Path) -> Iterator[Served]:
    """A server in a thread of ours."""
    session, manifest = open_session(data, Asked())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        guard, journal = Guard(listener.getsockname()[1]), session.journal("kim")
        app = Review(session, Showcase(session, manifest), journal, guard)
        with serving(app, listener) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield Served(guard.address, journal.file)
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory) -> Iterator[Served]:
    """A server for tests that only look."""
    folder = judgeable(tmp_path_factory.mktemp("looked") / "data", ITEMS * 4 // 3)
    with served(folder) as server:
        yield server


@contextmanager
def window(chromium: Any, address: str, width=1280, height=800, **context) -> Iterator[Any]:
    """A page that is open at an address, and must have complained of nothing."""
    place = chromium.new_context(viewport={"width": width, "height": height}, **context)
    tab = place.new_page()
    tab.complaints = []
    tab.on("console", lambda said: tab.complaints.append(f"{said.type}: {said.text}"))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    try:
        show(tab, address)
        yield tab
    finally:
        place.close()


def show(tab: Any, address: str) -> None:
    tab.goto(address)
    tab.wait_for_selector(".card.current .face", timeout=60_000)


def until(tab: Any, claim: str) -> None:
    """Wait until JavaScript is true; the page's policy forbids it to look for itself."""
    for _ in range(600):
        if tab.evaluate(claim):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(f"never true: {claim}")


def settled(tab: Any) -> None:
    """Wait until every verdict has been given and answered."""
    tab.evaluate("turn")
    until(tab, "store.outbox.length === 0 && !store.busy")


def press(tab: Any, count: int, first: int = 0) -> list[str]:
    """Judge so many faces by keyboard; returns the verdicts given."""
    keys = [list(KEYS)[(first + n) % len(KEYS)] for n in range(count)]
    for key in keys:
        tab.keyboard.press(key)
    return [KEYS[key] for key in keys]


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_200_verdicts_by_keyboard_and_kill_9_in_between(chromium, data):
    with started(data) as (server, kill), window(chromium, server.address) as tab:
        given = press(tab, 100)
        until(tab, "store.outbox.length < 60")  # some answered, some still on their way
        kill()
        given += press(tab, 20, len(given))  # nobody is there: they wait in the browser
        tab.evaluate("turn")
        answered = 120 - tab.evaluate("store.outbox.length")
        assert len(read_journal(server.journal).entries) >= answered > 0
        until(tab, "document.getElementById('trouble').textContent.includes('wait')")
        with started(data, server.port) as (again, _):
            tab.goto("about:blank")
            show(tab, again.address)
            settled(tab)
            assert tab.locator("#tally").inner_text().startswith("120 of 240")
            assert tab.evaluate("grid.current") == 120  # it goes on where it ended
            given += press(tab, 80, len(given))
            settled(tab)
            entries = read_journal(server.journal).entries
    assert len(given) == 200 and [each.verdict for each in entries] == given
    assert len({each.key for each in entries}) == 200
    assert not [said for said in tab.complaints if "net::ERR_" not in said]


def test_relabel_with_a_second_choice_and_undo(chromium, data):
    with served(data) as server, window(chromium, server.address) as tab:
        for key in ("r", "2", "3", "r", "4", "Enter", "r", "Escape", "u", "z", "5", "ㅏ"):
            tab.keyboard.press(key) if key.isascii() else hangul(tab)
        settled(tab)
        found = lines(server.journal)[1:]
        words = tab.evaluate("about.words")
        assert [(e["verdict"], e["label"], e["second"]) for e in found[:2]] == [
            ("relabel", words[1], words[2]), ("relabel", words[3], None)
        ]  # fmt: skip
        assert [e["verdict"] for e in found[2:]] == ["unsure", "open", "relabel", "keep"]
        assert len({e["key"] for e in found[2:5]}) == 1
        tab.keyboard.press("z")
        settled(tab)
        assert lines(server.journal)[-1]["verdict"] == "open"
        assert tab.locator("#tally").inner_text().startswith("3 of 240")
        assert not tab.complaints


def hangul(tab: Any) -> None:
    """The key K on a Hangul keyboard."""
    tab.evaluate("""document.getElementById('grid').dispatchEvent(new KeyboardEvent('keydown',
        {key: 'ㅏ', code: 'KeyK', bubbles: true, cancelable: true}))""")


def test_two_tabs_tell_each_other(chromium, data):
    with served(data) as server, window(chromium, server.address) as one:
        two = one.context.new_page()
        show(two, server.address)
        one.keyboard.press("d")
        settled(one)
        two.keyboard.press("k")  # it has not heard yet
        until(two, "document.getElementById('trouble').textContent.includes('Drop')")
        assert [e["verdict"] for e in lines(server.journal)[1:]] == ["drop"]
        two.keyboard.press("ArrowLeft")
        two.keyboard.press("k")  # meant, after all
        settled(two)
        assert [e["verdict"] for e in lines(server.journal)[1:]] == ["drop", "keep"]
        one.evaluate("store._news()")
        one.wait_for_selector("#face-0 .badge.keep")


def test_only_our_own_page_is_answered(chromium, looked_at):
    server, root = looked_at, f"http://127.0.0.1:{looked_at.port}/"
    assert status(server.address + "session") == 200
    assert status(root) == status(root + "session") == status(root + "x/session") == 403
    assert status(server.address + "session", Origin="http://evil.example") == 403
    assert status(server.address + "session", Host="evil.example") == 403
    assert status(server.address + "..%2f..%2fetc/passwd") == 404
    with window(chromium, server.address) as tab:
        tab.goto("about:blank")
        tab.evaluate("""(url) => fetch(url, {method: 'POST', mode: 'no-cors', body: '{}'}).then(
            () => 0, () => 0)""", server.address + "verdicts")  # fmt: skip
        assert len(lines(server.journal)) == 1


@pytest.mark.parametrize(("width", "height", "scheme", "language"), SCREENS)
def test_no_serious_fault_for_those_who_cannot_see(
    chromium, looked_at, width, height, scheme, language
):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with window(chromium, looked_at.address, width, height, color_scheme=scheme,
                locale=language) as tab:  # fmt: skip
        for state in ("r", "?"):
            tab.keyboard.press(state)
            found = axe.run(tab).response["violations"]
            assert not [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found
                        if each["impact"] in ("serious", "critical")]  # fmt: skip
        assert tab.evaluate("document.documentElement.lang") == language[:2]
        wide = "document.documentElement.scrollWidth <= innerWidth"
        assert tab.evaluate(wide) and not tab.complaints


def test_everything_can_be_reached_by_keyboard_and_has_a_name(chromium, looked_at):
    with window(chromium, looked_at.address) as tab:
        names = []
        for _ in range(16):
            tab.keyboard.press("Tab")
            names.append(tab.evaluate(NAME))
        text = " ".join(names)
        for name in ("Keep", "Drop", "Relabel", "Unsure", "Undo", "Keys", "Faces to look at"):
            assert name in text
        tab.focus("#grid")
        tab.keyboard.press("ArrowRight")
        until(tab, "grid.current === 1")
        active = tab.locator("#grid").get_attribute("aria-activedescendant")
        spoken = tab.locator(f"#{active}").get_attribute("aria-label")
        assert spoken.startswith("2 of 240") and "Verdict: open" in spoken


def test_what_was_done_is_spoken(chromium, data):
    with served(data) as server, window(chromium, server.address) as tab:
        tab.keyboard.press("d")
        until(tab, "document.getElementById('said').textContent.startsWith('Drop. Next: 2 of 240')")


def test_filters_and_the_pointer(chromium, data):
    with served(data) as server, window(chromium, server.address) as tab:
        tab.select_option("[name=reason]", "blurred")
        until(tab, "grid.total === 80")
        tab.click("#face-1")
        tab.click("[data-verdict=drop]")
        tab.select_option("[name=state]", "drop")
        until(tab, "grid.total === 1")
        tab.select_option("[name=label]", "fear")
        tab.wait_for_selector("#nothing:not([hidden])")
        tab.select_option("#language", "ko")
        assert tab.locator("[data-verdict=drop]").inner_text().endswith("제외")
        assert not tab.complaints


def test_only_the_window_is_asked_for(chromium, tmp_path):
    data = judgeable(tmp_path / "data", 4000)
    with (
        served(data) as server,
        window(chromium, server.address) as tab,
    ):
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.keyboard.press("d")
        settled(tab)
        # of the faces that are shown none is asked for again; another row may have come into sight
        assert sum("face/" in url for url in asked) < 12
        asked.clear()
        tab.keyboard.press("End")
        tab.wait_for_selector("#face-2999 .face")
        tab.wait_for_timeout(300)
        assert sum("items?" in url for url in asked) <= 2
        assert sum("face/" in url for url in asked) < 100
        assert tab.locator(".card").count() < 60 and not tab.complaints


def test_a_bundle_works_from_the_disk_and_comes_home(chromium, tmp_path):
    data = judgeable(tmp_path / "data", 40)
    asked = Asked("labels", sample=8, controls=4, blind=True)
    pages, _, _ = bundle(data, asked, ["kim", "lee"], tmp_path / "out")
    files = []
    for page in pages:
        with window(chromium, page.as_uri(), accept_downloads=True) as tab:
            assert tab.evaluate("about.words.length") >= 6
            assert tab.locator("[data-verdict=keep]").is_hidden()
            assert tab.locator("#words button").count() == tab.evaluate("about.words.length")
            for key in ("k", *"123456123", "d", "u"):  # keep is not for the blind
                tab.keyboard.press(key)
            tab.reload()
            tab.wait_for_selector(".card.current .face")
            assert tab.locator("#tally").inner_text().startswith("11 of 12")
            tab.keyboard.press("4")
            with tab.expect_download() as saved:
                tab.click("#save")
            files.append(tmp_path / saved.value.suggested_filename)
            saved.value.save_as(files[-1])
            assert not tab.complaints
        with window(chromium, page.as_uri()) as tab:  # another browser: the file brings it back
            tab.set_input_files("#load input", str(files[-1]))
            until(tab, "store.given.length === 12")
    found = import_verdicts(files, data)
    assert found.agreement.alpha.value == 1 and len(found.agreement.settled) == 12
    assert found.noise.wrong.value > 0 and found.version == 1
