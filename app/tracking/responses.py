"""What the edge says: a few fixed answers, built once."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Answer = tuple[Message, Message]  # ASGI's start and body

READING = frozenset({"GET", "HEAD"})
_NEVER_KEPT = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex"),
)
_GIF = b64decode(
    "R0lGODlhAQABAPAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="
)  # 1 by 1, see-through
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><h1>{title}</h1><p>{sentence}</p></body></html>
"""

NO_BODY: Message = {"type": "http.response.body", "body": b""}


def redirect(address: str) -> Message:
    """The start of a 302; its body is `NO_BODY`."""
    return _start(302, (b"location", address.encode("ascii")), (b"content-length", b"0"))


async def give(send: Send, answer: Answer) -> None:
    """Send an answer as it is."""
    start, body = answer
    await send(start)
    await send(body)


def _start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    start = {"type": "http.response.start", "status": status}
    return start | {"headers": [*headers, *_NEVER_KEPT]}


def _with_body(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Answer:
    length = (b"content-length", str(len(body)).encode())
    return _start(status, length, *headers), {"type": "http.response.body", "body": body}


def _page(status: int, title: str, sentence: str, *headers: tuple[bytes, bytes]) -> Answer:
    return _with_body(
        status,
        _PAGE.format(title=title, sentence=sentence).encode(),
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        *headers,
    )


PIXEL = _with_body(200, _GIF, (b"content-type", b"image/gif"))
PIXEL_HEAD: Answer = (PIXEL[0], NO_BODY)
NOT_FOUND = _page(
    404,
    "This link is not valid",
    "It may have been cut or changed on its way. Open it again from the mail.",
)
AWAY = _page(
    503,
    "Please try again in a moment",
    "We cannot look up where this link leads just now. Nothing is wrong with the link.",
    (b"retry-after", b"5"),
)
NOT_ALLOWED = _with_body(405, b"", (b"allow", b"GET, HEAD"))
