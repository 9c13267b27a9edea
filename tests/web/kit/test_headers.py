"""Every answer carries the policy that stops a script nobody wrote."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from app.web.kit.head import Head
from app.web.kit.headers import MAIL_POLICY, POLICY, Headers


def answered(answer: PlainTextResponse, *, secure: bool = False) -> dict[str, str]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(Headers(answer, secure=secure)(Request(scope).scope, receive, send))
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


def test_a_page_runs_no_inline_script_and_stands_in_no_frame():
    headers = answered(PlainTextResponse("hello"))

    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert headers["x-content-type-options"] == "nosniff"


def test_a_mail_in_a_frame_brings_its_own_policy_and_runs_nothing():
    headers = answered(PlainTextResponse("mail", headers={"Content-Security-Policy": MAIL_POLICY}))

    assert headers["content-security-policy"] == MAIL_POLICY
    assert "script-src" not in MAIL_POLICY
    assert MAIL_POLICY.startswith("sandbox")


def test_hsts_is_sent_over_tls_only():
    assert "strict-transport-security" not in answered(PlainTextResponse("x"))
    assert "strict-transport-security" in answered(PlainTextResponse("x"), secure=True)


def test_head_is_the_head_of_get_and_nothing_else():
    sent, asked = [], []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["method"])
        await PlainTextResponse("hello")(scope, receive, send)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "HEAD", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(Head(page)(scope, receive, send))

    assert asked == ["GET"]
    assert (b"content-length", b"5") in sent[0]["headers"]
    assert sent[1:] == [{"type": "http.response.body", "body": b""}]
    assert scope["method"] == "HEAD"
