"""A server that asks who is there, over TLS: let in, turned away, or not who it says it is."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.delivery.replies import Meaning, Reply, Stage, meaning_of
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from tests.delivery.servers import Mailbox
from tests.delivery.test_smtp import mail


@cache
def certificate(name: str) -> tuple[bytes, bytes]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))  # TLS reads the machine's own clock
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    encoded = serialization.Encoding.PEM
    kept = key.private_bytes(encoded, serialization.PrivateFormat.PKCS8, plain)
    return made.public_bytes(encoded), kept


def ask_for_ann(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, who: object
) -> AuthResult:
    """Only `ann` with `p/w` comes in."""
    known = isinstance(who, LoginPassword) and (who.login, who.password) == (b"ann", b"p/w")
    return AuthResult(success=known, handled=False)


@asynccontextmanager
async def secure(mailbox: Mailbox, tls: str, folder: Path, name: str) -> AsyncIterator[int]:
    """A server that takes mail over TLS from who has logged in; its port."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for file, content in zip(("crt", "key"), certificate(name), strict=True):
        (folder / file).write_bytes(content)
    context.load_cert_chain(folder / "crt", folder / "key")

    def conversation() -> SMTP:
        return SMTP(
            mailbox,
            hostname="mx.example",
            loop=loop,
            authenticator=ask_for_ann,
            auth_required=True,
            auth_require_tls=tls == "starttls",  # in the other case all of it is inside TLS
            require_starttls=tls == "starttls",
            tls_context=context if tls == "starttls" else None,
        )

    server = await loop.create_server(
        conversation, "127.0.0.1", 0, ssl=context if tls == "tls" else None
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def say(
    mailbox: Mailbox, tls: str, folder: Path, *, password: str = "p%2Fw", name: str = "127.0.0.1"
) -> Reply:
    """One mail to that server, whose certificate we know."""

    async def noted() -> None:
        """Nothing is written down in these tests."""

    async def conversation() -> Reply:
        async with secure(mailbox, tls, folder, name) as port:
            known = ssl.create_default_context(cadata=certificate(name)[0].decode())
            server = Server.read(f"smtp://ann:{password}@127.0.0.1:{port}?tls={tls}")
            transport = Smtp(server, name="x.example", context=known)
            try:
                return await transport.send(mail(), noted)
            finally:
                await transport.close()

    return asyncio.run(conversation())


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_who_knows_the_password_is_let_in_over_tls(tls: str, tmp_path: Path):
    mailbox = Mailbox()

    reply = say(mailbox, tls, tmp_path)

    assert meaning_of(reply) is Meaning.ACCEPTED
    assert mailbox.addresses() == ["ann@example.org"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_wrong_password_is_our_fault_and_not_the_readers(tls: str, tmp_path: Path):
    mailbox = Mailbox()

    reply = say(mailbox, tls, tmp_path, password="wrong")

    assert (reply.code, reply.stage) == (535, Stage.LOGIN)
    assert meaning_of(reply) is Meaning.OUR_FAULT
    assert mailbox.taken == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_somebody_else_ends_it_before_the_password(tls: str, tmp_path: Path):
    mailbox = Mailbox()

    reply = say(mailbox, tls, tmp_path, name="127.0.0.2")

    assert reply.stage is Stage.CONNECT
    assert "certificate" in reply.text.lower()
    assert mailbox.taken == []
