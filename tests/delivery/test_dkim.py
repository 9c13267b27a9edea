"""Signatures of mails: by the RFCs' own examples, and by somebody else's code on what arrives."""

import asyncio
import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from dkim.canonicalization import Relaxed
from hypothesis import given
from hypothesis import strategies as st

from app.delivery import notices
from app.delivery.mail.mime import Mail
from app.delivery.transports import dkim, dkim_key
from app.platform.db import Database
from tests.delivery import rfc8463, scenes, signed
from tests.delivery.scenes import NOW, SETTINGS
from tests.delivery.servers import Mailbox, serving

HEAD = (
    b"From: =?utf-8?B?w4Vzbw==?=\r\n <insights@halvern.example>\r\nTo: ann@example.org\r\n"
    b"Subject:  two  spaces\tand a tab \r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@halvern.example>\r\nReceived: one\r\n"
)
BODIES = {
    "plain": b"Hello\r\n",
    "nothing": b"",
    "empty lines": b"\r\n\r\n\r\n",
    "a space": b" \r\n",
    "spaces at ends": b"a \t \r\n\tb  c\r\n \r\n\r\n",
    "dots": b".\r\n..two\r\n.leading\r\nlast\r\n.\r\n",
    "eight bits": "Smörgås på ø\r\n\xa0\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "long lines": b"x" * 990 + b"\r\n" + b"y " * 490 + b"\r\n",
    "no line's end": b"the end",
    "other lines' ends": b"one\ntwo\n\n.three\n",
}


@pytest.mark.parametrize("kind", signed.KINDS)
def test_the_example_of_rfc_8463_is_signed_as_it_stands_there(kind: str):
    keys = {
        "rsa": load_pem_private_key(rfc8463.RSA_PEM.encode(), None),
        "ed25519": Ed25519PrivateKey.from_private_bytes(base64.b64decode(rfc8463.ED25519_SEED)),
    }
    said = dkim.covered(dkim.fields(rfc8463.HEAD), rfc8463.NAMES, rfc8463.OWN[kind])

    assert dkim.body_hash(rfc8463.BODY) == rfc8463.BODY_HASH
    made = dkim.signed_by(keys[kind], said)  # type: ignore[arg-type]  # one of the two kinds
    assert base64.b64encode(made).decode() == rfc8463.SIGNED[kind]


def test_bodies_and_headers_are_simplified_as_in_rfc_6376():
    head, body = b"A: X\r\nB : Y\t\r\n\tZ  ", b" C \r\nD \t E\r\n\r\n\r\n"  # section 3.4.5

    assert dkim.covered(dkim.fields(head), (b"a", b"b"), b"c:") == b"a:X\r\nb:Y Z\r\nc:"
    assert dkim.relaxed_body(body) == b" C\r\nD E\r\n"
    assert dkim.body_hash(b"") == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="  # 3.4.4


def test_of_headers_that_stand_there_twice_the_last_is_signed_first():
    head = b"To: one\r\nX: y\r\nTO: two"

    assert (
        dkim.covered(dkim.fields(head), (b"to", b"to", b"to", b"cc"), b"c:")
        == b"to:two\r\nto:one\r\nc:"
    )


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"\xc3\xb8"]), max_size=40))
def test_any_body_is_simplified_as_somebody_else_does(pieces: list[bytes]):
    body = b"".join((*pieces, b"x\r\n"))  # dkimpy goes another way where nothing is left of it

    assert dkim.relaxed_body(body) == Relaxed.canonicalize_body(body)


def arrived(raw: bytes, kind: str) -> bytes:
    """A mail as a server has it, dots and all."""
    mailbox = Mailbox()

    async def conversation() -> None:
        async with serving(mailbox, signer=signed.signer(kind)) as transport:
            mail = Mail("1", "bounces@halvern.example", "ann@example.org", "x", raw, send_id=1)
            reply = await transport.send(mail, _noted)
            assert reply.code == 250

    asyncio.run(conversation())
    [(_, taken)] = mailbox.taken
    return taken


