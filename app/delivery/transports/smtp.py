"""SMTP by aiosmtplib: a few connections, each used again and again."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException, SMTPServerDisconnected

from app.delivery.mail.mime import Mail
from app.delivery.replies import Reply, Stage, is_too_many, shortened
from app.delivery.transports.learnt import Learnt
from app.delivery.transports.ports import Attempting
from app.platform.config import BadSettings
from app.platform.errors import Unavailable

_LANES = 6  # conversations at a time: a relay's round trips overlap, and no relay minds six
_MAILS_PER_CONNECTION = 500  # many servers end a conversation somewhere above that
_CONNECT_SECONDS = 10.0
_REPLY_SECONDS = 60.0  # RFC 5321 allows minutes; after one, a slow server has lost a mail to us
_YES = {250, 251}
_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_LIKE = (
    "THINSLICE_MAIL must be outbox: or like"
    " smtp://user:password@host:587?tls=starttls (tls is none, starttls or tls)."
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where mails go, read from `THINSLICE_MAIL`."""

    host: str
    port: int
    tls: str
    user: str
    password: str

    @classmethod
    def read(cls, url: str) -> "Server":
        """Read `smtp://user:password@host:port?tls=…`. Raises BadSettings."""
        try:
            parts = urlsplit(url)
            tls = parse_qs(parts.query).get("tls", [_usual_tls(parts)])[0]
        except ValueError as error:  # a port that is none
            raise BadSettings(_LIKE) from error
        if parts.scheme != "smtp" or not parts.hostname or tls not in _PORTS:
            raise BadSettings(_LIKE)
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[tls],
            tls=tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def _usual_tls(parts: SplitResult) -> str:
    """What is meant where the address does not say: as little as on our own machine, or TLS."""
    if parts.port == _PORTS["tls"]:
        return "tls"
    return "none" if parts.hostname in {"localhost", "127.0.0.1", "::1"} else "starttls"


class Smtp:
    """Talks to one server."""

    def __init__(
        self,
        server: Server,
        *,
        name: str,
        context: ssl.SSLContext | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is how we greet; `context` how certificates are checked (None: as usual).

        `ticks` counts seconds and is never set.
        """
        self.name = f"{server.host}:{server.port}"
        self._server = server
        self._name = name
        self._context = context
        self._idle: list[_Connection] = []
        self._open_now = 0
        self._lanes = Learnt(_LANES, ticks=ticks)
        self._per_connection = Learnt(_MAILS_PER_CONNECTION, ticks=ticks)

    @property
    def lanes(self) -> int:
        """Conversations at a time."""
        return self._lanes.now

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """Hand over one mail, on a connection that is free or new."""
        while connection := self._take_idle():
            reply = await self._send_on(connection, mail, attempting)
            if not _wants_another(reply):
                return reply
        try:
            connection = await self._open()
        except _RefusedError as refused:
            if self._open_now:  # it takes fewer conversations at a time
                self._lanes.fall(self._open_now)
            return refused.reply
        self._open_now += 1
        return await self._send_on(connection, mail, attempting)

    async def look(self) -> str:
        """Log in and say how that went, for `doctor`. Raises Unavailable with what to look at."""
        try:
            connection = await self._open()
        except _RefusedError as refused:
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

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            connection = self._idle.pop()
            if self._is_usable(connection):
                return connection
            self._drop(connection)
        return None

    def _is_usable(self, connection: "_Connection") -> bool:
        return connection.is_usable and connection.sent < self._per_connection.now

    def _drop(self, connection: "_Connection") -> None:
        connection.drop()
        self._open_now -= 1

    async def _open(self) -> "_Connection":
        return await _Connection.open(self._server, name=self._name, context=self._context)

    async def _send_on(
        self, connection: "_Connection", mail: Mail, attempting: Attempting
    ) -> Reply:
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


class _RefusedError(Exception):
    """No connection could be had."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


class _Connection:
    """One conversation."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self._client = client
        self.sent = 0
        self._is_clean = True

    @classmethod
    async def open(
        cls, server: Server, *, name: str, context: ssl.SSLContext | None
    ) -> "_Connection":
        """Connect, secure, log in. Raises _RefusedError; never goes on without TLS as asked."""
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=name,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=context,
            timeout=_CONNECT_SECONDS,
        )
        stage = Stage.CONNECT
        try:
            await client.connect()
            await client.ehlo()
            stage = Stage.LOGIN
            if server.user:
                await client.login(server.user, server.password)
        except (SMTPException, OSError) as error:
            client.close()
            raise _RefusedError(_reply_of(error, stage)) from error
        client.timeout = _REPLY_SECONDS
        return cls(client)

    @property
    def is_usable(self) -> bool:
        """Another mail may go through it."""
        return self._is_clean and self._client.is_connected

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """One mail: envelope, attempt, words."""
        refused = await self._address(mail)
        if refused:
            return refused
        await attempting()
        return await self._speak(mail)

    async def _address(self, mail: Mail) -> Reply | None:
        """Name sender and recipient; the reply where one of them is refused."""
        for stage, command in (
            (Stage.SENDER, f"MAIL FROM:<{mail.return_path}>"),
            (Stage.RECIPIENT, f"RCPT TO:<{mail.recipient}>"),
        ):
            try:
                code, text = await self._client.execute_command(command.encode("ascii"))
            except (SMTPException, OSError) as error:
                self._is_clean = False
                return _reply_of(error, stage)
            if code not in _YES:
                await self._reset()
                return Reply(code, shortened(text), stage)
        return None

    async def _speak(self, mail: Mail) -> Reply:
        """DATA and the mail. A silence from here on is LOST: it may have been delivered."""
        try:
            code, text = await self._client.data(mail.raw)
        except (SMTPException, OSError) as error:
            if isinstance(error, SMTPResponseException) and error.code > 0:
                await self._reset()
                return Reply(error.code, shortened(error.message), Stage.MESSAGE)
            self._is_clean = False
            return Reply(0, f"no reply after the mail was sent: {_words(error)}", Stage.LOST)
        self.sent += 1
        return Reply(code, shortened(text), Stage.MESSAGE)

    async def _reset(self) -> None:
        """Make the conversation fit for the next mail."""
        try:
            await self._client.rset()
        except (SMTPException, OSError):
            self._is_clean = False

    async def quit(self) -> None:
        """End politely."""
        try:
            await self._client.quit(timeout=1)
        except (SMTPException, OSError):
            self.drop()

    def drop(self) -> None:
        """End at once."""
        self._client.close()


def _wants_another(reply: Reply) -> bool:
    """Nothing was attempted on this connection, and another may take the mail.

    It was ended while it was kept, has had enough mails, or is one on which the server says later
    before it has heard for whom.
    """
    if reply.stage is Stage.SENDER:
        return reply.code < 500
    return reply.stage is Stage.RECIPIENT and (reply.code in {0, 421} or is_too_many(reply))


def _reply_of(error: Exception, stage: Stage) -> Reply:
    code: Any = getattr(error, "code", 0)
    if isinstance(error, SMTPServerDisconnected) or not isinstance(code, int) or code < 0:
        code = 0
    return Reply(code, _words(error), stage)


def _words(error: Exception) -> str:
    return shortened(str(getattr(error, "message", "")) or str(error) or type(error).__name__)
