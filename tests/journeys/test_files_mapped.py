"""A file is mapped, mended and imported in a real browser: with and without script."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, StorageState, ViewportSize, expect

from tests.journeys.browser import chromium, fill, press
from tests.journeys.conftest import started
from tests.journeys.test_by_page import logged_in
from tests.serve import Installation

pytestmark = pytest.mark.browser
PHONE: ViewportSize = {"width": 390, "height": 844}
FILE = (
    "Kontakt;Vorname;Betrieb;Verlust €/Wo;Fällig;Abgemeldet;Notizen;Zone\r\n"
    "elin.haugen@brot.example;Elin;Bakery Haugen;74,5;13.02.2027;;will Rückruf;Europe/Oslo\r\n"
    "ben.costa@bakery.example;Ben;Costa Bread;58,0;01.03.2027;;;Europe/Lisbon\r\n"
    "kaja.aas@gmail.example;Kaja;Aas Bakeri;1.200,25;28.02.2027;ja;Chefin: Maria;Europe/Oslo\r\n"
    "elin.dahl@bakeri;Elin;Dahl;12,0;02.03.2027;;;\r\n"
    "hugo@@brot.example;Hugo;Hugo Brot;9,0;02.03.2027;;;\r\n"
    "BEN.COSTA@bakery.example;Ben;Costa;1,0;02.03.2027;;;\r\n"
).encode("cp1252")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started_browser:
        yield started_browser


@pytest.fixture(scope="module", params=["sqlite"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("mapped")
    with started(request, folder, mail="outbox:") as installation:
        yield installation


@pytest.fixture(scope="module")
def door(service: Installation, browser: Browser) -> StorageState:
    page = logged_in(browser, service)
    state = page.context.storage_state()
    page.context.close()
    return state


def violations(page: Page) -> list[str]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour between two
        page.wait_for_timeout(400)  # colours change slowly
        found += [
            f"{scheme}: {one['id']} {one['nodes'][0]['html'][:120]}"
            for one in Axe().run(page).response["violations"]
        ]
    return found


def uploaded(page: Page, service: Installation, name: str) -> None:
    """A file on its way to be looked at, in an audience of its own."""
    page.goto(f"{service.url}/audiences")
    fill(page, name=name)
    press(page, "Create audience")
    page.locator("[name=file]").set_input_files(
        {"name": "bäckereien.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    press(page, "Look at it first")


def waited(page: Page, words: str, *, script: bool) -> None:
    """Until the page says so: by itself, or by the link that loads it again."""
    said = page.get_by_role("main").get_by_text(words, exact=True).first
    for _ in range(80):
        if said.is_visible():
            return
        if not script and page.get_by_role("link", name="Reload this page").count():
            page.get_by_role("link", name="Reload this page").click()
        page.wait_for_timeout(100)
    expect(said).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_a_file_is_mapped_mended_and_imported_without_another_upload(
    service: Installation,
    browser: Browser,
    door: StorageState,
    script: bool,
):
    context = browser.new_context(storage_state=door, java_script_enabled=script)
    page = context.new_page()
    uploaded(page, service, f"Bakeries {script}")
    waited(page, "Not imported yet", script=script)

    main = page.get_by_role("main")
    expect(main.get_by_text("Semicolons, Windows-1252, decimal comma.")).to_be_visible()
    expect(main.get_by_label("Kontakt becomes")).to_have_value("email")
    expect(main.get_by_label("Zone becomes")).to_have_value("timezone")
    expect(main.get_by_text("74,5 = 74.5")).to_be_visible()
    expect(main.get_by_text("“Abgemeldet” says who opted out elsewhere: 1 person")).to_be_visible()
    expect(main.get_by_role("button", name="Import 3 people")).to_be_visible()
    if script:
        assert violations(page) == []
        page.set_viewport_size(PHONE)
        assert violations(page) == []
        page.set_viewport_size({"width": 1280, "height": 900})

    main.get_by_label("Notizen becomes").select_option("")
    main.get_by_label("Betrieb is called").fill("bakery")
    press(page, "Look again")
    waited(page, "Not imported yet", script=script)
    expect(main.get_by_label("Betrieb is called")).to_have_value("bakery")
    press(page, "Import 3 people")
    waited(page, "Done", script=script)

    expect(main.get_by_role("heading", name="Refused: 3 lines")).to_be_visible()
    if script:
        assert violations(page) == []
    with page.expect_download() as taken:
        main.get_by_role("link", name="Download them as CSV").click()
    mended = taken.value.path().read_text("utf-8-sig").replace("elin.dahl@bakeri", "dahl@b.example")
    assert mended.splitlines()[0].startswith("Refused line,Refused because,Kontakt,Vorname")
    main.get_by_role("link", name="Import the mended lines").click()
    page.locator("[name=file]").set_input_files(
        {"name": "mended.csv", "mimeType": "text/csv", "buffer": mended.encode()}
    )
    press(page, "Look at it first")
    waited(page, "Not imported yet", script=script)
    expect(main.get_by_label("Refused because becomes")).to_have_value("")
    page.goto(f"{service.url}/suppressions")
    expect(main.get_by_text("opted out elsewhere").first).to_be_visible()
    context.close()
