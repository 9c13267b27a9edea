"""A real Chromium, the system's, for page tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

QUIET = (  # nothing is asked of anybody but our own pages
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def path_or_skip() -> str:
    """Where it is; without one, fail in CI, and elsewhere say loudly what did not run."""
    path = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if path is None:
        sentence = "NO BROWSER: the page journeys did not run. Install chromium to run them."
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_or_skip(), args=list(QUIET))
        yield browser
        browser.close()


def fill(page: Page, **fields: str) -> None:
    """Type into fields by name; selects choose by label or value."""
    for name, value in fields.items():
        field = page.locator(f"main [name={name}]").first
        unfold(field)
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def unfold(field: Locator) -> None:
    """Open what the field is folded away in, as a person would."""
    folded = field.locator("xpath=ancestor::details[not(@open)]/summary")
    if folded.count():
        folded.first.click()


def press(page: Page, name: str) -> None:
    """Press a button in the page's own part, and wait for what follows."""
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def complaints_of(context: BrowserContext) -> list[str]:
    """Collects errors of the console: a broken script, or something that the CSP refused."""
    found: list[str] = []
    context.on(
        "console", lambda message: found.append(message.text) if message.type == "error" else None
    )
    return found
