"""From `thinslice serve` on nothing to a readout that moves: six forms and five minutes at most."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.browser import chromium, complaints_of, fill, press
from tests.journeys.conftest import started
from tests.serve import BROWSER, Installation, wait_until

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)
PASSWORD = "correct horse battery staple"
MOST_FORMS = 6
MOST_SECONDS = 300


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as chrome:
        yield chrome


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with started(request, tmp_path, mail="outbox:") as installation:
        yield installation


def forms_of(context: BrowserContext) -> list[str]:
    """Every form that is sent, by its address."""
    sent: list[str] = []

    def note(request: object) -> None:
        if request.method == "POST" and request.is_navigation_request():  # type: ignore[attr-defined]  # a playwright request
            sent.append(request.url.partition("?")[0])  # type: ignore[attr-defined]  # as above

    context.on("request", note)
    return sent


@pytest.mark.parametrize(
    ("empty", "script"), [("sqlite", True), ("postgresql", False)], indirect=["empty"]
)
def test_from_nothing_to_a_readout_that_moves(empty: Installation, browser: Browser, script: bool):
    context = browser.new_context(java_script_enabled=script, user_agent=BROWSER)
    complaints, forms = complaints_of(context), forms_of(context)
    page = context.new_page()
    page.set_default_timeout(30_000)
    began = time.monotonic()

    given_the_first_admin(page, empty)
    looked_at = [] if not script else barriers(page, "home")
    given_a_number(page)
    given_people(page, script=script)
    readout = f"{given_a_rehearsal(page, empty)}/readout"
    page.close()  # it draws itself anew as the mails leave
    watched, page = context.new_page(), context.new_page()
    watched.goto(readout)
    expect(watched.get_by_role("main")).to_contain_text("0 of 3 people clicked so far")
    clicked_as_a_customer(page, readout)
    moves(watched, script=script)
    seconds = time.monotonic() - began
    looked_at += [] if not script else [*barriers(watched, "readout"), *barriers(page, "customer")]

    assert len(forms) <= MOST_FORMS, forms
    assert seconds < MOST_SECONDS
    assert complaints == []
    assert looked_at == []
    watched.goto(f"{empty.url}/")
    expect(watched.get_by_role("main")).to_contain_text("Send it to real people")
    press(watched, "Put this list away")
    expect(watched.get_by_label("First steps")).to_have_count(0)
    context.close()


def given_the_first_admin(page: Page, service: Installation) -> None:
    address = re.search(r"http://\S+/setup\?token=\S+", service.log)
    assert address, service.log
    page.goto(address[0])
    fill(page, name="Ann", email="ann@halvern.example", password=PASSWORD)
    press(page, "Start")
    page.goto(f"{service.url}/")


def given_a_number(page: Page) -> None:
    fill(page, title="bakeries acting on an insight", start="0", target="15")
    press(page, "This is our number")


def given_people(page: Page, *, script: bool) -> None:
    typed = "elin@haugen.example, Elin Haugen\nOla <ola@brod.example>\nkari@kringle.example"
    fill(page, typed=typed)
    press(page, "These are our people")
    if script:  # the page goes on by itself
        expect(page.locator("[name=subject]")).to_be_visible()
    else:
        wait_until(lambda: page.reload() and page.locator("[name=subject]").count() == 1)
    expect(page.get_by_role("main")).to_contain_text("3 people in “First people”")


def given_a_rehearsal(page: Page, service: Installation) -> str:
    """Launched; the address of the experiment, once its mails are in the outbox."""
    fill(page, title="their bake list for next week", subject="Your bake list for next week")
    press(page, "On to the launch")
    page.wait_for_url("**/launch?said=created")
    press(page, "Rehearse with 3 people")
    found = re.search(r"/experiments/([0-9a-z]{20})", page.url)
    assert found, page.url
    first_mail = f"{service.url}/outbox/experiments/{found[1]}"
    wait_until(lambda: "/customer" in page.request.get(first_mail).url, what="the first mail")
    return f"{service.url}/experiments/{found[1]}"


def clicked_as_a_customer(page: Page, readout: str) -> None:
    page.goto(readout)
    page.get_by_role("link", name="Open as customer").first.click()
    expect(page.get_by_role("main")).to_contain_text("You see this as")
    time.sleep(3)  # within two seconds of its arrival nobody reads a mail (rule 14)
    with page.expect_popup() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Show me").click()
    expect(opened.value.get_by_text("Rehearsal.")).to_be_visible()
    opened.value.close()


def moves(page: Page, *, script: bool) -> None:
    """Within seconds: by itself, or by a reload."""
    main = page.get_by_role("main")
    if script:
        expect(main).to_contain_text("1 of 3 people clicked so far", timeout=15_000)
    else:
        wait_until(lambda: page.reload() and "1 of 3 people clicked so far" in main.inner_text())


def barriers(page: Page, name: str) -> list[tuple[str, ...]]:
    """Of the page itself: a mail in a frame has its author's colours."""
    found: list[tuple[str, ...]] = []
    page.bring_to_front()  # a tab behind others is drawn late
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour between two
        broken = Axe().run(page, options={"iframes": False}).response["violations"]
        found += [
            (name, scheme, one["id"], str(one["nodes"])[:1_000])
            for one in broken
            if one["impact"] in {"serious", "critical"}
        ]
    page.emulate_media(color_scheme="light")
    return found
