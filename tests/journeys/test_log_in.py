"""Every way in, in a real browser: the provider, a code, an invitation; and out again."""

import base64
import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.identity import totp
from app.platform import clock
from tests.journeys.browser import chromium, complaints_of, fill, press
from tests.journeys.conftest import migrated
from tests.journeys.test_by_page import PASSWORD, set_up
from tests.provider import process
from tests.provider.process import CLIENT, SECRET, Idp
from tests.serve import Installation, Mailbox, wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def idp() -> Iterator[Idp]:
    with process.running() as idp:
        yield idp


@pytest.fixture
def service(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    idp: Idp,
    mailbox_and_setting: tuple[Mailbox, str],
) -> Iterator[Installation]:
    """Lets people in by the provider, which tells it of log-outs."""
    with migrated(request, tmp_path / "data") as url:
        installation = Installation(tmp_path / "data", url, mail=mailbox_and_setting[1])
        installation.settings.update(
            THINSLICE_OIDC_ISSUER=idp.issuer,
            THINSLICE_OIDC_CLIENT_ID=CLIENT,
            THINSLICE_OIDC_CLIENT_SECRET=SECRET,
            THINSLICE_OIDC_ROLES="admins=admin, product=editor",
            THINSLICE_OIDC_NAME="Halvern",
        )
        idp.tell(back_channel=f"{installation.url}/login/oidc/back-channel")
        installation.start("--migrate")
        try:
            yield installation
        finally:
            installation.stop()


@pytest.mark.parametrize(
    ("service", "script"), [("sqlite", True), ("postgresql", False)], indirect=["service"]
)
def test_every_way_in(
    service: Installation, mailbox: Mailbox, idp: Idp, browser: Browser, script: bool
):
    opened: list[BrowserContext] = []

    def page() -> Page:
        opened.append(browser.new_context(java_script_enabled=script))
        complaints.append(complaints_of(opened[-1]))
        new = opened[-1].new_page()
        new.set_default_timeout(30_000)
        return new

    complaints: list[list[str]] = []
    ann = page()
    set_up(ann, service)
    comes_by_the_provider(page(), service, idp)
    sets_up_a_code(ann, service, axe=script)
    is_invited(ann, page(), service, mailbox, axe=script)
    looks_at_sessions(ann, service, axe=script)

    used = "409 (Conflict)"  # the link that was used
    assert [one for found in complaints for one in found if used not in one] == []
    for context in opened:
        context.close()


def comes_by_the_provider(ada: Page, service: Installation, idp: Idp) -> None:
    ada.goto(f"{service.url}/learnings")
    ada.get_by_role("link", name="Log in with Halvern").click()
    expect(ada.get_by_role("heading", name="Who are you?")).to_be_visible()
    assert ada.url.startswith(idp.issuer)
    ada.get_by_role("button", name="ada").click()
    expect(ada.get_by_role("heading", name="Learnings")).to_be_visible()
    assert ada.url == f"{service.url}/learnings"
    ada.goto(f"{service.url}/account")
    expect(ada.get_by_text("Halvern says who you are")).to_be_visible()
    ada.get_by_role("button", name="Log out", exact=True).locator("visible=true").click()
    expect(ada.get_by_role("heading", name="Log in")).to_be_visible()
    assert ada.url == f"{service.url}/login"
    assert idp.asked("/end_session") == 1
    assert idp.back() == [200]


def sets_up_a_code(ann: Page, service: Installation, *, axe: bool) -> None:
    ann.goto(f"{service.url}/account")
    press(ann, "Set it up")
    secret = base64.b32decode(ann.locator(".secret").inner_text().replace(" ", ""))
    expect(ann.locator(".square svg")).to_be_visible()
    assert accessible(ann, axe=axe)
    fill(ann, code=code_of(secret, -1))
    press(ann, "Ask for it from now on")
    recovery = ann.locator(".codes li").all_inner_texts()
    assert len(recovery) == 10
    ann.get_by_role("link", name="I have them").click()
    for code in (code_of(secret), recovery[0]):
        ann.get_by_role("button", name="Log out", exact=True).locator("visible=true").click()
        fill(ann, email="ann@halvern.example", password=PASSWORD)
        press(ann, "Log in")
        expect(ann.get_by_role("heading", name="What does the app say?")).to_be_visible()
        assert accessible(ann, axe=axe)
        fill(ann, code=code)
        press(ann, "Log in")
        expect(ann.get_by_role("button", name="Log out", exact=True).first).to_be_attached()
    ann.goto(f"{service.url}/account")
    expect(ann.get_by_text("9 recovery codes left")).to_be_visible()


def is_invited(ann: Page, dee: Page, service: Installation, mailbox: Mailbox, *, axe: bool) -> None:
    ann.goto(f"{service.url}/people/invitations")
    fill(ann, emails="dee@halvern.example\nann@halvern.example, nobody", role="editor")
    press(ann, "Invite")
    told = ann.get_by_role("table").first.inner_text()
    assert re.findall(r"Invited|Already here|No address", told) == [
        "Invited",
        "Already here",
        "No address",
    ]
    assert accessible(ann, axe=axe)
    wait_until(lambda: len(mailbox.mails()) == 1, what="the invitation")
    _, mail = mailbox.mails()[0]
    link = re.search(r"http://\S+/join/[\w-]+", text_of(mail))
    assert link
    dee.goto(link[0])
    assert accessible(dee, axe=axe)
    fill(dee, name="Dee", password=PASSWORD)
    press(dee, "Come in")
    expect(dee.get_by_text("Dee").first).to_be_attached()
    dee.context.clear_cookies()
    dee.goto(link[0])
    expect(dee.get_by_text("This invitation was used")).to_be_visible()


def looks_at_sessions(ann: Page, service: Installation, *, axe: bool) -> None:
    ann.goto(f"{service.url}/account")
    assert accessible(ann, axe=axe)
    expect(ann.get_by_text("Chrome on Linux").first).to_be_visible()


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain",))
    assert part
    return str(part.get_content())


def accessible(page: Page, *, axe: bool) -> bool:
    """By axe, which is a script itself: without one the pages are the same."""
    if not axe:
        return True
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    return True


def code_of(secret: bytes, steps: int = 0) -> str:
    return totp.code_at(secret, totp.step_at(clock.now()) + steps)
