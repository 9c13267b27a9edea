"""How often pages and API were asked, what came of it, how long it took: by route, not path."""

import time
from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.identity.access import rule_of
from app.platform import meters
from app.platform.meters import SECONDS as BOUNDS
from app.platform.meters import Meter

_ASKED = {"method": None, "route": None}  # routes are ours, and so are their templates
REQUESTS = Meter(
    "thinslice_http_requests_total",
    "Requests of pages and API, by route and status; tracked links are counted elsewhere.",
    {**_ASKED, "status": None},
)
SECONDS = Meter(
    "thinslice_http_request_seconds",
    "How long a request took, from its head to the end of its answer.",
    _ASKED,
    BOUNDS,
)
_NOBODYS = "none"  # an address that no route has
_UNANSWERED = "none"  # the caller went away, or nothing could be said


class Measured:
    """Measures what is behind it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through; count it once it is over."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), _UNANSWERED

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            asked = _method(scope), _route(scope)
            meters.count(REQUESTS, *asked, status)
            meters.took(SECONDS, time.monotonic() - began, *asked)


def _method(scope: Scope) -> str:
    """Anybody may invent one."""
    return scope["method"] if scope["method"] in HTTPMethod.__members__ else _NOBODYS


def _route(scope: Scope) -> str:
    """Who was refused at the door came to no route: the rule that refused has a name, too."""
    if path := getattr(scope.get("route"), "path", ""):
        return str(path)
    rule = rule_of(scope["method"], scope["path"])
    return rule.told if rule else _NOBODYS
