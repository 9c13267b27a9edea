"""Our own files are cached for ever under an address that changes with their content."""

import asyncio

import httpx
import pytest

from app.web.kit.assets import ASSETS
from app.web.kit.pages import local


def get(path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=ASSETS)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_the_style_sheet_begins_with_the_order_of_its_layers():
    answer = get(ASSETS.address("site.css"))

    assert answer.headers["content-type"].startswith("text/css")
    assert answer.text.index("@layer tokens, base, parts, pages;") < answer.text.index(
        "@layer base {"
    )
    assert "immutable" in answer.headers["cache-control"]


def test_what_a_browser_has_already_is_not_sent_again():
    tag = get("/static/site.css").headers["etag"]

    assert get("/static/site.css", **{"if-none-match": tag}).status_code == 304


def test_a_file_that_is_not_ours_is_not_there():
    assert get("/static/../site.py").status_code == 404
    assert get("/static/nothing.css").status_code == 404


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "", None, "evil", "/a\nb"]
)
def test_after_log_in_nobody_is_led_off_this_host(path):
    assert local(path) == "/"


def test_after_log_in_one_comes_back_to_where_one_was():
    assert local("/experiments/1?tab=2") == "/experiments/1?tab=2"
