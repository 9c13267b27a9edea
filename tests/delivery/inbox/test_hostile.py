"""Mails that somebody wrote to break their reader: each is settled, once, and none comes again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from unicodedata import category

import pytest

from app.delivery.inbox import came_back, hearing, reading
from app.delivery.inbox.hearing import Brought
from app.delivery.replies import shortened
from app.links import return_address
from app.links.keyring import Kind
from app.ops import inbox
from app.ops.installation import House
from app.platform.db import Database
from tests.delivery.inbox.mails import BOUNCES, complaint, letter, report
from tests.delivery.inbox.test_came_back import given
from tests.delivery.scenes import KEYS, NOW

_KIND = b"Content-Type: multipart/mixed; "
_DEEP = b"Content-Type: message/rfc822\n\n" * 5_000
_HOSTILE = {
    "letters_in_letters": _DEEP,
    "parts_in_parts": b"".join(
        b"Content-Type: multipart/mixed; bOUNDARY=b%d\n\n--b%d\n" % (at, at) for at in range(2_000)
    ),
    "a_number_of_digits": _KIND + b"boundary*" + b"9" * 5_000 + b"=x\n\nx",
    "a_charset_with_nul": _KIND + b"boundary*0*=\0'en'x%ff\n\n--x\n\nx",
    "a_charset_of_no_text": _KIND + b"boundary*=rot13'en'x%ff\n\n--x\n\nx",
    "nothing": b"",
    "no_head": b"\n\n\n",
    "nul": b"\0" * 1_000,
    "half_letters": b"From: \xed\xa0\x80\xff\nSubject: =?utf-7?b?2A==?=\n\n\xed\xa0\x80",
    "a_body_of_no_base": b"Content-Type: text/plain; charset=idna\n"
    b"Content-Transfer-Encoding: base64\n\n!!!!",
    "uu": b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666 \0\n~~~~\nend\n",
    "a_date_of_no_time": b"Date: Thu, 99 Foo 99999999999999999 99:99:99 +999999\n\nx",
}
_ADDRESSED = {
    "brackets": "To: " + "(" * 1_990 + "\n",
    "groups": "To: " + "a:" * 900 + ";\n",
    "routes": "To: " + "<@a," * 450 + "\n",
}


def _token(send_id: int, kind: Kind = Kind.RETURN) -> str:
    return return_address.with_token(BOUNCES, return_address.sign(send_id, kind, KEYS))


def _heard(database: Database, raw: bytes, *to: str) -> hearing.Heard:
    return hearing.hear(database, Brought(raw, to), keyring=KEYS, now=NOW)


def test_no_mail_keeps_its_server_coming_again(database: Database):
    """Whatever it holds: by whom it was brought, by its head alone, and inside what we know."""
    to = _token(given(database))
    around = {
        **_HOSTILE,
        **{name: head.encode() + letter(to) for name, head in _ADDRESSED.items()},
        **{f"complaint_of_{name}": complaint() + raw for name, raw in _HOSTILE.items()},
        **{f"report_of_{name}": report(to).replace(b"5.1.1", raw[:9_000].replace(b"\n", b"\n "))
           for name, raw in _HOSTILE.items()},
    }  # fmt: skip
    for raw in around.values():
        for brought_to in ((), (to,), ("postmaster@halvern.example",)):
            assert _heard(database, raw, *brought_to).sentence


def _unseen() -> Iterator[str]:
    return (
        chr(one)
        for one in [*range(0x3000), *range(0xD7F0, 0xE010), *range(0xFE00, 0x10000), 0xE0001]
        if category(chr(one)) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )


def test_a_reply_is_kept_by_every_database_whatever_it_is_written_with(database: Database):
    """What a server answers and what a report quotes go one way, which leaves out what none keeps.

    A NUL (PostgreSQL) or half a letter (both) would fail whoever writes it down, again and again.
    """
    assert [sign for sign in _unseen() if sign in shortened(f"550 a{sign}b")] == []
    assert shortened("550 5.1.1 no\0such\ud800user\r\n2026 INFO forged") == (
        "550 5.1.1 no such user 2026 INFO forged"
    )
    send_id = given(database)
    said = _heard(database, report(_token(send_id), diagnostic="smtp; 550 5.1.1 no \0such"))
    again = _heard(database, report(_token(send_id), diagnostic="smtp; 550 5.1.1 no \0such"))

    assert said.is_new
    assert not again.is_new
    assert said.said is not None
    assert said.said.words == "550 5.1.1 no such"


def test_whoever_is_told_of_a_mail_is_not_told_of_a_machine_in_trouble(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """A machine without a process to spare reads it later: that mail has to come again."""

    def starved(_raw: bytes, **_by: str | None) -> None:
        raise OSError("no process to spare")

    monkeypatch.setattr(reading, "read", starved)
    with pytest.raises(OSError, match="spare"):
        _heard(database, letter(BOUNCES), _token(given(database)))


def test_a_token_is_of_one_send_and_one_purpose(database: Database):
    """Every other letter, every other purpose, every neighbour: nobody's."""
    send_id = given(database)
    token = return_address.sign(send_id, Kind.RETURN, KEYS)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    edited = {
        f"{token[:place]}{other}{token[place + 1 :]}"
        for place in range(len(token))
        for other in letters
    } - {token}
    others = {return_address.sign(send_id, kind, KEYS) for kind in Kind if kind is not Kind.RETURN}
    found = {came_back.send_of([return_address.with_token(BOUNCES, one)], KEYS) for one in edited}

    assert found == {None}
    assert token not in others


