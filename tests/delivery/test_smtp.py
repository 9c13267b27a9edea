"""The conversation itself: every byte, and every way in which it may end."""

import asyncio
import re
from contextlib import asynccontextmanager
from itertools import product
from traceback import format_exception

import pytest

from app.delivery.mail.mime import Mail
from app.delivery.replies import Meaning, Reply, Stage, meaning_of
from app.delivery.transports import refuse_unusable
from app.delivery.transports.conversation import wire_form
from app.delivery.transports.ports import StoppedError
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from app.platform.config import BadSettings, Settings
from app.platform.errors import Unavailable
from tests.delivery.servers import Mailbox, nobody, serving
from tests.ports import free_port

RAW = b"Subject: dots\r\n\r\n.\r\n..two\r\n.leading\r\nlast line\r\n"


def mail(to: str = "ann@example.org") -> Mail:
    return Mail("1", "bounces@example.com", to, "dots", RAW, send_id=1)


async def _noted() -> None:
    """Nothing is written down in these tests."""


def say(mailbox: Mailbox, *mails: Mail) -> list[Reply]:
    async def conversation() -> list[Reply]:
        async with serving(mailbox) as transport:
            return [await transport.send(one, _noted) for one in mails]

    return asyncio.run(conversation())


@pytest.fixture(params=[True, False], ids=["in a row", "one by one"])
def pipelines(request: pytest.FixtureRequest) -> bool:
    """Whether the server takes commands in a row."""
    return bool(request.param)


def test_no_words_end_their_mail_for_any_server_however_it_reads_line_ends():
    """Every way to put dots, CR and LF: one end, whoever takes a bare CR or LF for a line."""
    signs = (b".", b"\r", b"\n", b"a")
    for raw in (b"".join(one) for length in range(1, 6) for one in product(signs, repeat=length)):
        sent = wire_form(raw) + b".\r\n"

        assert len(re.findall(rb"(?:^|[\r\n])\.(?=\r|\n)", sent)) == 1, raw
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", sent), raw


def test_every_byte_arrives_dots_and_line_ends_included(pipelines: bool):
    mailbox = Mailbox(pipelines=pipelines)

    replies = say(mailbox, mail())

    assert mailbox.taken == [("ann@example.org", RAW)]
    assert replies == [Reply(250, "2.0.0 taken", Stage.MESSAGE)]


def test_a_connection_is_used_again_even_after_a_refusal(pipelines: bool):
    mailbox = Mailbox(
        at_rcpt=lambda a: "550 5.1.1 no" if a.startswith("b@") else None, pipelines=pipelines
    )

    replies = say(mailbox, mail("a@x.example"), mail("b@x.example"), mail("c@x.example"))

    assert [meaning_of(reply) for reply in replies] == [
        Meaning.ACCEPTED,
        Meaning.NO_SUCH_ADDRESS,
        Meaning.ACCEPTED,
    ]


def test_a_line_that_dies_after_the_dot_is_lost_and_the_next_mail_gets_a_new_one(
    pipelines: bool,
):
    mailbox = Mailbox(hang_up_after=0, pipelines=pipelines)

    async def conversation() -> list[Reply]:
        async with serving(mailbox) as transport:
            first = await transport.send(mail(), _noted)
            mailbox.hang_up_after = None
            return [first, await transport.send(mail(), _noted)]

    replies = asyncio.run(conversation())

    assert [reply.stage for reply in replies] == [Stage.LOST, Stage.MESSAGE]


def test_nobody_listening_is_said_before_any_attempt():
    attempts: list[int] = []

    async def noted() -> None:
        attempts.append(1)

    reply = asyncio.run(nobody().send(mail(), noted))

    assert (reply.code, reply.stage, attempts) == (0, Stage.CONNECT, [])


def test_a_mail_that_is_stopped_in_time_is_never_heard(pipelines: bool):
    mailbox = Mailbox(pipelines=pipelines)

    async def stop() -> None:
        raise StoppedError

    async def conversation() -> None:
        async with serving(mailbox) as transport:
            with pytest.raises(StoppedError):
                await transport.send(mail(), stop)
            await transport.send(mail("b@x.example"), _noted)

    asyncio.run(conversation())

    assert mailbox.addresses() == ["b@x.example"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_where_tls_is_asked_for_nothing_is_said_without_it(tls: str):
    heard = bytearray()

    async def conversation() -> Reply:
        async with _plain_server(heard) as port:
            server = Server.read(f"smtp://ann:secret@127.0.0.1:{port}?tls={tls}")
            return await Smtp(server, name="x.example").send(mail(), _noted)

    reply = asyncio.run(conversation())

    assert reply.stage is Stage.CONNECT
    assert b"AUTH" not in heard
    assert b"MAIL" not in heard


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mx.example", Server("mx.example", 587, "starttls", "", "")),
        ("smtp://mx.example:465", Server("mx.example", 465, "tls", "", "")),
        ("smtp://localhost:1025", Server("localhost", 1025, "none", "", "")),
        ("smtp://a%40b:p%2Fw@mx.example?tls=tls", Server("mx.example", 465, "tls", "a@b", "p/w")),
    ],
)
def test_an_address_of_a_server_is_read(url: str, expected: Server):
    assert Server.read(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "smtp://",
        "smtp://mx.example?tls=maybe",
        "smtp://mx.example?lanes=4",
        "smtp://mx.example:mail",
        "sendmail",
        "",
        "smtp://ann:7931#7932@mx.example",
        "smtp://ann:7931/7932@mx.example",
        "smtp://ann:p7931#7932@mx.example",
    ],
)
def test_an_address_that_names_no_server_is_refused(url: str):
    with pytest.raises(BadSettings, match="THINSLICE_MAIL") as refused:
        refuse_unusable(Settings(mail=url))

    assert "7931" not in "".join(format_exception(refused.value, limit=0))


@asynccontextmanager
async def _plain_server(heard: bytearray):
    """A server whose TLS was stripped on the way."""

    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(b"220 mx.example\r\n")
        while line := await reader.readline():
            heard.extend(line)
            writer.write(b"250 mx.example\r\n" if line.startswith(b"EHLO") else b"250 fine\r\n")

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("tls", ["none", "starttls", "tls"])
def test_whoever_looks_is_told_why_a_server_takes_nothing(tls: str):
    server = Server.read(f"smtp://127.0.0.1:{free_port()}?tls={tls}")

    with pytest.raises(
        Unavailable, match=r"127\.0\.0\.1:\d+ takes no mail from us .*THINSLICE_MAIL"
    ):
        asyncio.run(Smtp(server, name="x.example").look())
