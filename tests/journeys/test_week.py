"""The week in a real browser: a lead answers on a phone, a manager holds the review."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from app.platform import clock
from tests.journeys.browser import chromium, complaints_of, fill, press
from tests.journeys.test_by_page import given_an_outcome, set_up
from tests.moments import CALENDAR
from tests.serve import Installation, Mailbox, wait_until

pytestmark = pytest.mark.browser
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(
    ("service", "stated_moment", "script"),
    [
        ("sqlite", CALENDAR["Wednesday"], False),
        ("postgresql", CALENDAR["Friday"] + timedelta(hours=6), True),
        ("sqlite", CALENDAR["Sunday"], True),
    ],
    indirect=["service", "stated_moment"],
    ids=["Wednesday", "Friday afternoon", "Sunday"],
)
def test_the_friday_page_and_the_review_that_follows(
    service: Installation, mailbox: Mailbox, browser: Browser, script: bool
):
    context = browser.new_context(java_script_enabled=script)
    complaints = complaints_of(context)
    page = context.new_page()
    page.set_default_timeout(30_000)

    set_up(page, service)
    given_an_outcome(page, service)
    cem_owns_it(service)
    asks_about_the_week(page, service)
    answers_on_a_phone(browser, the_link_of(mailbox), script=script)
    week = holds_the_review(page, service)
    changes_a_value(page, service)
    finds_the_week_as_it_was(page, browser, service, week)

    assert complaints == []
    context.close()


def cem_owns_it(service: Installation) -> None:
    with service.api() as api:
        (row,) = api.get("/key-results").json()["items"]
        changed = api.patch(f"/key-results/{row['id']}", json={"owner": "cem@halvern.example"})
        assert changed.status_code == 200, changed.text


def asks_about_the_week(page: Page, service: Installation) -> None:
    page.goto(f"{service.url}/time")
    fill(page, name="Cem", email="cem@halvern.example")
    press(page, "Add")
    if clock.now() < CALENDAR["Friday"] + timedelta(hours=5):  # 14:00 UTC: later it asks by itself
        page.get_by_role("main").get_by_role("button", name=re.compile("^Ask about")).click()
    wait_until(lambda: says(page, "0 of 1 answered"), what="a week that is asked about")


def says(page: Page, text: str) -> bool:
    page.reload()
    return text in page.get_by_role("main").inner_text()


def the_link_of(mailbox: Mailbox) -> str:
    to, mail = wait_until(lambda: next(iter(mailbox.mails()), None), what="Friday's mail")
    assert to == "cem@halvern.example"
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(r"http\S+/s/\S+", text.get_content())
    assert found
    return found[0]


def answers_on_a_phone(browser: Browser, link: str, *, script: bool) -> None:
    """From the mail: no log-in; numbers, one button, thanks. Nothing is wider than the phone."""
    phone = browser.new_context(viewport=PHONE, java_script_enabled=script)
    page = phone.new_page()
    page.goto(link)
    began = clock.now()
    shares = page.locator("main input[name^='share.']")
    for field, share in zip(shares.all(), ("44", "28", "14", "14"), strict=True):
        field.fill(share)
    page.get_by_label("Value today").fill("1530")
    page.get_by_label("Confidence").fill("7")
    press(page, "Send answer")

    expect(page.get_by_role("main")).to_contain_text("Thank you, Cem.")
    expect(page.get_by_role("main")).to_contain_text("Weekly active bakeries: 1,530.")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert clock.now() - began < timedelta(seconds=60)
    phone.close()


def holds_the_review(page: Page, service: Installation) -> str:
    page.goto(f"{service.url}/time")
    label = page.locator("main tbody th").first.inner_text()
    page.goto(f"{service.url}/weeks/{label}")
    main = page.get_by_role("main")
    expect(main).to_contain_text("44 % kept the lights on; 1 of 1 answered.")
    fill(page, text="Ask ten bakers", owner="Cem")
    main.locator("form[action$='/commitments'] button").click()
    expect(main).to_contain_text("Ask ten bakers")
    press(page, "Freeze")
    expect(main).to_contain_text("Frozen by Ann.")
    expect(main).to_contain_text("1,530")
    return label


def changes_a_value(page: Page, service: Installation) -> None:
    page.goto(f"{service.url}/objectives")
    page.get_by_role("link", name="Weekly active bakeries").first.click()
    fill(page, date=clock.now().date().isoformat(), value="1600")
    page.get_by_role("button", name="Save value").click()
    expect(page.get_by_role("main")).to_contain_text("1,600")


def finds_the_week_as_it_was(
    page: Page, browser: Browser, service: Installation, week: str
) -> None:
    page.goto(f"{service.url}/weeks/{week}")
    main = page.get_by_role("main")
    expect(main).to_contain_text("1,530")
    expect(main).not_to_contain_text("1,600")
    page.locator("summary", has_text="Read without log-in").click()
    link = page.locator("code.secret").inner_text()
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.locator("main")).to_contain_text("Ask ten bakers")
    expect(stranger.locator("main")).to_contain_text("1,530")
    stranger.context.close()
