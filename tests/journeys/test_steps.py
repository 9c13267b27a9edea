"""Writing an experiment in a real browser: by itself, by buttons, by keyboard; nothing is lost."""

import re
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, StorageState, ViewportSize, expect

from app.web.experiments.form_steps import STEPS
from tests.cast import csv_of
from tests.journeys.browser import chromium, fill, press, unfold
from tests.journeys.conftest import started
from tests.journeys.test_by_page import PASSWORD, logged_in
from tests.serve import Installation, wait_until

pytestmark = pytest.mark.browser
BELIEF = "Bakers act on waste when it is told in euros."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["sqlite"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("steps")
    with started(request, folder, mail="outbox:") as installation:
        yield installation


@pytest.fixture(scope="module")
def door(service: Installation, browser: Browser) -> StorageState:
    """One log-in for all: whoever logs in again and again is asked to wait."""
    page = logged_in(browser, service)
    state = page.context.storage_state()
    page.context.close()
    return state


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_be_visible()
    expect(page.locator("#saved")).to_have_text(re.compile(r"Saved \d\d:\d\d"))


def slowly(route: Route) -> None:
    time.sleep(0.7)
    route.continue_()


def begun(page: Page, service: Installation) -> str:
    """A draft that wrote itself down while its name was typed."""
    page.goto(f"{service.url}/experiments/new")
    page.locator("[name=name]").press_sequentially("Waste in euros")
    page.wait_for_url("**/edit/believe")
    saved(page)
    return page.url.removesuffix("/believe")


def test_typed_switched_cut_off_and_back_it_is_all_there(
    service: Installation, browser: Browser, door: StorageState
):
    page = browser.new_context(storage_state=door).new_page()
    begun(page, service)
    fill(page, believe=BELIEF)
    saved(page)
    recipe = page.locator("[name=begin][value=door]")
    unfold(recipe)
    recipe.click()
    expect(page.locator("[name=verify]")).to_have_value(re.compile("We mail the way in"))
    press(page, "Undo")
    expect(page.get_by_role("status").filter(has_text="Undone.")).to_be_visible()
    expect(page.locator("[name=verify]")).not_to_have_value(re.compile("We mail the way in"))
    expect(page.locator("[name=believe]")).to_have_value(BELIEF)

    page.context.set_offline(True)
    fill(page, measure="People who try the way in.")
    expect(page.locator("[data-unsaved=away]")).to_be_visible()
    fill(page, right_if="More than 10 % of them do.")
    page.context.set_offline(False)
    saved(page)
    expect(page.locator("[data-unsaved=away]")).to_be_hidden()
    page.reload()

    kept = {name: page.locator(f"[name={name}]").input_value() for name in
            ("name", "believe", "measure", "right_if")}  # fmt: skip
    assert kept == {
        "name": "Waste in euros",
        "believe": BELIEF,
        "measure": "People who try the way in.",
        "right_if": "More than 10 % of them do.",
    }
    page.get_by_role("link", name="History").first.click()
    expect(page.get_by_text(re.compile("^Filled in from a template: To verify"))).to_be_visible()
    page.get_by_role("button", name="Bring back version 3").click()
    expect(page.get_by_text("Brought back version 3")).to_be_visible()
    page.goto(page.url.partition("/versions")[0] + "/edit/believe")
    expect(page.locator("[name=verify]")).to_have_value(re.compile("We mail the way in"))
    expect(page.locator("[name=believe]")).to_have_value(BELIEF)
    page.context.close()


def test_undo_takes_back_what_was_typed_a_moment_ago(
    service: Installation, browser: Browser, door: StorageState
):
    page = browser.new_context(storage_state=door).new_page()
    begun(page, service)
    before = page.locator("[name=measure]").input_value()
    page.locator("[name=begin][value=door]").evaluate("button => button.click()")
    expect(page.locator("[name=verify]")).to_have_value(re.compile("We mail the way in"))
    fill(page, measure="Typed a moment ago.")
    press(page, "Undo")
    expect(page.get_by_role("status").filter(has_text="Undone.")).to_be_visible()

    expect(page.locator("[name=measure]")).not_to_have_value("Typed a moment ago.")
    expect(page.locator("[name=verify]")).to_have_value(re.compile("We mail the way in"))
    press(page, "Undo")
    expect(page.locator("[name=measure]")).to_have_value(before)
    page.context.close()


def test_a_button_pressed_while_it_saves_makes_no_second_draft(
    service: Installation, browser: Browser, door: StorageState
):
    page = browser.new_context(storage_state=door).new_page()
    page.goto(f"{service.url}/experiments")
    before = page.get_by_role("link", name="Pressed at once").count()
    page.goto(f"{service.url}/experiments/new")
    page.route("**/experiments", slowly)
    fill(page, name="Pressed at once")
    page.wait_for_timeout(1000)  # it is on its way
    press(page, "On to People")
    page.wait_for_url("**/edit/people")
    page.unroute_all()
    page.goto(f"{service.url}/experiments")

    assert page.get_by_role("link", name="Pressed at once").count() == before + 1
    page.context.close()


def test_by_keyboard_and_without_script_each_button_saves(
    service: Installation, browser: Browser, door: StorageState
):
    page = browser.new_context(storage_state=door, java_script_enabled=False).new_page()
    page.goto(f"{service.url}/experiments/new")
    page.locator("[name=name]").focus()
    page.keyboard.type("By keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    page.locator("[name=believe]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type(BELIEF)
    page.get_by_role("button", name="4 Count").or_(
        page.locator("[name=to][value=count]")
    ).first.focus()
    page.keyboard.press("Enter")
    page.locator("[name=threshold]").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("many")
    page.get_by_role("button", name="On to launch").focus()
    page.keyboard.press("Enter")

    expect(page.locator("[name=threshold]")).to_have_value("many")
    expect(page.locator("#threshold-about")).to_have_text("Write a number here.")
    page.get_by_role("button", name="Back").press("Enter")
    page.locator("[name=to][value=believe]").press("Enter")
    expect(page.locator("[name=believe]")).to_have_value(BELIEF)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_step_has_a_barrier_and_each_fits(
    service: Installation,
    browser: Browser,
    door: StorageState,
    scheme: Literal["light", "dark"],
    width: int,
):
    size: ViewportSize = {"width": width, "height": 844}
    page = browser.new_context(storage_state=door, color_scheme=scheme, viewport=size).new_page()
    home = begun(page, service)
    page.goto(f"{home}/count")
    fill(page, threshold="many")
    press(page, "Save")
    expect(page.locator("#threshold")).to_have_attribute("aria-invalid", "true")  # to look at
    found = []
    pages = {step.key: f"{home}/{step.key}" for step in STEPS}
    pages["history"] = f"{home.removesuffix('/edit')}/versions"
    for key, address in pages.items():
        page.goto(address)
        for fold in page.locator("main summary").all():
            if fold.is_visible():
                fold.click()
        result = Axe().run(page)
        found += [(key, one["id"], one["nodes"][0]["html"][:120])
                  for one in result.response["violations"]]  # fmt: skip
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((key, "too wide", ""))
    page.context.close()

    assert found == []


def test_logged_out_while_writing_nothing_is_lost(service: Installation, browser: Browser):
    page = logged_in(browser, service)
    begun(page, service)
    page.context.clear_cookies()
    fill(page, believe=BELIEF)
    press(page, "On to People")
    expect(page.locator("[data-unsaved=out]")).to_be_visible()
    tab = page.context.new_page()
    tab.goto(f"{service.url}/login")
    fill(tab, email="bo@halvern.example", password=PASSWORD)
    tab.get_by_role("main").get_by_role("button").first.click()
    tab.wait_for_url(f"{service.url}/")
    saved(page)
    page.reload()

    expect(page.locator("[name=believe]")).to_have_value(BELIEF)
    page.context.close()


@pytest.fixture(scope="module")
def audience(service: Installation) -> str:
    with service.api("editor") as api:
        made = str(api.post("/audiences", json={"name": "Bakers"}).json()["id"])
        kind = {"content-type": "text/csv"}
        api.post(f"/audiences/{made}/imports", content=csv_of(3), headers=kind)
        wait_until(lambda: api.get(f"/audiences/{made}").json()["people"] == 3, what="them")
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_column_is_put_in_and_seen_at_once_on_a_phone_and_as_text(
    service: Installation,
    browser: Browser,
    door: StorageState,
    audience: str,
    scheme: Literal["light", "dark"],
):
    page = browser.new_context(storage_state=door, color_scheme=scheme).new_page()
    home = begun(page, service)
    page.goto(f"{home}/people")
    page.locator("[name=audience_id]").select_option(audience)
    press(page, "On to the mail")
    page.wait_for_url("**/mail")
    fill(page, body="Dear \n\n[Show my list](answer:)", subject="")
    page.locator("[name=subject]").focus()
    page.get_by_role("button", name="{{ name }}").click()
    body = page.locator("[name=body]")
    body.evaluate("field => { field.focus(); field.setSelectionRange(5, 5) }")
    page.get_by_role("button", name="{{ euros }}").click()

    expect(page.locator("[name=subject]")).to_have_value("{{ name }}")
    expect(body).to_have_value("Dear {{ euros }}\n\n[Show my list](answer:)")
    expect(page.locator("#look .mail__subject")).to_have_text("Baker 1")
    expect(page.frame_locator("#look iframe").locator("body")).to_contain_text("Dear 40")
    page.get_by_label("Phone", exact=True).check()
    assert page.locator("#look .mail").bounding_box()["width"] < 390  # type: ignore[index]  # it is seen
    page.get_by_label("Text", exact=True).check()
    expect(page.locator("#look .mail__text")).to_be_visible()
    expect(page.locator("#look iframe")).to_be_hidden()
    assert Axe().run(page).response["violations"] == []
    page.context.close()
