"""The product manager's main job in a real browser, from the first start to the decision."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from app.platform import clock
from tests.cast import csv_of
from tests.commanded import said
from tests.journeys.browser import chromium, complaints_of, fill, press, unfold
from tests.journeys.conftest import started
from tests.journeys.test_by_api import finished, with_clickers
from tests.serve import Installation, Mailbox, click, links_in, wait_until

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # a busy machine is no failure
PASSWORD = "correct horse battery staple"
TODAY = clock.now().date()
PEOPLE = 60
PAGES = (
    "/", "/objectives", "/features", "/audiences", "/experiments", "/experiments/new", "/learnings",
    "/people", "/tokens", "/suppressions", "/outbox", "/help/statistics", "/password",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.mark.parametrize(
    ("service", "script"), [("sqlite", True), ("postgresql", False)], indirect=["service"]
)
def test_from_the_first_start_to_a_decision(
    service: Installation, mailbox: Mailbox, browser: Browser, tmp_path: Path, script: bool
):
    context = browser.new_context(java_script_enabled=script)
    complaints = complaints_of(context)
    page = context.new_page()
    page.set_default_timeout(30_000)

    set_up(page, service)
    given_an_outcome(page, service)
    given_a_slice(page, service)
    given_bakers(page, service, tmp_path)
    draft = given_a_draft(page, service)
    seen_by_a_real_person(page, service, draft)
    launched(page, service, draft)
    with service.api("editor") as api:
        wait_until(lambda: finished(api, draft), what="the sending")
        time.sleep(3)  # within two seconds of its arrival nobody reads a mail (rule 14)
        for _, mail in mailbox.mails()[:12]:
            assert click(links_in(mail)[0]).status_code == 302
        wait_until(lambda: with_clickers(api, draft, 12), what="twelve people")
    reads_the_result(page, service, draft)
    decides(page, service, draft)

    assert complaints == []
    context.close()


def set_up(page: Page, service: Installation) -> None:
    address = re.search(r"http://\S+/setup\?token=\S+", service.log)
    assert address, service.log
    page.goto(address[0])
    fill(page, name="Ann", email="ann@halvern.example", password=PASSWORD)
    press(page, "Start")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def given_an_outcome(page: Page, service: Installation) -> None:
    page.goto(f"{service.url}/objectives")
    fill(page, team_name="Counter", function="product")
    press(page, "Add team")
    fill(page, cycle_name="This year", starts=f"{TODAY.year}-01-01", ends=f"{TODAY.year}-12-31")
    press(page, "Add cycle")
    team = page.locator("main [name=team_ids]").first
    unfold(team)
    team.check()
    fill(page, objective_title="Bakers plan their week with us")
    press(page, "Add objective")
    fill(page, title="Weekly active bakeries", start="1240", target="1800")
    press(page, "Add key result")
    page.get_by_role("link", name="Weekly active bakeries").first.click()
    fill(page, date=TODAY.isoformat(), value="1515")
    page.get_by_role("main").locator("form button").first.click()
    expect(page.get_by_role("main")).to_contain_text("1,515")


def given_a_slice(page: Page, service: Installation) -> None:
    page.goto(f"{service.url}/features/new")
    fill(
        page,
        title="Waste insights",
        problem="Bread is thrown away.",
        key_result_id="Weekly active bakeries",
    )
    press(page, "Create feature")
    fill(page, title="Waste in euros")
    press(page, "Add slice")
    expect(page.get_by_role("main")).to_contain_text("Waste in euros")


def given_bakers(page: Page, service: Installation, folder: Path) -> None:
    file = folder / "bakers.csv"
    file.write_bytes(csv_of(PEOPLE + 2, without_euros=2))
    page.goto(f"{service.url}/audiences")
    fill(page, name="Bakers")
    press(page, "Create audience")
    page.locator("input[type=file]").set_input_files(file)
    press(page, "Look at it first")
    wait_until(lambda: reads_again(page, r"Not imported yet"), what="the look at the file")
    assert re.search(r"New\s+62", page.get_by_role("main").inner_text())
    press(page, f"Import {PEOPLE + 2} people")
    wait_until(lambda: reads_again(page, r"Added\s+62|62\s+(were )?added"), what="the import")


def reads_again(page: Page, words: str) -> bool:
    page.reload()
    return bool(re.search(words, page.get_by_role("main").inner_text(), re.IGNORECASE))


def given_a_draft(page: Page, service: Installation) -> str:
    page.goto(f"{service.url}/experiments/new")
    fill(
        page,
        name="Waste in euros by email",
        believe="Bakers act on waste when it is told in euros.",
        verify="We mail each of them last week's waste in euros.",
        measure="People who follow the link within 72 hours.",
        right_if="We can say that more than 8 % of them do.",
    )
    page.locator("main [name=slice_id]").select_option(index=1)
    page.locator("main [name=key_result_id]").select_option(index=1)
    press(page, "On to People")
    page.locator("main [name=audience_id]").select_option(index=1)
    press(page, "On to the mail")
    fill(
        page,
        subject="{{ name }}, {{ euros }} € a week",
        body="Hello {{ name }},\n\n{{ euros }} € a week. [Show my list](answer:)",
        answer="# {{ euros }} € a week",
    )
    press(page, "On to Count")
    fill(page, threshold="8")
    press(page, "On to launch")
    page.wait_for_url("**/launch")
    found = re.search(r"/experiments/([0-9a-z]{20})/launch", page.url)
    assert found, page.url
    return found[1]


def seen_by_a_real_person(page: Page, service: Installation, draft: str) -> None:
    page.goto(f"{service.url}/experiments/{draft}/preview")
    expect(page.get_by_role("main")).to_contain_text("Baker 1, 40 € a week")
    frame = page.frame_locator("iframe").first
    expect(frame.locator("body")).to_contain_text("Hello Baker 1")
    page.goto(f"{service.url}/experiments/{draft}/checklist")
    expect(page.get_by_role("main")).to_contain_text("“euros” is missing for 2")


def launched(page: Page, service: Installation, draft: str) -> None:
    page.goto(f"{service.url}/experiments/{draft}/launch")
    page.locator("#undo_seconds").fill("0")
    press(page, f"Send to {PEOPLE} people")
    assert f"/experiments/{draft}" in page.url


def reads_the_result(page: Page, service: Installation, draft: str) -> None:
    page.goto(f"{service.url}/experiments/{draft}/readout")
    main = page.get_by_role("main")
    expect(main).to_contain_text("12")
    expect(main).to_contain_text("Raw clicks 20 %. People: 20 %.")
    page.goto(f"{service.url}/experiments/{draft}/hits")
    expect(page.get_by_role("main")).to_contain_text("a browser or mail client")


def decides(page: Page, service: Installation, draft: str) -> None:
    page.goto(f"{service.url}/experiments/{draft}/decide")
    page.locator("main [name=decision][value=iterate]").check()
    fill(page, learning="Money moves bakers.", next_slice="A weekly list")
    press(page, "Decide")
    page.goto(f"{service.url}/learnings")
    expect(page.get_by_role("main")).to_contain_text("Money moves bakers.")
    page.goto(f"{service.url}/")
    expect(page.get_by_role("main")).to_contain_text("Waste in euros by email")


def logged_in(browser: Browser, service: Installation, **options: Any) -> Page:
    done = said(
        service,
        "user",
        "add",
        "bo@halvern.example",
        "--role",
        "admin",
        "--password-stdin",
        given=PASSWORD + "\n",
    )
    assert done.returncode == 0 or "already" in done.stderr, done.stderr
    page = browser.new_context(**options).new_page()
    page.goto(f"{service.url}/login")
    fill(page, email="bo@halvern.example", password=PASSWORD)
    page.get_by_role("main").get_by_role("button").first.click()
    page.wait_for_load_state()
    return page


@pytest.fixture(scope="module", params=["sqlite"])
def untouched(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A service on which nobody did anything."""
    folder = tmp_path_factory.mktemp("untouched")
    with started(request, folder, mail="outbox:") as installation:
        yield installation


def test_no_page_has_a_barrier_in_light_or_dark(untouched: Installation, browser: Browser):
    found = []
    for scheme in ("light", "dark"):
        page = logged_in(browser, untouched, color_scheme=scheme)
        for path in PAGES:
            page.goto(untouched.url + path)
            result = Axe().run(page)
            found += [
                (scheme, path, one["id"], one["nodes"][0]["html"][:120])
                for one in result.response["violations"]
                if one["impact"] in {"serious", "critical"}
            ]
        page.context.close()

    assert found == []


def test_every_page_fits_a_phone(untouched: Installation, browser: Browser):
    page = logged_in(browser, untouched, viewport={"width": 390, "height": 844})
    too_wide = []
    for path in PAGES:
        answer = page.goto(untouched.url + path)
        assert answer is not None
        assert answer.status == 200, path
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            too_wide.append(path)
    page.context.close()

    assert too_wide == []
