"""A page shows a mail as tall as it is, on a desktop and a phone, with or without scripts."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Frame, Page, StorageState

from tests.cast import DESIGN, csv_of, made
from tests.journeys.browser import chromium
from tests.journeys.conftest import started
from tests.journeys.test_by_page import logged_in
from tests.serve import Installation

pytestmark = pytest.mark.browser
WORDS = "Each week a part of what you bake is thrown away; we counted which, and when."
LINK = "[Show my list](https://halvern.example/list)"
TABLE = "| Day | Loaves |\n|---|---|\n" + "".join(f"| Day {n} | {7 * n} |\n" for n in range(40))
LINES = "\n".join(f"- Rye on day {n}: {WORDS}" for n in range(30))
CHART = '{% chart bar "Your week" euros: "Euros" %}'
SECTION = (
    "<mj-section><mj-column><mj-text>{}</mj-text><mj-button href='https://halvern.example/a'>"
    "Show my list</mj-button></mj-column></mj-section>"
)
BODIES = {
    "short": f"Hello {{{{ name }}}}. {LINK}",
    "long": f"# Your week\n\n{LINK}\n\n" + f"{WORDS} {WORDS}\n\n" * 60,
    "parts": f"## Days\n\n{TABLE}\n\n## Rye\n\n{LINES}\n\n{LINK}",
    "pictures": f"{LINK}\n\n{CHART}\n\n{WORDS}\n\n{CHART}\n\n> {WORDS}",
    "one word": f"{LINK} {'Weizenvollkornmischbrot' * 40}",
    "layout": f"<mjml><mj-body>{SECTION.format(WORDS * 6) * 8}</mj-body></mjml>",
}
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}

Standing = tuple[Installation, Browser, StorageState]


@dataclass(frozen=True)
class Shown:
    """A frame in pixels: how tall it is, and the mail in it."""

    frame: int
    mail: int
    scrolls: bool


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module", params=["sqlite"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with started(request, tmp_path_factory.mktemp("frames"), mail="outbox:") as installation:
        yield installation


@pytest.fixture(scope="module")
def standing(service: Installation, browser: Browser) -> Standing:
    """A service, a browser, and one log-in for all."""
    page = logged_in(browser, service)
    state = page.context.storage_state()
    page.context.close()
    return service, browser, state


@pytest.fixture(scope="module")
def previews(service: Installation) -> dict[str, str]:
    """A draft for each body; the address of its preview."""
    found = {}
    with service.api("admin") as api:
        audience = made(api.post("/audiences", json={"name": "Bakers"}))["id"]
        told = {"content-type": "text/csv"}
        made(api.post(f"/audiences/{audience}/imports", content=csv_of(2), headers=told))
        for name, body in BODIES.items():
            form = "mjml" if body.startswith("<mjml") else "markdown"
            arm = DESIGN["arms"][0] | {"body": body, "format": form}
            draft = DESIGN | {"name": name, "audience_id": audience, "arms": [arm]}
            found[name] = f"/experiments/{made(api.post('/experiments', json=draft))['id']}/preview"
    return found


def shown(page: Page) -> Shown:
    """The page's frame, when its mail has come."""
    frame = page.frame_locator("iframe.mail__body").owner.element_handle().content_frame()
    assert isinstance(frame, Frame)
    frame.wait_for_load_state("load")
    found = frame.evaluate(
        "() => [innerHeight, Math.ceil(document.body.getBoundingClientRect().height),"
        " document.documentElement.scrollHeight > innerHeight + 1]"
    )
    return Shown(*found)


def shifts(page: Page) -> float:
    """How far what stood on the page has moved since it was drawn."""
    moved = page.evaluate(
        "() => new Promise((done) => new PerformanceObserver((list) => done(list.getEntries()"
        ".reduce((sum, one) => sum + one.value, 0))).observe({ type: 'layout-shift', buffered:"
        " true }) || setTimeout(() => done(0), 300))"
    )
    return float(moved)


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    ("name", "scripts"), [*((name, True) for name in BODIES), ("long", False), ("layout", False)]
)
def test_a_mail_is_shown_whole(
    standing: Standing, previews: dict[str, str], name: str, screen: str, *, scripts: bool
):
    service, browser, door = standing
    wide, tall = SCREENS[screen]
    context = browser.new_context(
        storage_state=door, viewport={"width": wide, "height": tall}, java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(f"{service.url}{previews[name]}")
    told = shown(page)
    moved = shifts(page) if scripts else 0
    context.close()

    assert not told.scrolls
    assert moved < 0.01
    assert told.frame <= 1.3 * told.mail + 200


@pytest.mark.parametrize("screen", SCREENS)
def test_a_mail_beside_its_text_scrolls_by_itself_where_there_is_room_for_both(
    standing: Standing, previews: dict[str, str], screen: str
):
    service, browser, door = standing
    wide, tall = SCREENS[screen]
    context = browser.new_context(
        storage_state=door, viewport={"width": wide, "height": tall}, is_mobile=screen == "phone"
    )
    page = context.new_page()
    page.goto(f"{service.url}{previews['long'].removesuffix('preview')}edit/mail")
    told = shown(page)
    context.close()

    assert told.scrolls is (screen == "desktop")
    assert told.frame <= 48 * 16 or screen == "phone"
