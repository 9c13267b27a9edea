"""Each request of pages and API has an id: in its answer, on its error page, in what is logged."""

import re
from secrets import token_hex

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.platform.log import request_id

NAME = "X-Request-ID"
# As proxies make them (a UUID, or 128 bits in hex): nothing that could be a token, or two lines.
_SANE = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,56}", re.ASCII | re.IGNORECASE)


class RequestIds:
    """Takes a proxy's id where it is one, else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = _asked(scope)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[NAME] = asked
            await send(message)

        request_id.set(asked)  # for all of this task: the server logs what failed after us
        await self._app(scope, receive, named)


def _asked(scope: Scope) -> str:
    given = Headers(scope=scope).getlist(NAME)
    if len(given) == 1 and _SANE.fullmatch(given[0]):
        return given[0].lower()
    return token_hex(16)
