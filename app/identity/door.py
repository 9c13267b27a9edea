"""The door of every page and API: who may and how much, before a byte of a body is read.

Plain ASGI in front of the framework. A body is taken while nothing is held but its connection, so
a sender who is slow or silent keeps no thread and no transaction waiting.
"""

import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity import callers, depth, guard, hosts, unsent
from app.identity.access import Access, Rule, rule_of
from app.identity.bodies import Taken, body_of
from app.identity.senders import STRANGERS, Gone, Sender
from app.platform.errors import AppError
from app.platform.texts import refuse_unstorable

log = logging.getLogger(__name__)

Refuse = Callable[[Request, AppError], Response]

# Mails of years ago name hosts that we had then, and who reads meters asks each process itself.
_BY_ANY_NAME = {Access.PUBLIC, Access.METERS}
_QUICK = 65_536  # bytes that are looked through sooner than a thread is found


class Door:
    """Lets a request in with its body, or answers it by `refuse` and reads no further."""

    def __init__(self, app: ASGIApp, *, refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's door."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = rule_of(scope["method"], scope["path"])
        kind = Headers(scope=scope).get("content-type", "")
        body = body_of(scope["method"], scope["path"], rule.access if rule else None, kind)
        is_strangers = rule is not None and rule.access.role is None
        sender = Sender(receive, body, STRANGERS if is_strangers else None)
        try:
            await self._answered(scope, rule, sender, send)
        finally:
            sender.done()

    async def _answered(self, scope: Scope, rule: Rule | None, sender: Sender, send: Send) -> None:
        closing = sender.closing(scope, send)
        try:
            taken = await _let_in(scope, rule, sender)
        except AppError as error:
            try:
                await unsent.take(Request(scope), rule, sender, error)
            except Gone:
                note_gone(scope)
                return
            await self._refuse(Request(scope), error)(scope, sender.receive, closing)
        except Gone:
            note_gone(scope)
        else:
            await self._app(scope, taken, closing)


async def _let_in(scope: Scope, rule: Rule | None, sender: Sender) -> Receive:
    """How the route gets the body, once it is known that the caller may send one."""
    if rule is None:
        return sender.receive  # nobody's address, and the framework says so
    request = Request(scope)
    if rule.access not in _BY_ANY_NAME:
        hosts.refuse_foreign(request.headers, request.app.state.settings.hosts)
    await guard.admit(request, rule.access)
    scope[guard.ADMITTED] = rule.access
    if rule.access is not Access.PUBLIC:  # what strangers open takes no query, whatever it holds
        refuse_unstorable(request.query_params.multi_items())
    sender.refuse_announced(request)
    if sender.body.taken is not Taken.WHOLE:
        guard.refuse_forged(request, rule.access, b"")
        return sender.watched if sender.body.taken is Taken.STREAMED else sender.receive
    whole = await sender.whole()
    unsent.leave(request, rule, whole)
    guard.refuse_forged(request, rule.access, whole)
    if rule.told.startswith(callers.API):
        await _refuse_deep(whole)
    return sender.replayed(whole)


async def _refuse_deep(whole: bytes) -> None:
    if len(whole) > _QUICK:
        await run_in_threadpool(depth.refuse_deep, whole)
    else:
        depth.refuse_deep(whole)


def note_gone(scope: Scope) -> None:
    """One line for a caller who went away in the middle: nothing of ours is broken."""
    log.info("%s: the caller went away before all was sent", told_of(scope))


def told_of(scope: Scope) -> str:
    """What was asked for, for a log: never the path itself, for it may hold a token."""
    rule = rule_of(scope["method"], scope["path"])
    return f"{scope['method']} {rule.told if rule else 'an unknown address'}"
