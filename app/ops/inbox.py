"""`thinslice inbox`: mail servers bring here what came back, over LMTP or SMTP.

One mail is settled before it is acknowledged. While the database is away the mail server is told
to keep the mail and to come again.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from app.delivery.inbox import hearing
from app.delivery.inbox.hearing import Brought, Heard
from app.ops.installation import House
from app.platform.away import AWAY, tell

log = logging.getLogger(__name__)

_MOST_BYTES = 25 * 10**6  # of a mail; what its report says is at its beginning
_MOST_AT_A_TIME = 2 * _MOST_BYTES  # between two mails that were settled: no line is without end
_IDLE_SECONDS = 60
_PATIENCE_SECONDS = 300.0  # … nor is it slow without end; a mail server keeps a line that long
_AT_ONCE = 50  # conversations; a mail server has twenty, and each may hold a whole mail
_ONE_EACH = "452 4.5.3 One recipient at a time"  # LMTP wants an answer for each
_LATER = "451 4.3.0 Keep it and come again"
_TOO_MUCH = b"552 5.3.4 Too much at a time\r\n"
_TOO_SLOW = b"421 4.4.2 Nothing came for too long: come again\r\n"
_FULL = b"421 4.3.2 Too many conversations: come again\r\n"


class _Door(SMTP):
    """Speaks SMTP, and LMTP to whoever begins with it; to so many at once."""

    def __init__(self, handler: "Taker", inside: set["_Door"], **said: Any) -> None:
        super().__init__(handler, **said)
        self._inside = inside
        self._came = 0  # bytes since the last mail that was settled
        self._patience: asyncio.TimerHandle | None = None
        self.is_turned_away = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whoever is one too many is told so, and holds nothing."""
        self._inside.add(self)
        if len(self._inside) > _AT_ONCE and isinstance(transport, asyncio.Transport):
            transport.write(_FULL)
            transport.close()
            self.is_turned_away = True
            return
        super().connection_made(transport)
        self.settled()

    def settled(self) -> None:
        """A mail was taken, or nothing yet: from now on the next one is waited for."""
        self._came = 0
        if self._patience:
            self._patience.cancel()
        self._patience = self.loop.call_later(_PATIENCE_SECONDS, self._turn_away, _TOO_SLOW)

    def data_received(self, data: bytes) -> None:
        """What has no line ends is held by nobody until its end comes."""
        self._came += len(data)
        if self._came > _MOST_AT_A_TIME:
            self._turn_away(_TOO_MUCH)
        else:
            super().data_received(data)

    def _turn_away(self, words: bytes) -> None:
        if isinstance(self.transport, asyncio.Transport) and not self.transport.is_closing():
            self.transport.write(words)
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """It makes room for the next one."""
        self._inside.discard(self)
        if self._patience:
            self._patience.cancel()
        if not self.is_turned_away:
            super().connection_lost(error)

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802  # aiosmtpd's name
        await self.smtp_EHLO(arg)


class Taker:
    """Takes each mail into the database."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ours = (house.settings.sender_address,)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Whose address it is shows once the mail is here: complaints carry it inside."""
        if envelope.rcpt_tos:
            return _ONE_EACH
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Settle it, then say so."""
        raw = envelope.original_content or b""
        brought = Brought(raw, envelope.rcpt_tos, by=envelope.mail_from)
        try:
            heard = await asyncio.to_thread(self._hear, brought)
        except AWAY as error:
            tell(log, error, what="a mail that came back waits for the database")
            return _LATER
        if isinstance(server, _Door):
            server.settled()
        return f"250 2.0.0 {heard.sentence}"

    def _hear(self, brought: Brought) -> Heard:
        """In a thread: a database that is slow keeps no other conversation waiting."""
        database = self._house.database
        return hearing.hear(
            database, brought, keyring=self._house.keyring, now=database.now(), ours=self._ours
        )

    async def handle_exception(self, error: Exception) -> str:
        """Whatever it is, the mail is not lost: its server keeps it."""
        log.error("a mail that came back could not be settled", exc_info=error)
        return _LATER


def run(house: House, *, host: str, port: int) -> None:
    """Take mail until told to stop."""
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_serve(house, host, port))


def conversations(house: House) -> Callable[[], SMTP]:
    """Each call begins one with whoever connects."""
    taker, inside = Taker(house), set[_Door]()
    return lambda: _Door(
        taker,
        inside,
        data_size_limit=_MOST_BYTES,
        hostname="thinslice",
        ident="inbox",
        timeout=_IDLE_SECONDS,
    )


async def _serve(house: House, host: str, port: int) -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    server = await loop.create_server(conversations(house), host, port)
    log.info("mail that comes back is taken at %s:%s", host, port)
    async with server:
        await told.wait()
