"""What the edge says: a few fixed answers, built once, each as ASGI and as HTTP take it."""

from base64 import b64decode
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

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

_CLOSING = b"\r\nconnection: close"


class Answer:
    """A status, headers and a body, written out once for both doors."""

    __slots__ = ("_begins", "_head", "_whole", "messages")

    def __init__(self, status: int, *headers: Header, content: bytes = b"") -> None:
        length = (b"content-length", str(len(content)).encode())
        sent = [*headers, length, *_NEVER_KEPT]
        self.messages: tuple[Message, Message] = (
            {"type": "http.response.start", "status": status, "headers": sent},
            {"type": "http.response.body", "body": content},
        )
        phrase = HTTPStatus(status).phrase.encode()
        self._begins = b"HTTP/1.1 %d %b\r\ndate: " % (status, phrase)
        self._head = b"".join(b"\r\n%b: %b" % header for header in sent) + b"\r\n\r\n"
        self._whole = self._head + content

    def on_the_wire(self, date: bytes, with_body: bool, closes: bool) -> bytes:  # noqa: FBT001 - for each click
        """The bytes of HTTP/1.1; `closes`: no other answer follows in this connection."""
        ends = _CLOSING if closes else b""
        return self._begins + date + ends + (self._whole if with_body else self._head)


def redirect(address: str) -> Answer:
    """A 302 to an address that is escaped already."""
    return Answer(302, (b"location", address.encode("ascii")))


async def give(send: Send, answer: Answer) -> None:
    """Send an answer the ASGI way."""
    start, body = answer.messages
    await send(start)
    await send(body)


def _page(status: int, title: str, sentence: str, *headers: Header) -> Answer:
    return Answer(
        status,
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        *headers,
        content=_PAGE.format(title=title, sentence=sentence).encode(),
    )


PIXEL = Answer(200, (b"content-type", b"image/gif"), content=_GIF)
NOT_FOUND = _page(
    404,
    "This link is not valid",
    "It may have been cut or changed on its way. Open it again from the mail.",
)
AWAY = _page(
    503,
    "Please try again in a moment",
    "We cannot look up where this link leads just now. Nothing is wrong with the link: this page"
    " tries it again by itself.",
    (b"retry-after", b"5"),
    (b"refresh", b"5"),
)
NOT_ALLOWED = Answer(405, (b"allow", b"GET, HEAD"))
