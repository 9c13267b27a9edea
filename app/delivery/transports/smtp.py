"""SMTP: a few conversations, each used again and again."""

import ssl
import time
from collections.abc import Callable
from dataclasses import replace

from app.delivery.mail.mime import Mail, Wire
from app.delivery.replies import Reply, Stage, is_too_many
from app.delivery.transports.conversation import Conversation, RefusedError, opened, whole_lines
from app.delivery.transports.dkim import Signer
from app.delivery.transports.learnt import Learnt
from app.delivery.transports.ports import Attempting
from app.delivery.transports.server import Server
from app.delivery.transports.terms import ANY, Terms
from app.platform.errors import Unavailable

_LANES = 6  # conversations at a time: a relay's round trips overlap, and no relay minds six
_MAILS_PER_CONNECTION = 500  # many servers end a conversation somewhere above that


class Smtp:
    """Talks to one server."""

    def __init__(
        self,
        server: Server,
        *,
        name: str,
        terms: Terms = ANY,
        signer: Signer | None = None,
        context: ssl.SSLContext | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is how we greet; `context` how certificates are checked (None: as usual).

        `signer`: who signs each mail (None: mails leave unsigned);
        `ticks` counts seconds and is never set.
        """
        self.terms = terms
        self.name = terms.name or f"{server.host}:{server.port}"
        self._server = server
        self._name = name
        self._signer = signer
        self._context = context
        self._idle: list[Conversation] = []
        self._open_now = 0
        self._lanes = Learnt(terms.connections or _LANES, ticks=ticks)
        self._per_connection = Learnt(_MAILS_PER_CONNECTION, ticks=ticks)

    @property
    def lanes(self) -> int:
        """Conversations at a time."""
        return self._lanes.now

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail, on a connection that is free or new."""
        mail = self._signed(mail)
        while connection := self._take_idle():
            reply = await self._send_on(connection, mail, attempting)
            if not _wants_another(reply):
                return reply
        try:
            connection = await self._open()
        except RefusedError as refused:
            if self._open_now:  # it takes fewer conversations at a time
                self._lanes.fall(self._open_now)
            return refused.reply
        self._open_now += 1
        return await self._send_on(connection, mail, attempting)

    async def look(self) -> str:
        """Log in and say how that went, for `doctor`. Raises Unavailable with what to look at."""
        try:
            connection = await self._open()
        except RefusedError as refused:
            raise Unavailable(
                f"{self.name} takes no mail from us (tls={self._server.tls}): {refused}. Look at"
                " host, port, tls, user and password in THINSLICE_MAIL."
            ) from refused
        await connection.quit()
        return f"{self.name} takes mail (tls={self._server.tls})"

    async def close(self) -> None:
        """Say goodbye on every connection."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.quit()

    def _signed(self, mail: Mail) -> Mail:
        """The mail under its signature; of the bytes as they arrive, so before dots are added."""
        if self._signer is None:
            return mail
        raw = whole_lines(mail.raw)
        signed = self._signer.signature(raw) + raw
        return replace(mail, raw=Wire(signed) if isinstance(raw, Wire) else signed)

    def _take_idle(self) -> Conversation | None:
        while self._idle:
            connection = self._idle.pop()
            if self._is_usable(connection):
                return connection
            self._drop(connection)
        return None

    def _is_usable(self, connection: Conversation) -> bool:
        return connection.is_usable and connection.sent < self._per_connection.now

    def _drop(self, connection: Conversation) -> None:
        connection.drop()
        self._open_now -= 1

    async def _open(self) -> Conversation:
        return await opened(self._server, name=self._name, context=self._context)

    async def _send_on(self, connection: Conversation, mail: Mail, attempting: Attempting) -> Reply:
        try:
            reply = await connection.send(mail, attempting)
        except BaseException:  # stopped or cancelled: its state is unknown
            self._drop(connection)
            raise
        if is_too_many(reply):
            self._per_connection.fall(connection.sent)
        if self._is_usable(connection) and not _wants_another(reply):
            self._idle.append(connection)
        else:
            self._drop(connection)
        return reply


def _wants_another(reply: Reply) -> bool:
    """Nothing was attempted on this connection, and another may take the mail.

    It was ended while it was kept, has had enough mails, or is one on which the server says later
    before it has heard for whom.
    """
    if reply.stage is Stage.SENDER:
        return reply.code < 500
    return reply.stage is Stage.RECIPIENT and (reply.code in {0, 421} or is_too_many(reply))
