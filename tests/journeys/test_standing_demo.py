"""The demo in a real browser: its first minute, printed, weighed, without barriers, by role."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, StorageState, expect

from tests.journeys.browser import chromium, complaints_of, fill
from tests.journeys.test_demo import ROOT, Demo, named

pytestmark = pytest.mark.browser
PASSWORD = "correct horse battery staple"
# Pages that are full of something in the demo; those of an empty installation and the four steps
# are looked at in test_by_page.py and test_steps.py.
PAGES = (
    "/", "/weeks", "{readout}", "{experiment}", "{experiment}/hits", "{experiment}/sends",
    "{experiment}/comments", "{experiment}/share", "{draft}/launch", "{key_result}",
    "{key_result}/past", "/objectives", "/outcomes/import", "/features/board", "{feature}",
    "/learnings", "/time", "/time/settings", "{audience}", "{audience}/people", "/customers",
    "/conversions", "/outbox", "/audit", "/account", "/account/notices", "/notices",
    "/connections", "/data-folders", "/put-off", "/help/keys",
)  # fmt: skip
MOST_BYTES, MOST_REQUESTS, MOST_NODES = 130_000, 12, 1_500  # of a page, with all that it asks for


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("standing-demo"))
    demo.start()
    yield demo
    demo.interrupt()


@pytest.fixture(scope="module")
def door(demo: Demo, browser: Browser) -> StorageState:
    return _door(demo, browser, "ann@halvern.example", demo.password())


def _door(demo: Demo, browser: Browser, email: str, password: str) -> StorageState:
    page = browser.new_context().new_page()
    page.goto(f"{demo.url}/login")
    fill(page, email=email, password=password)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_url(f"{demo.url}/")
    state = page.context.storage_state()
    page.context.close()
    return state


@pytest.fixture(scope="module")
def names(demo: Demo) -> dict[str, str]:
    """Where the demo's things are."""
    with sqlite3.connect(f"file:{demo.data / 'thinslice.db'}?mode=ro", uri=True) as database:
        ids = {table: database.execute(f"SELECT id FROM {table} ORDER BY id").fetchone()[0]
               for table in ("key_result", "feature", "audience")}  # fmt: skip
    with demo.api() as api:
        running, draft = named(api, "Staffing hints by email"), named(api, "Price of a second shop")
    return {
        "experiment": f"/experiments/{running}",
        "readout": f"/experiments/{running}/readout",
        "draft": f"/experiments/{draft}",
        "key_result": f"/key-results/{ids['key_result']}",
        "feature": f"/features/{ids['feature']}",
        "audience": f"/audiences/{ids['audience']}",
    }


def test_in_its_first_minutes_a_page_moves_a_result_turns_and_a_link_is_shared(
    demo: Demo, browser: Browser, door: StorageState, names: dict[str, str]
):
    context = browser.new_context(storage_state=door)
    complaints, page = complaints_of(context), context.new_page()
    page.goto(demo.url + names["readout"])
    page.evaluate("window.untouched = true")
    expect(page.get_by_role("main")).to_contain_text("Validated", timeout=120_000)
    moved_by_itself = page.evaluate("window.untouched")
    page.goto(f"{demo.url}{names['experiment']}/share")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("code.secret").inner_text()
    stranger = browser.new_context(java_script_enabled=False).new_page()
    stranger.goto(link)

    assert moved_by_itself
    assert "/r/" in link
    expect(stranger.locator("body")).to_contain_text("Validated")
    expect(stranger.locator("body")).not_to_contain_text("Log out")
    assert complaints == []
    stranger.context.close()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_that_is_printed_is_light_whole_and_alone(
    demo: Demo, browser: Browser, door: StorageState, names: dict[str, str], scheme: Any
):
    paper = {"width": 718, "height": 1046}  # A4 between its margins, at 96 pixels an inch
    page = browser.new_context(
        storage_state=door,
        color_scheme=scheme,
        viewport=paper,  # type: ignore[arg-type]  # a size
    ).new_page()
    page.emulate_media(media="print")
    for path in (names["readout"], "/weeks"):
        page.goto(demo.url + path)
        told = page.evaluate(_PRINTED)

        assert told["lightness"] > 0.9, (path, told)
        assert told["shown"] == [], path
        assert told["cut"] == [], path
        assert told["letters"] > 500, path
    page.context.close()


# What of a printed page should not be there, and which tables do not fit.
_PRINTED = """() => {
  const numbers = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number)
  const [r, g, b, a] = [...numbers, 1]
  const seen = (one) => one.checkVisibility && one.checkVisibility()
  const shown = [...document.querySelectorAll('nav, header.nav, main form, main button, .button')]
  const right = document.documentElement.clientWidth
  const isCut = (one) => one.getBoundingClientRect().right > right + 1 ||
    one.parentElement.scrollWidth > one.parentElement.clientWidth + 1
  const cut = [...document.querySelectorAll('table, figure')].filter(seen).filter(isCut)
  return {
    lightness: a === 0 ? 1 : (r + g + b) / 765,
    shown: shown.filter(seen).map((one) => one.outerHTML.slice(0, 100)),
    cut: cut.map((one) => one.outerHTML.slice(0, 100)),
    letters: document.querySelector('main').innerText.length,
  }
}"""