async def _noted() -> None:
    """Nothing is written down in these tests."""


@pytest.mark.parametrize("kind", signed.KINDS)
@pytest.mark.parametrize("body", BODIES)
def test_what_arrives_is_believed_and_what_was_changed_is_not(kind: str, body: str):
    taken, by = arrived(HEAD + b"\r\n" + BODIES[body], kind), signed.signer(kind)
    added = {
        "a word": taken + b"more\r\n",
        "another subject": taken.replace(b"two  spaces", b"three spaces"),
        "another sender": b"From: eve@example.net\r\n" + taken,
        "another sender below": taken.replace(b"Received:", b"From: eve@example.net\r\nReceived:"),
        "another recipient": taken.replace(b"ann@", b"eve@"),
    }

    assert signed.holds(taken, by)
    assert [name for name, raw in added.items() if signed.holds(raw, by)] == []
    assert not signed.holds(taken, signed.stranger(kind))


@pytest.mark.parametrize("kind", signed.KINDS)
def test_spaces_that_a_server_changes_and_headers_it_adds_do_no_harm(kind: str):
    taken, by = arrived(HEAD + b"\r\n" + BODIES["spaces at ends"], kind), signed.signer(kind)
    passed_on = b"Received: from us\r\n" + taken.replace(b"two  spaces\tand", b"two spaces\r\n and")

    assert signed.holds(passed_on + b"\r\n\r\n", by)


def test_no_line_of_a_signature_is_long_and_each_ends_as_it_must():
    by = signed.signer("rsa")
    made = by.signature(HEAD + b"X: y\r\n" * 3 + b"\r\n")

    assert made.endswith(b"\r\n")
    assert max(map(len, made.split(b"\r\n"))) <= 78
    assert all(line.startswith(b"\t") for line in made.split(b"\r\n")[1:-1])


WANTED = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
    "list-unsubscribe", "list-unsubscribe-post", "list-id", "feedback-id",
}  # fmt: skip


@pytest.mark.parametrize("kind", signed.KINDS)
def test_every_mail_of_an_experiment_and_to_the_team_leaves_signed(
    database: Database, tmp_path: Path, kind: str
):
    settings = SETTINGS.model_copy(update={"mail_from": signed.FROM})
    by = signed.signer(kind)
    scenes.launched(database, people=3)
    with database.write() as session:
        notices.queue(
            session, settings, kind="weekly", to="team@halvern.example",
            subject="Your week: på", text="a\n.b\n", html="<p>a</p>", now=NOW,
        )  # fmt: skip
    mailbox = Mailbox()

    async def send() -> None:
        async with serving(mailbox, signer=by) as transport:
            await scenes.run(scenes.sender(database, tmp_path, transport))
            await notices.send_due(database, settings, transport, now=NOW)

    asyncio.run(send())

    assert len(mailbox.taken) == 4
    assert [to for to, raw in mailbox.taken if not signed.holds(raw, by)] == []
    names = {to: _names(raw) for to, raw in mailbox.taken}
    of_the_team = names.pop("team@halvern.example")
    assert all(set(found) >= WANTED for found in names.values())
    assert all(found.count("from") == 2 for found in (*names.values(), of_the_team))
    assert set(of_the_team) == WANTED - {one for one in WANTED if one[:4] in {"list", "feed"}}


def _names(raw: bytes) -> list[str]:
    found = re.search(rb"\bh=([^;]+);", raw)
    assert found is not None
    return re.sub(r"\s", "", found[1].decode()).split(":")


def test_the_record_is_the_one_of_the_rfc():
    seed = base64.b64decode(rfc8463.ED25519_SEED)
    by = dkim.Signer("football.example.com", "brisbane", Ed25519PrivateKey.from_private_bytes(seed))

    assert dkim_key.record_name(by) == "brisbane._domainkey.football.example.com"
    assert dkim_key.record_text(by) == rfc8463.ED25519_RECORD
