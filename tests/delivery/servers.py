"""Mail servers on loopback that behave as real ones do on good days and bad ones."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from app.delivery.transports.dkim import Signer
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp


@dataclass
class Mailbox:
    """Takes mail; `at_rcpt` and `at_data` may answer otherwise, by address."""

    at_rcpt: Callable[[str], str | None] = lambda _address: None
    at_data: Callable[[str], str | None] = lambda _address: None
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    returns_to: dict[str, str] = field(default_factory=dict)  # by recipient: the return path
    hang_up_after: int | None = None  # mails; then the line goes dead after the dot
    pipelines: bool = True  # takes commands in a row, as Postfix and most others do

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *["250-PIPELINING"] * self.pipelines, responses[-1]]

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        reply = self.at_rcpt(address)
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        address = envelope.rcpt_tos[0]
        reply = self.at_data(address)
        if reply is None:
            assert isinstance(envelope.original_content, bytes)
            self.taken.append((address, envelope.original_content))
            self.returns_to[address] = str(envelope.mail_from)
        if self.hang_up_after is not None and len(self.taken) > self.hang_up_after:
            server.transport.abort()  # type: ignore[union-attr]  # it is connected
        return reply or "250 2.0.0 taken"

    def conversation(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(self, hostname="mx.example", loop=loop)

    def addresses(self) -> list[str]:
        return [address for address, _ in self.taken]


@asynccontextmanager
async def serving(
    mailbox: Mailbox,
    *,
    ticks: Callable[[], float] = time.monotonic,
    signer: Signer | None = None,
) -> AsyncIterator[Smtp]:
    """A server on a port of its own, and a transport that talks to it."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: mailbox.conversation(loop), "127.0.0.1", 0)
    address = _address(server.sockets[0].getsockname()[1])
    transport = Smtp(address, name="insights.example.com", signer=signer, ticks=ticks)
    try:
        yield transport
    finally:
        await transport.close()
        server.close()


def nobody() -> Smtp:
    """A transport to a port where nobody listens."""
    return Smtp(_address(1), name="insights.example.com")


def _address(port: int) -> Server:
    return Server.read(f"smtp://127.0.0.1:{port}?tls=none")
