"""`Idempotency-Key` on every creating POST: done once, answered the same again."""

import hashlib
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from app.api.vaults import vault_of
from app.identity import guard
from app.platform import clock, once
from app.platform.errors import Invalid

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_HEADER = "idempotency-key"
_LONGEST = 255  # characters of a key


class OnceRoute(APIRoute):
    """A route whose POSTs may carry a key."""

    def get_route_handler(self) -> _Handler:
        """Wrap the handler; without a key nothing changes."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method != "POST" or _HEADER not in request.headers:
                return await handler(request)
            return await _once(request, handler)

        return handle


async def _once(request: Request, handler: _Handler) -> Response:
    await guard.enforce(request)  # an earlier answer is not for everybody
    names = await _names(request)
    database = request.app.state.database
    earlier = await run_in_threadpool(once.claim, database, **names, now=clock.now())
    if earlier is not None:
        return _again(request, earlier)
    key = {"caller": names["caller"], "key": names["key"]}
    try:
        answer = await _committed(request, handler)
    except BaseException:
        await run_in_threadpool(once.give_back, database, **key)
        raise
    body = bytes(answer.body).decode()
    sealed = vault_of(request).seal({"answer": body}, owner=_owner(**key))
    await run_in_threadpool(once.store, database, **key, status=answer.status_code, answer=sealed)
    return answer


def _again(request: Request, earlier: once.OnceKey) -> Response:
    """The first answer, word for word, its secrets too: whoever asks again may not have got it."""
    sealed = earlier.answer or ""  # of a version before answers were sealed: maybe empty
    owner = _owner(caller=earlier.caller, key=earlier.key)
    is_plain = sealed[:1] in {"", "{", "["}  # kept by a version before answers were sealed
    opened = sealed if is_plain else vault_of(request).open(sealed, owner=owner)["answer"]
    return Response(opened, earlier.status or 200, media_type="application/json")


def _owner(*, caller: str, key: str) -> str:
    return f"once {caller} {key}"


async def _committed(request: Request, handler: _Handler) -> Response:
    """The answer, once its transaction has ended: only what is kept may be said to be done.

    FastAPI ends what `scope="function"` opened after the route has returned; here it ends earlier.
    """
    async with AsyncExitStack() as transaction:
        request.scope["fastapi_function_astack"] = transaction
        return await handler(request)


async def _names(request: Request) -> dict[str, Any]:
    key = request.headers[_HEADER]
    if not 0 < len(key) <= _LONGEST:
        raise Invalid.at(_HEADER, f"Idempotency-Key must have 1 to {_LONGEST} characters.")
    body = await request.body()
    asked = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).hexdigest()
    caller = hashlib.sha256(request.headers.get("authorization", "").encode()).hexdigest()
    return {"caller": caller, "key": key, "asked": asked}
