"""By keys alone: to the search, to pages, and to the list of keys; with and without script."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, StorageState, expect

from tests.journeys.browser import chromium, complaints_of
from tests.journeys.conftest import started
from tests.journeys.test_by_page import logged_in
from tests.serve import Installation

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["sqlite"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with started(request, tmp_path_factory.mktemp("keys"), mail="outbox:") as installation:
        yield installation


@pytest.fixture(scope="module")
def door(service: Installation, browser: Browser) -> StorageState:
    page = logged_in(browser, service)
    state = page.context.storage_state()
    page.context.close()
    return state


def test_keys_lead_to_the_search_to_pages_and_to_their_list(
    service: Installation, browser: Browser, door: StorageState
):
    context = browser.new_context(storage_state=door)
    complaints, page = complaints_of(context), context.new_page()
    page.goto(f"{service.url}/features")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/experiments")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Search everything")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.locator("#everything")).to_be_focused()
    page.keyboard.type("g?e/")
    expect(page.locator("#everything")).to_have_value("g?e/")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search", level=1)).to_be_visible()

    assert page.locator("main").get_by_text("Nothing has all of these words.").is_visible()
    assert Axe().run(page).violations_count == 0
    assert complaints == []
    context.close()


def test_without_script_the_same_is_a_form_and_a_page(
    service: Installation, browser: Browser, door: StorageState
):
    page = browser.new_context(storage_state=door, java_script_enabled=False).new_page()
    page.goto(f"{service.url}/")
    page.locator("#everything").fill("zebra")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing has all of these words.")).to_be_visible()
    page.goto(f"{service.url}/help/keys")
    expect(page.get_by_role("cell", name="Search everything")).to_be_visible()
    page.context.close()
