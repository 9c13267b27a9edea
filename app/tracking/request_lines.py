"""How a request for a tracked address begins, and what it asks for."""

from urllib.parse import unquote

import httptools

STARTS = (b"GET /c/", b"GET /o/", b"HEAD /c/", b"HEAD /o/")
PATHS = (b"/c/", b"/o/")
METHODS = {b"GET": "GET", b"HEAD": "HEAD"}


def path(url: bytes) -> str:
    """The path of a request's address, as ASGI has it."""
    if b"%" in url or b"#" in url:
        return unquote(httptools.parse_url(url).path.decode("ascii"))
    return url.partition(b"?")[0].decode("ascii")
