"""What a mail that came back is taken for: every status by every wording, and what is no bounce."""

import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.inbox import reading
from app.delivery.inbox.reading import What
from tests.delivery.inbox.mails import BOUNCES, complaint, letter, report

_BY_STATUS = {
    "5.1.1": What.GONE,
    "5.1.2": What.GONE,
    "5.1.3": What.GONE,
    "5.1.6": What.GONE,
    "5.1.7": What.REFUSED,  # our own address
    "5.1.8": What.REFUSED,
    "5.1.10": What.GONE,
    "5.2.0": What.REFUSED,
    "5.2.1": What.GONE,
    "5.2.2": What.FULL,
    "4.2.2": What.FULL,
    "5.2.3": What.REFUSED,
    "5.4.4": What.GONE,
    "4.4.7": What.REFUSED,
    "4.4.1": What.REFUSED,
    "5.6.1": What.REFUSED,
    "5.7.0": What.REFUSED,
    "5.7.1": What.REFUSED,
    "5.7.26": What.REFUSED,
}
_BY_WORDS = {
    "550 user unknown": What.GONE,
    "550 No such user here": What.GONE,
    "551 not our customer": What.GONE,
    "550 mailbox unavailable": What.GONE,
    "552 mailbox full": What.FULL,
    "552 over quota": What.FULL,
    "554 blocked for spam": What.REFUSED,
    "550 rejected by policy": What.REFUSED,
    "552 message size exceeds the maximum message size": What.REFUSED,
    "451 try again": What.REFUSED,
    "554 transaction failed": What.REFUSED,
}


@pytest.mark.parametrize(
    ("status", "words"),
    list(product(_BY_STATUS, _BY_WORDS)),
    ids=lambda text: text.replace(" ", "_"),
)
def test_a_status_that_tells_something_outweighs_words(status: str, words: str):
    said = reading.read(report(BOUNCES, status=status, diagnostic=f"smtp; {words}"))

    assert said.what is _BY_STATUS[status]
    assert status in said.words
    assert words.split(" ", 1)[1][:20] in said.words


@pytest.mark.parametrize("vague", ["5.0.0", "5.3.0", "5.9.9", ""])
@pytest.mark.parametrize("words", _BY_WORDS, ids=lambda text: text.replace(" ", "_"))
def test_a_status_that_tells_nothing_leaves_it_to_the_words(vague: str, words: str):
    said = reading.read(report(BOUNCES, status=vague, diagnostic=f"smtp; {words}"))

    assert said.what is _BY_WORDS[words]


@pytest.mark.parametrize("status", _BY_STATUS)
def test_the_servers_own_status_outweighs_a_vague_one(status: str):
    raw = report(BOUNCES, status="5.0.0", diagnostic=f"smtp; 550 {status} it said")

    assert reading.read(raw).what is _BY_STATUS[status]


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "DELAYED (4h)"])
def test_what_is_not_given_up_changes_nothing(action: str):
    assert reading.read(report(BOUNCES, action=action)).what is What.NOTHING


@pytest.mark.parametrize("action", ["failed", "Failed", "failure", "error", "failed (expired)"])
def test_given_up_is_written_in_many_ways(action: str):
    assert reading.read(report(BOUNCES, action=action)).what is What.GONE


def test_no_address_is_kept_of_what_a_server_says():
    raw = report(BOUNCES, diagnostic="smtp; 550 5.1.1 <p0@bakery.example>: no such user")

    assert "@" not in reading.read(raw).words


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("abuse", What.COMPLAINT),
        ("fraud", What.COMPLAINT),
        ("other", What.COMPLAINT),
        ("not-spam", What.NOTHING),
        ("auth-failure", What.NOTHING),
        ("virus", What.NOTHING),
    ],
)
def test_a_complaint_is_one_unless_it_says_otherwise(kind: str, what: What):
    assert reading.read(complaint(kind=kind)).what is what


@pytest.mark.parametrize(
    "headers",
    [
        {"auto_submitted": "auto-replied"},
        {"auto_submitted": "auto-generated"},
        {"auto_submitted": "Auto-Replied (vacation)"},
        {"precedence": "bulk"},
        {"precedence": "auto_reply"},
        {"x_autoreply": "yes"},
        {"x_autorespond": "1"},
        {"x_auto_response_suppress": "All"},
        {"return_path": "<>"},
    ],
    ids="_".join,
)
def test_what_no_person_wrote_is_an_automatic_answer(headers: dict[str, str]):
    raw = letter(BOUNCES, "I am away until Monday.", **headers)

    assert reading.read(raw).what is What.AUTO_REPLY


@pytest.mark.parametrize("headers", [{}, {"auto_submitted": "no"}, {"precedence": "first-class"}])
def test_what_a_person_wrote_is_a_reply(headers: dict[str, str]):
    assert reading.read(letter(BOUNCES, "Thank you, it helps.", **headers)).what is What.REPLY


@given(raw=st.binary(max_size=2_000))
def test_no_bytes_break_it(raw: bytes):
    assert reading.read(raw).what in What
    assert reading.read(report(BOUNCES) + raw).what in What


@pytest.mark.parametrize(
    "hostile",
    [
        b"Content-Type: multipart/mixed; boundary=a\n\n" * 20_000,
        b"Subject: " + b"a" * 2_000_000 + b"\n\n",
        b"From: " + b"<" * 200_000 + b"\n\nx",
        b"\n\n" + b"5.1." * 200_000,
        b"\n\n" + b"user " * 200_000,
        b"\n\n" + b"maximum" + b" " * 200_000,
        b"A: b\n" * 100_000 + b"\n",
        b"\n\n" + b"On " * 200_000 + b"\n" * 100_000,
    ],
    ids=["nested", "long_header", "angles", "statuses", "users", "spaces", "headers", "lines"],
)
def test_no_mail_takes_long(hostile: bytes):
    """A second is a hundred times what a large mail takes."""
    began = time.process_time()
    for raw in (hostile, letter(BOUNCES) + hostile, report(BOUNCES) + hostile):
        reading.read(raw)

    assert time.process_time() - began < 3
