"""Somebody names a colleague in a comment: one mail, one line behind the bell, one way back."""

from typing import Any

from playwright.sync_api import Browser, Page

from tests.cast import made
from tests.journeys import browser as browsers
from tests.journeys.browser import press
from tests.serve import Installation, Mailbox, wait_until

PASSWORD = "correct horse battery staple"
SAID = "@bo-told: is the list <b>short</b> enough?"


def test_a_named_colleague_is_mailed_once_and_finds_the_comment_by_the_bell(
    shared: Installation, shared_mailbox: Mailbox
):
    for name in ("Ann", "Bo"):
        given_user(shared, name)
    with shared.api("editor") as api:
        feature = made(api.post("/features", json={"title": "A short list"}))["id"]
    with browsers.chromium() as chromium:
        ann = logged_in(chromium, shared, "Ann")
        ann.goto(f"{shared.url}/features/{feature}")
        ann.get_by_role("main").get_by_role("link", name="Comments").click()
        ann.get_by_label("Say something").fill(SAID)
        press(ann, "Comment")
        assert ann.locator(".talk__text").inner_text() == SAID
        wait_until(lambda: mails_to_bo(shared_mailbox), what="the mail to whoever was named")
        bo = logged_in(chromium, shared, "Bo")
        bell = bo.locator(".nav__bell")
        assert bell.inner_text().split() == ["Notices", "1", "new"]
        bell.click()
        press(bo, "Read, and go there")
        assert bo.url == f"{shared.url}/features/{feature}/comments"
        assert SAID in bo.get_by_role("main").inner_text()
        assert bo.locator(".nav__count").count() == 0
        press(bo, "Watch")
        assert "Told of what happens here: ann-told, bo-told." in bo.inner_text("main")

    [mail] = mails_to_bo(shared_mailbox)
    assert mail["Subject"] == "ann-told named you at “A short list”"
    assert f"/features/{feature}/comments" in mail.get_body(("plain",)).get_content()


def given_user(service: Installation, name: str) -> None:
    done = service.command(
        "user", "add", address(name), "--role", "editor",
        "--password-stdin", given=PASSWORD + "\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def address(name: str) -> str:
    return f"{name.lower()}-told@halvern.example"


def logged_in(chromium: Browser, service: Installation, name: str) -> Page:
    """Without script: nothing of it needs any."""
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(f"{service.url}/login")
    page.locator("[name=email]").fill(address(name))
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    return page


def mails_to_bo(mailbox: Mailbox) -> list[Any]:
    return [mail for to, mail in mailbox.mails() if to == address("Bo")]
