"""`thinslice inbox`: mail servers bring here what came back, over LMTP or SMTP.

One mail is settled before it is acknowledged. While the database is away the mail server is told
to keep the mail and to come again.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from app.delivery.inbox import hearing
from app.delivery.inbox.hearing import Brought
from app.ops.installation import House
from app.platform.away import AWAY, tell

log = logging.getLogger(__name__)

_MOST_BYTES = 25 * 10**6  # of a mail; what its report says is at its beginning
_IDLE_SECONDS = 60
_AT_ONCE = 50  # conversations; a mail server has twenty, and each may hold a whole mail
_ONE_EACH = "452 4.5.3 One recipient at a time"  # LMTP wants an answer for each
_LATER = "451 4.3.0 Keep it and come again"
_FULL = b"421 4.3.2 Too many conversations: come again\r\n"


class _Door(SMTP):
    """Speaks SMTP, and LMTP to whoever begins with it; to so many at once."""

    def __init__(self, handler: "Taker", inside: set["_Door"], **said: Any) -> None:
        super().__init__(handler, **said)
        self._inside = inside
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

    def connection_lost(self, error: Exception | None) -> None:
        """It makes room for the next one."""
        self._inside.discard(self)
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

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        """Settle it, then say so."""
        raw = envelope.original_content or b""
        now = self._house.database.now()
        hear = partial(hearing.hear, keyring=self._house.keyring, now=now, ours=self._ours)
        brought = Brought(raw, envelope.rcpt_tos, by=envelope.mail_from)
        try:
            heard = await asyncio.to_thread(hear, self._house.database, brought)
        except AWAY as error:
            tell(log, error, what="a mail that came back waits for the database")
            return _LATER
        return f"250 2.0.0 {heard.sentence}"

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
