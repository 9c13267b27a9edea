"""One conversation with a mail server. aiosmtplib opens it; the mails we speak ourselves.

It greets, secures and logs in. From then on a mail is two writes where the server takes commands
in a row (PIPELINING, RFC 2920): who it is from and for, and then its words. Nothing of a mail is
said before the server asked for it, and nothing is taken for an answer that nobody waited for.
"""

import asyncio
import re
import ssl
from typing import cast

import aiosmtplib
from aiosmtplib import SMTPException, SMTPServerDisconnected

from app.delivery.mail.mime import Mail, Wire
from app.delivery.replies import Reply, Stage, shortened
from app.delivery.transports.ports import Attempting
from app.delivery.transports.server import Server

_CONNECT_SECONDS = 10.0
_REPLY_SECONDS = 60.0  # RFC 5321 allows minutes; after one, a slow server has lost a mail to us
_QUIT_SECONDS = 1.0
_REPLY_BYTES = 32_768  # of a reply in all its lines: far beyond any real one
_YES = {250, 251}
_GO_ON = 354
_REPLY_LINE = re.compile(rb"([2-5]\d\d)([ -]?)(.*)")
_LINE_END = re.compile(rb"\r\n|\n|\r")

Said = tuple[int, str]  # a code and its words


class RefusedError(Exception):
    """No conversation could be had."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


async def opened(server: Server, *, name: str, context: ssl.SSLContext | None) -> "Conversation":
    """Connect, secure, log in. Raises RefusedError; never goes on without TLS as asked."""
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
        raise RefusedError(_reply_of(error, stage)) from error
    transport = cast("asyncio.Transport | None", client.transport)
    if transport is None or transport.is_closing():  # it hung up on us, politely
        client.close()
        raise RefusedError(Reply(0, "The server ended the connection.", stage))
    return Conversation(transport, pipelines=client.supports_extension("pipelining"))


class Conversation(asyncio.Protocol):
    """One connection, from the log-in on."""

    def __init__(
        self, transport: asyncio.Transport, *, pipelines: bool, seconds: float = _REPLY_SECONDS
    ) -> None:
        """`seconds`: how long a reply is waited for."""
        self.sent = 0
        self._transport = transport
        self._pipelines = pipelines
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._lines: list[str] = []  # of a reply that has more …
        self._size = 0  # … and their bytes
        self._heard: list[Said] = []
        self._wanted = 0  # replies that somebody waits for
        self._waits: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._is_clean = True
        self._trouble = ""
        transport.set_protocol(self)

    @property
    def is_usable(self) -> bool:
        """Another mail may go through it."""
        return self._is_clean and not self._transport.is_closing()

    async def send(self, mail: Mail, attempting: Attempting) -> Reply:
        """One mail: envelope, attempt, words."""
        refused = await self._address(mail)
        if refused:
            return refused
        await attempting()
        return await self._speak(mail)

    async def quit(self) -> None:
        """End politely."""
        if self.is_usable:
            self._seconds = _QUIT_SECONDS
            await self._ask("QUIT")
        self.drop()

    def drop(self) -> None:
        """End at once."""
        if self._timer:
            self._timer.cancel()
        self._transport.abort()

    async def _address(self, mail: Mail) -> Reply | None:
        """Name sender and recipient, and ask to speak; the reply where one of them is refused."""
        commands = (f"MAIL FROM:<{mail.return_path}>", f"RCPT TO:<{mail.recipient}>", "DATA")
        said = await self._ask(*commands) if self._pipelines else await self._ask_in_turn(commands)
        for (code, text), stage in zip(said, (Stage.SENDER, Stage.RECIPIENT), strict=False):
            if code not in _YES:
                await self._reset(said)
                return Reply(code, shortened(text), stage)
        if len(said) < len(commands):
            self._is_clean = False
            return Reply(0, self._trouble, Stage.RECIPIENT if said else Stage.SENDER)
        code, text = said[-1]
        if code == _GO_ON:
            return None
        await self._reset(said)
        return Reply(code, shortened(text), Stage.MESSAGE if code >= 400 else Stage.DATA)

    async def _ask_in_turn(self, commands: tuple[str, ...]) -> list[Said]:
        said: list[Said] = []
        for command in commands:
            said += await self._ask(command)
            if len(said) == 0 or said[-1][0] not in _YES:
                break
        return said

    async def _speak(self, mail: Mail) -> Reply:
        """The mail's words. A silence from here on is LOST: it may have been delivered."""
        said = await self._exchange(wire_form(mail.raw) + b".\r\n", replies=1)
        if not said:
            self._is_clean = False
            return Reply(0, f"no reply after the mail was sent: {self._trouble}", Stage.LOST)
        [(code, text)] = said
        if code >= 400:
            await self._reset(said)
        else:
            self.sent += 1
        return Reply(code, shortened(text), Stage.MESSAGE)

    async def _reset(self, said: list[Said]) -> None:
        """Make the conversation fit for the next mail; it is not while the server awaits words."""
        awaits_words = any(code == _GO_ON for code, _ in said)
        reset = [] if awaits_words else await self._ask("RSET")
        if not reset or reset[0][0] not in _YES:
            self._is_clean = False

    async def _ask(self, *commands: str) -> list[Said]:
        lines = "".join([f"{command}\r\n" for command in commands]).encode("ascii")
        return await self._exchange(lines, replies=len(commands))

    async def _exchange(self, said: bytes, *, replies: int) -> list[Said]:
        """Say something and wait for so many replies; fewer where no more can be had."""
        if not self.is_usable:
            self._trouble = self._trouble or "Connection lost"
            return []
        self._wanted, self._waits = replies, self._loop.create_future()
        self._deadline = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._look)
        self._transport.write(said)
        try:
            await self._waits
        finally:
            self._waits = None
        heard, self._heard = self._heard[:replies], self._heard[replies:]
        if self._heard:
            self._fail("The server answered more than it was asked")
        return heard

    def data_received(self, data: bytes) -> None:
        """Read replies; those that nobody asked for end the conversation."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hear(line.removesuffix(b"\r"))
        if len(self._rest) + self._size > _REPLY_BYTES:
            self._fail("The server's reply has no end")
        elif self._waits is None:
            self._fail("The server spoke without being asked")
        elif len(self._heard) >= self._wanted and not self._waits.done():
            self._waits.set_result(None)

    def _hear(self, line: bytes) -> None:
        found = _REPLY_LINE.fullmatch(line)
        if found is None:
            self._fail("The server's reply could not be read")
            return
        self._lines.append(found[3].decode("utf-8", "replace"))
        self._size += len(line)
        if found[2] != b"-":
            self._heard.append((int(found[1]), "\n".join(self._lines)))
            self._lines, self._size = [], 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits need not wait any longer."""
        self._fail(f"Connection lost: {exc}" if exc else "Connection lost")

    def _look(self) -> None:
        """One timer for many replies: most of them come long before it."""
        self._timer = None
        if self._waits is None:
            return
        if self._loop.time() >= self._deadline:
            self._fail("Timed out waiting for the server's reply")
        else:
            self._timer = self._loop.call_at(self._deadline, self._look)

    def _fail(self, trouble: str) -> None:
        self._is_clean = False
        self._trouble = self._trouble or trouble
        if self._waits and not self._waits.done():
            self._waits.set_result(None)


def wire_form(raw: bytes) -> bytes:
    """The lines of a mail as they are sent: each ends with CRLF, and no dot of its own ends it."""
    if isinstance(raw, Wire):
        return raw
    raw = whole_lines(raw)
    if b"\n." in raw:
        raw = raw.replace(b"\n.", b"\n..")
    return b"." + raw if raw.startswith(b".") else raw


def whole_lines(raw: bytes) -> bytes:
    """A mail of which each line ends with CRLF, the last one too."""
    if isinstance(raw, Wire):
        return raw
    ends = raw.count(b"\r\n")
    if raw.count(b"\n") != ends or raw.count(b"\r") != ends:
        raw = _LINE_END.sub(b"\r\n", raw)
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


def _reply_of(error: Exception, stage: Stage) -> Reply:
    code: object = getattr(error, "code", 0)
    if isinstance(error, SMTPServerDisconnected) or not isinstance(code, int) or code < 0:
        code = 0
    return Reply(code, _words(error), stage)


def _words(error: Exception) -> str:
    return shortened(str(getattr(error, "message", "")) or str(error) or type(error).__name__)
