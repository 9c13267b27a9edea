"""An editor who has no mouse: from the list of experiments to what was learned, by keys alone."""

import re
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.identity import passwords, users
from app.platform import clock, config
from app.platform.db import Database
from tests.journeys.browser import chromium, complaints_of
from tests.journeys.test_by_api import finished, given_an_audience, with_clickers
from tests.journeys.test_by_page import PASSWORD
from tests.serve import Installation, Mailbox, click, links_in, wait_until

pytestmark = pytest.mark.browser
NAME = "Waste in euros, by keys"
PEOPLE = 20
FURTHEST = 60  # presses of Tab, from the skip link to whatever a step needs
_SEEN = """e => { const shown = (one) => { const s = getComputedStyle(one);
  return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 };
  return shown(e) || (e.parentElement !== null && shown(e.parentElement)) }"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def editor(shared: Installation) -> str:
    """The address of somebody who may run experiments, and no more."""
    settings = config.load(data_dir=shared.data, database_url=shared.database_url)
    database, email = Database(settings.database), "kim@halvern.example"
    hashed = passwords.hashed(PASSWORD)
    with database.write() as session:
        users.add(session, email=email, name="Kim", role="editor", password=hashed, now=clock.now())
    database.close()
    return email


def to(page: Page, wanted: Locator) -> None:
    """Tab there, past the menu, as somebody does who sees where they are."""
    if page.evaluate("document.activeElement === document.body"):
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # skip to the page
    for _ in range(FURTHEST):
        if wanted.evaluate("e => e === document.activeElement"):
            assert wanted.evaluate(_SEEN), f"nobody sees that {wanted} has the focus"
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{FURTHEST} presses of Tab do not lead to {wanted}")


def write(page: Page, name: str, words: str) -> None:
    to(page, page.locator(f"main [name={name}]"))
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(words)


def press(page: Page, name: str, leads_to: str, *, role: Literal["button", "link"]) -> None:
    """Press Enter on it, and wait for the page that follows: its address by a pattern."""
    to(page, page.get_by_role("main").get_by_role(role, name=name, exact=True).first)
    page.keyboard.press("Enter")
    arrives(page, leads_to)


def arrives(page: Page, address: str) -> None:
    expect(page).to_have_url(re.compile(address))
    page.wait_for_load_state()


def test_an_editor_gets_from_the_list_to_what_was_learned(
    shared: Installation, shared_mailbox: Mailbox, browser: Browser, editor: str
):
    context = browser.new_context()
    complaints, page = complaints_of(context), context.new_page()
    with shared.api("editor") as api:
        audience = given_an_audience(api, people=PEOPLE, at="keys.example")
        named = api.get(f"/audiences/{audience}").json()["name"]
        logs_in(page, shared, editor)
        experiment = writes_and_launches(page, named)
        wait_until(lambda: finished(api, experiment), what="the sending")
        time.sleep(3)  # within two seconds of its arrival nobody reads a mail (rule 14)
        for _, mail in shared_mailbox.mails()[:12]:
            assert click(links_in(mail)[0]).status_code == 302
        wait_until(lambda: with_clickers(api, experiment, 12), what="twelve people")
    reads_and_decides(page)

    assert complaints == []
    context.close()


def logs_in(page: Page, service: Installation, email: str) -> None:
    page.goto(f"{service.url}/login")
    for name, words in (("email", email), ("password", PASSWORD)):
        write(page, name, words)
    page.keyboard.press("Enter")
    arrives(page, f"^{service.url}/$")
    goes(page, "e", "experiments")


def goes(page: Page, key: str, where: str) -> None:
    page.keyboard.press("g")
    page.keyboard.press(key)
    arrives(page, f"/{where}$")


def writes_and_launches(page: Page, audience: str) -> str:
    """The four steps; the experiment's id once it is launched."""
    press(page, "New experiment", "/new$", role="link")
    write(page, "name", NAME)
    write(page, "believe", "Bakers act on waste when it is told in euros.")
    press(page, "On to People", "/people$", role="button")
    to(page, page.locator("main [name=audience_id]"))
    page.keyboard.type(audience)
    press(page, "On to the mail", "/mail$", role="button")
    write(page, "subject", "{{ name }}, {{ euros }} € a week")
    write(page, "body", "Hello {{ name }},\n\n{{ euros }} € a week. [Show my list](answer:)")
    write(page, "answer", "# {{ euros }} € a week")
    press(page, "On to Count", "/count$", role="button")
    write(page, "threshold", "8")
    press(page, "On to launch", "/launch$", role="button")
    write(page, "undo_seconds", "0")
    press(page, f"Send to {PEOPLE} people", "said=launched", role="button")
    found = re.search(r"/experiments/([0-9a-z]{20})", page.url)
    assert found, page.url
    return found[1]


def reads_and_decides(page: Page) -> None:
    goes(page, "e", "experiments")
    press(page, NAME, "/experiments/[0-9a-z]{20}$", role="link")
    press(page, "Readout", "/readout$", role="link")
    expect(page.get_by_role("main")).to_contain_text(f"12 of {PEOPLE} people")
    press(page, "Decide", "/decide$", role="link")
    to(page, page.locator("main [name=decision]").first)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("main [name=decision][value=iterate]")).to_be_checked()
    write(page, "learning", "Money moves bakers, without a mouse.")
    press(page, "Decide", "said=decided", role="button")
    goes(page, "l", "learnings")
    expect(page.get_by_role("main")).to_contain_text("Money moves bakers, without a mouse.")
