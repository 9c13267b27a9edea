"""HEAD is GET without its body, for every address that has a GET."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Asks what is behind it with GET and lets only the head out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's door."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def bare(message: Message) -> None:
            nonlocal has_begun
            if not has_begun:
                has_begun = True
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        async def received() -> Message:
            """Once the head is out nobody listens: a long answer need not be made."""
            return {"type": "http.disconnect"} if has_begun else await receive()

        await self._app({**scope, "method": "GET"}, received, bare)