async def _said(reader: asyncio.StreamReader) -> str:
    line = await asyncio.wait_for(reader.readline(), 10)
    return line.decode()


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _in_data(house: House) -> AsyncIterator[Line]:
    """A conversation that has come to the words of a mail."""
    serve = inbox.conversations(house)
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        assert (await _said(reader)).startswith("220")
        for command in ("LHLO x", "MAIL FROM:<a@b.example>", f"RCPT TO:<{BOUNCES}>", "DATA"):
            writer.write(f"{command}\r\n".encode())
            while (await _said(reader))[3] == "-":
                continue
        yield reader, writer
        writer.close()
        await asyncio.sleep(0.05)


def test_a_line_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch, house: House):
    """A line is held until its end comes: nobody keeps sending one."""
    monkeypatch.setattr(inbox, "_MOST_AT_A_TIME", 200_000)

    async def talk() -> bytes:
        async with _in_data(house) as (reader, writer):
            writer.write(b"x" * 250_000)
            return await asyncio.wait_for(reader.read(), 10)

    assert asyncio.run(talk()).startswith(b"552 ")


def test_whoever_drips_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch, house: House):
    monkeypatch.setattr(inbox, "_PATIENCE_SECONDS", 0.3)

    async def talk() -> bytes:
        async with _in_data(house) as (reader, writer):
            answer = asyncio.create_task(reader.read())
            while not answer.done():
                writer.write(b"x\r\n")
                await asyncio.sleep(0.02)
            return await answer

    assert asyncio.run(asyncio.wait_for(talk(), 20)).startswith(b"421 ")


def test_no_line_end_but_the_one_of_the_standard_ends_a_mail(house: House):
    """What other servers may take for the end of a mail is part of it: nobody slips in a second."""
    ends = [
        a + b"." + b for a in (b"\n", b"\r", b"\r\n", b"\0\r\n") for b in (b"\n", b"\r", b"\r\r\n")
    ]
    ends += [b"\n.\r\n", b"\r.\r\n", b"\r\n.\0\r\n", b"\r\n .\r\n"]
    slipped_in = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@b.example>\r\nDATA\r\nsecond\r\n"

    async def talk() -> list[str]:
        async with _in_data(house) as (reader, writer):
            writer.write(
                b"first" + b"".join(end + slipped_in for end in ends) + b"\r\n.\r\nQUIT\r\n"
            )
            left = await asyncio.wait_for(reader.read(), 10)
            return [line[:3] for line in left.decode().splitlines()]

    assert asyncio.run(talk()) == ["250", "221"]


def test_one_conversation_too_many_holds_nothing(monkeypatch: pytest.MonkeyPatch, house: House):
    """Those inside go on, and where one leaves there is room for the next."""
    monkeypatch.setattr(inbox, "_AT_ONCE", 3)

    async def talk() -> list[str]:
        serve = inbox.conversations(house)
        server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            inside = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            greeted = [await _said(reader) for reader, _ in inside]
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                greeted.append(await _said(reader))
                assert await reader.read() == b""
                writer.close()
            inside[0][1].close()
            await asyncio.sleep(0.1)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            greeted.append(await _said(reader))
            for _, one in [*inside[1:], (reader, writer)]:
                one.close()
            await asyncio.sleep(0.05)
        return [one[:3] for one in greeted]

    assert asyncio.run(talk()) == ["220"] * 3 + ["421"] * 5 + ["220"]