def test_no_page_has_a_barrier_in_either_scheme_and_each_fits_a_phone(
    demo: Demo, browser: Browser, door: StorageState, names: dict[str, str]
):
    page = browser.new_context(storage_state=door, reduced_motion="reduce").new_page()
    found: list[tuple[str, ...]] = []
    for path in (one.format(**names) for one in PAGES):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        answer = page.goto(demo.url + path)
        assert answer is not None
        assert answer.status == 200, path
        broken = _broken(page, {"iframes": False})
        page.emulate_media(color_scheme="dark")  # another scheme is other colours
        colours = {"type": "rule", "values": ["color-contrast"]}
        broken += _broken(page, {"iframes": False, "runOnly": colours})
        found += [(path, *one) for one in broken]
        page.set_viewport_size({"width": 390, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found.append((path, "too wide for a phone"))
    page.context.close()

    assert found == []


def _broken(page: Page, options: dict[str, Any]) -> list[tuple[str, str]]:
    broken = Axe().run(page, options=options).response["violations"]
    return [(one["id"], str(one["nodes"][0]["html"])[:160]) for one in broken]


def test_what_a_page_weighs_and_asks_for_stays_small_and_nothing_jumps(
    demo: Demo, browser: Browser, door: StorageState, names: dict[str, str]
):
    found = []
    for path in ("/", names["readout"], names["key_result"], "/experiments", "/weeks"):
        context = browser.new_context(storage_state=door)  # nothing is kept from before
        page = context.new_page()
        answers = _answers_of(page)
        page.add_init_script(_JUMPS)
        page.goto(demo.url + path, wait_until="networkidle")
        told = page.evaluate(
            "({jumped: window.jumped, nodes: document.querySelectorAll('*').length})"
        )
        weights = [len(one.body()) for one in answers if one.status == 200]
        hosts = {one.url.split("/")[2] for one in answers}
        is_small = sum(weights) < MOST_BYTES and len(weights) <= MOST_REQUESTS
        if not is_small or told["jumped"] > 0.01 or told["nodes"] > MOST_NODES or len(hosts) > 1:
            found.append((path, sum(weights), len(weights), told, hosts))
        context.close()

    assert found == []


def _answers_of(page: Page) -> list[Response]:
    """Whatever it is answered from now on."""
    answers: list[Response] = []

    def note(one: Response) -> None:
        answers.append(one)

    page.on("response", note)
    return answers


_JUMPS = """window.jumped = 0; new PerformanceObserver((list) => list.getEntries().forEach(
  (one) => { if (!one.hadRecentInput) window.jumped += one.value }
)).observe({type: 'layout-shift', buffered: true})"""


@pytest.fixture(scope="module")
def viewer(demo: Demo, browser: Browser) -> StorageState:
    command = [sys.executable, "-m", "app.cli", "user", "add", "bo@halvern.example", "--role",
               "viewer", "--password-stdin"]  # fmt: skip
    subprocess.run(
        command, input=PASSWORD + "\n", text=True, check=True, cwd=ROOT, capture_output=True,
        env=os.environ | {"THINSLICE_DATA_DIR": str(demo.data)},
    )  # fmt: skip
    return _door(demo, browser, "bo@halvern.example", PASSWORD)


@pytest.mark.parametrize(("script", "width"), [(True, 1280), (False, 390)])
def test_a_viewer_reads_by_keys_alone_says_seen_and_meets_no_form_that_is_refused(
    *,
    demo: Demo,
    browser: Browser,
    viewer: StorageState,
    names: dict[str, str],
    script: bool,
    width: int,
):
    context = browser.new_context(
        storage_state=viewer, java_script_enabled=script, viewport={"width": width, "height": 844}
    )
    page = context.new_page()
    page.goto(demo.url + names["key_result"])
    _by_keys(page, page.get_by_role("button", name="Seen", exact=True).first)
    expect(page.get_by_role("status").first).to_contain_text("Noted")
    expect(page.get_by_text("Seen by you").first).to_be_visible()
    forms = set()
    for path in ("/", "/weeks", names["readout"], names["key_result"], "/objectives",
                 names["feature"], "/features/board", names["audience"], "/learnings", "/time",
                 f"{names['experiment']}/comments"):  # fmt: skip
        page.goto(demo.url + path)
        forms |= {
            re.sub(r"/[0-9a-z]{20}", "/…", one.get_attribute("action") or "")
            for one in page.locator("form[method=post]").all()
        }
    context.close()

    assert forms == {
        "/logout", "/search", "/key-results/…/check-ins/…/seen", "/experiments/…/watch",
    }  # fmt: skip


def _by_keys(page: Page, button: Any) -> None:
    """To a button by the key that walks from one thing to the next, and press it."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return
    raise AssertionError("no key leads there")
