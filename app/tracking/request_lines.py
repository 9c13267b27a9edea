"""How a request for a tracked address begins, and what it asks for."""

from typing import NamedTuple
from urllib.parse import unquote

import httptools

STARTS = (b"GET /c/", b"GET /o/", b"HEAD /c/", b"HEAD /o/")
PATHS = (b"/c/", b"/o/")
CLICK, OPEN = "/c/", "/o/"
METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


class RequestLine(NamedTuple):
    """What the first line of a request says."""

    method: str
    path: str
    is_click: bool


def request_line(method: str, path: str) -> RequestLine:
    """A request's first line, of a click's address or an open's."""
    return RequestLine(method, path, path.startswith(CLICK))


def path(url: bytes) -> str:
    """The path of a request's address, as ASGI has it."""
    if b"%" in url or b"#" in url:
        return unquote(httptools.parse_url(url).path.decode("ascii"))
    return url.partition(b"?")[0].decode("ascii")
