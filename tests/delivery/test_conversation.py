"""What a server says in a row, in pieces, too early, too late or without an end."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.replies import Meaning, Reply, Stage, meaning_of
from app.delivery.transports import conversation
from app.delivery.transports.conversation import Conversation, wire_form
from app.delivery.transports.server import Server
from app.delivery.transports.smtp import Smtp
from tests.delivery.test_smtp import mail

YES = "250 2.1.0 ok\r\n"
EHLO = "250-mx.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n"


class Script:
    """A server that says what it is told to, command by command; what it heard, in order."""

    def __init__(self, **replies: str) -> None:
        usual = {"EHLO": EHLO, "MAIL": YES, "RCPT": YES, "DATA": "354 go on\r\n", "RSET": YES}
        self.replies = usual | {".": "250 2.0.0 taken\r\n", "QUIT": "221 bye\r\n"} | replies
        self.commands: list[str] = []
        self.in_pieces = False
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._converse(reader, writer)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.example ESMTP\r\n")
        in_words = False
        while line := await reader.readline():
            word = line.decode("ascii").strip()
            if in_words and word != ".":
                continue
            verb = "." if in_words else word[:4]
            self.commands.append(verb)
            reply = self.replies[verb]
            in_words = verb == "DATA" and reply.startswith("354")
            if reply == "hang up":
                break
            await self._say(writer, reply)

    async def _say(self, writer: asyncio.StreamWriter, reply: str) -> None:
        if not self.in_pieces:
            writer.write(reply.encode("latin-1"))
            return
        for letter in reply:
            writer.write(letter.encode("latin-1"))
            await writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def told(script: Script):
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = Smtp(Server.read(f"smtp://127.0.0.1:{port}?tls=none"), name="us.example")
    try:
        yield transport
    finally:
        await transport.close()
        server.close()


def say(script: Script, mails: int = 1) -> tuple[list[Reply], list[int]]:
    """The replies, and after how many commands each mail was attempted."""
    attempts: list[int] = []

    async def attempting() -> None:
        attempts.append(len(script.commands))

    async def all_of_it() -> list[Reply]:
        async with told(script) as transport:
            return [await transport.send(mail(), attempting) for _ in range(mails)]

    return asyncio.run(all_of_it()), attempts


def test_a_mail_takes_two_round_trips_and_is_attempted_between_them():
    script = Script()

    replies, attempts = say(script, mails=2)

    envelope = ["MAIL", "RCPT", "DATA", "."]
    assert script.commands == ["EHLO", *envelope, *envelope, "QUIT"]
    assert attempts == [4, 8]
    assert [meaning_of(reply) for reply in replies] == [Meaning.ACCEPTED] * 2


def test_replies_may_come_letter_by_letter_and_in_many_lines():
    script = Script(**{".": "250-2.0.0 taken\r\n250-as\r\n250 42\r\n"})
    script.in_pieces = True

    assert say(script)[0] == [Reply(250, "2.0.0 taken as 42", Stage.MESSAGE)]


@pytest.mark.parametrize(
    ("at", "said", "stage", "meaning"),
    [
        ("MAIL", "550 5.7.1 not you\r\n", Stage.SENDER, Meaning.OUR_FAULT),
        ("RCPT", "550 5.1.1 nobody\r\n", Stage.RECIPIENT, Meaning.NO_SUCH_ADDRESS),
        ("RCPT", "450 4.2.0 later\r\n", Stage.RECIPIENT, Meaning.LATER),
        ("DATA", "451 4.3.0 later\r\n", Stage.MESSAGE, Meaning.LATER),
        ("DATA", "554 5.6.0 spam\r\n", Stage.MESSAGE, Meaning.CONTENT),
        ("DATA", "250 2.0.0 what?\r\n", Stage.DATA, Meaning.LATER),
        (".", "552 5.2.3 too long\r\n", Stage.MESSAGE, Meaning.CONTENT),
    ],
)
def test_a_refusal_in_a_row_is_told_by_its_place(
    at: str, said: str, stage: Stage, meaning: Meaning
):
    script = Script(**{at: said})

    [reply], attempts = say(script)

    assert (reply.stage, meaning_of(reply)) == (stage, meaning)
    assert len(attempts) == (at == ".")


def test_a_server_that_awaits_words_for_nobody_hears_none():
    """It refused the recipient and says 354 all the same: we hang up (RFC 2920, section 3.1)."""
    script = Script(RCPT="550 5.1.1 nobody\r\n")

    replies, attempts = say(script, mails=2)

    assert [meaning_of(reply) for reply in replies] == [Meaning.NO_SUCH_ADDRESS] * 2
    assert (attempts, "." in script.commands, script.connections) == ([], False, 2)


@pytest.mark.parametrize(("at", "attempted"), [("MAIL", 0), ("RCPT", 0), ("DATA", 0), (".", 1)])
def test_only_what_was_being_said_is_uncertain_when_the_line_dies(at: str, attempted: int):
    script = Script(**{at: "hang up"})

    [reply], attempts = say(script)

    assert len(attempts) == attempted
    assert meaning_of(reply) is (Meaning.UNCERTAIN if attempted else Meaning.LATER_ALL)


@pytest.mark.parametrize(
    "said",
    ["hello\r\n", "250" + "x" * 40_000, "250-x\r\n" * 9_000, "99 x\r\n", "\xff\xfe\r\n"],
)
def test_what_is_no_reply_is_a_silence_and_ends_the_conversation(said: str):
    script = Script(**{".": said})

    replies, _ = say(script, mails=2)

    assert [reply.stage for reply in replies] == [Stage.LOST] * 2
    assert script.connections == 2


def test_what_nobody_asked_for_is_no_answer_to_the_next_mail():
    script = Script(**{".": "250 2.0.0 taken\r\n250 2.0.0 and the next\r\n"})

    replies, _ = say(script, mails=3)

    assert [reply.stage for reply in replies] == [Stage.MESSAGE] * 3
    assert script.connections == 3


def test_a_server_that_says_nothing_is_waited_for_so_long_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
):
    opened: Callable[..., None] = Conversation.__init__

    def hasty(self, *args, **kwargs) -> None:
        opened(self, *args, **kwargs, seconds=0.2)

    monkeypatch.setattr(conversation.Conversation, "__init__", hasty)

    [reply], _ = say(Script(**{".": ""}))

    assert reply.stage is Stage.LOST
    assert "Timed out" in reply.text


@given(raw=st.text("a.\r\n", max_size=40).map(str.encode))
def test_lines_are_sent_as_the_library_sends_them(raw: bytes):
    assert wire_form(raw) == PERIOD_REGEX.sub(b"..", normalize_message_line_endings(raw))
