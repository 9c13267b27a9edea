"""What providers tell: each event has the end of the same mail that came back, or none."""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from sqlmodel import Session, select

from app.audience.models import Suppression
from app.delivery import hooks
from app.delivery.hooks.told import Brought, Unproven
from app.delivery.inbox.reading import What
from app.delivery.models import CameBackRow, Send, State
from app.delivery.transports import providers
from app.delivery.transports.providers.over_http import OverHttp
from app.links import return_address
from app.links.keyring import Keyring, Kind
from app.links.token import BadToken
from app.platform.config import BadSettings
from app.platform.db import Database
from app.platform.errors import Invalid, NotFound
from app.tally.models import Outcome
from tests.delivery import scenes
from tests.delivery.hooks.events import (
    EVENTS,
    PASSWORD,
    SETTINGS,
    SIGNING,
    SIGNING_KEY,
    UNSUBSCRIBES,
    bounce,
    mailgun,
    postmark,
    proof,
    proven,
    signed_by_mailgun,
    svix,
)
from tests.delivery.hooks.of_ses import NOTHING, TOPIC, at_sns
from tests.delivery.inbox.test_came_back import given
from tests.delivery.providers.answers import PROVIDERS, all_taken, everywhere, mails_of
from tests.delivery.scenes import KEYS, NOW

_END: dict[What | str, tuple[State, tuple[str, ...]]] = {
    What.GONE: (State.BOUNCED, ("bounced",)),
    What.REFUSED: (State.FAILED, ()),
    What.FULL: (State.FAILED, ()),
    What.COMPLAINT: (State.SENT, ("complained",)),
    What.AUTO_REPLY: (State.SENT, ()),
    What.DELIVERED: (State.SENT, ()),
    UNSUBSCRIBES: (State.SENT, ("unsubscribed",)),
}
_BEGINNINGS = (State.SENT, State.UNCERTAIN)


@pytest.fixture(autouse=True)
def _sns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with at_sns(monkeypatch):
        yield


def token(send_id: int, keys: Keyring = KEYS, kind: Kind = Kind.RETURN) -> str:
    return return_address.sign(send_id, kind, keys)


SETTING = " ".join(SETTINGS.values())


def tell(
    database: Database,
    document: Any,
    headers: dict[str, str] | None = None,
    name: str = "postmark",
    *,
    now: datetime = NOW,
) -> bool:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    shown, sent = proof(name, body, NOW)
    brought = Brought(shown, sent) if headers is None else Brought(headers, body)
    return hooks.hear(database, name, brought, setting=SETTING, keyring=KEYS, now=now)


def _end(database: Database) -> tuple[str, tuple[str, ...]]:
    (state,) = scenes.states(database)
    with database.read() as session:
        reasons = tuple(row.reason for row in session.exec(select(Suppression)).all())
    return state, reasons


def _anew(session: Session, send_id: int, state: State) -> None:
    for row in (*session.exec(select(CameBackRow)).all(), *session.exec(select(Suppression)).all()):
        session.delete(row)
    send, outcome = session.get_one(Send, send_id), session.get_one(Outcome, send_id)
    send.state = state
    outcome.unsubscribed_at = outcome.complained_at = None


@pytest.mark.parametrize("name", EVENTS)
def test_every_documented_event_ends_as_the_same_mail_that_came_back(database: Database, name: str):
    """Each twice: the second time changes nothing."""
    send_id = given(database)
    wrong: list[tuple[object, ...]] = []
    for document, says in EVENTS[name](token(send_id)):
        for began in _BEGINNINGS:
            with database.write() as session:
                _anew(session, send_id, began)
            tell(database, document, name=name)
            once = _end(database)
            again = tell(database, document, name=name)
            if again:
                wrong.append((document, began, "new twice"))
            expected = (began, ()) if says == NOTHING else _END[says]
            if (once, _end(database)) != (expected, expected):
                wrong.append((document, began, once))

    assert wrong == []


def test_the_order_of_events_changes_nothing(database: Database):
    send_id = given(database)
    documents = [one for one, says in postmark(token(send_id)) if says in {
        What.DELIVERED, What.GONE, What.COMPLAINT}][:3]  # fmt: skip
    ends = set()
    for order in permutations(documents):
        with database.write() as session:
            _anew(session, send_id, State.UNCERTAIN)
        for document in order:
            tell(database, document)
        state, reasons = _end(database)
        ends.add((state, len(reasons)))

    assert ends == {(State.BOUNCED, 1)}


def test_a_delivery_that_is_told_before_its_sender_settled_counts_once_it_has(database: Database):
    send_id = given(database, State.SENDING)
    delivered = next(one for one, says in postmark(token(send_id)) if says is What.DELIVERED)

    assert tell(database, delivered)
    assert not tell(database, delivered)
    assert scenes.states(database) == [State.SENDING]


def test_a_delivery_that_was_known_leaves_no_row(database: Database):
    send_id = given(database)
    delivered = next(one for one, says in postmark(token(send_id)) if says is What.DELIVERED)

    assert not tell(database, delivered)
    with database.read() as session:
        assert session.exec(select(CameBackRow)).all() == []


def _gone(name: str, token: str) -> bytes:
    return json.dumps(next(one for one, says in EVENTS[name](token) if says is What.GONE)).encode()


@pytest.mark.parametrize("name", EVENTS)
def test_what_is_cut_off_anywhere_changes_nothing(database: Database, name: str):
    shown, sent = proof(name, _gone(name, token(given(database))), NOW)
    for end in range(0, len(sent), len(sent) // 40):
        with pytest.raises((Unproven, Invalid)):
            tell(database, sent[:end], shown, name)

    assert _end(database) == (State.SENT, ())


@pytest.mark.parametrize("name", EVENTS)
def test_what_another_provider_proves_is_proven_by_this_one_no_more(database: Database, name: str):
    """And what carries no proof at all."""
    event = _gone(name, token(given(database)))
    for other in EVENTS.keys() - {name}:
        shown, sent = proof(other, event, NOW)
        with pytest.raises(Unproven):
            tell(database, sent, shown, name)
    with pytest.raises(Unproven):
        tell(database, event, {}, name)

    assert _end(database) == (State.SENT, ())


@pytest.mark.parametrize("name", EVENTS)
def test_a_token_that_is_not_ours_changes_nothing_whoever_brings_it(database: Database, name: str):
    send_id = given(database)
    for named in ("", "x", token(send_id, _OTHERS), token(send_id, kind=Kind.REPLY)):
        assert not tell(database, _gone(name, named), name=name)

    assert _end(database) == (State.SENT, ())


_OTHERS = Keyring.of([b"a secret of somebody else, long enough"])


def test_what_is_forged_or_of_no_mail_of_ours_changes_nothing(database: Database):
    send_id = given(database)
    good = bounce(token(send_id), "HardBounce")
    for headers in ({}, proven("another-password-of-theirs"), {"authorization": "Bearer x"},
                    {"authorization": "Basic é"}, {"authorization": ""}):  # fmt: skip
        with pytest.raises(Unproven):
            tell(database, good, headers)
    for named in ("", "x", token(send_id, _OTHERS), token(send_id, kind=Kind.REPLY),
                  token(send_id + 1), str(send_id)):  # fmt: skip
        assert not tell(database, bounce(named, "HardBounce"))
    for metadata in (None, {}, {"send": None}, {"send": 7}, {"send": ["x"]}):
        assert not tell(database, good | {"Metadata": metadata})

    assert _end(database) == (State.SENT, ())


def test_what_svix_did_not_sign_or_long_ago_changes_nothing(database: Database):
    send_id = given(database)
    good = EVENTS["resend"](token(send_id))[0][0]
    body = json.dumps(good).encode()
    signed = svix(body, NOW)
    theirs = "whsec_" + b64encode(b"of somebody else, thirty-two byt").decode()
    at, _, rest = body.partition(b".")  # what is signed has dots, and so may be cut elsewhere
    cut = {"svix-id": f"{signed['svix-id']}.{signed['svix-timestamp']}"}
    forged: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (rest, signed | cut | {"svix-timestamp": at.decode()}),
        (body, svix(body, NOW, secret=theirs)),
        (body + b" ", signed),
        (body, signed | {"svix-id": "msg_2"}),
        (body, signed | {"svix-timestamp": str(int(NOW.timestamp()) + 1)}),
        (body, signed | {"svix-timestamp": "soon"}),
        (body, signed | {"svix-signature": signed["svix-signature"].replace("v1,", "v2,")}),
        (body, signed | {"svix-signature": "v1,é"}),
        (body, signed | {"svix-signature": ""}),
    ]
    for sent, headers in forged:
        with pytest.raises(Unproven):
            tell(database, sent, headers, "resend")
    for seconds in (-301, 301, 86_400):
        with pytest.raises(Unproven, match="too long ago"):
            tell(database, body, signed, "resend", now=NOW + timedelta(seconds=seconds))
    assert _end(database) == (State.SENT, ())

    assert tell(database, body, signed, "resend", now=NOW + timedelta(seconds=300))
    assert not tell(database, body, signed, "resend")
    assert _end(database) == (State.BOUNCED, ("bounced",))


def _by_mailgun(event: dict[str, Any], signature: Any) -> bytes:
    return json.dumps({"signature": signature, "event-data": event}).encode()


def test_what_mailgun_did_not_sign_or_long_ago_changes_nothing(database: Database):
    send_id = given(database)
    good = mailgun(token(send_id))[0][0]
    signed = signed_by_mailgun(b"one", NOW)
    shifted = signed | {
        "timestamp": signed["timestamp"] + signed["token"][0],
        "token": signed["token"][1:],
    }
    forged: list[Any] = [
        None, [], "x", {}, {"timestamp": signed["timestamp"], "token": signed["token"]},
        signed_by_mailgun(b"one", NOW, key="a-signing-key-of-somebody-else"),
        signed | {"token": signed["token"][::-1]},
        signed | {"timestamp": str(int(NOW.timestamp()) + 1)},
        signed | {"timestamp": "soon"}, signed | {"signature": "é"}, signed | {"signature": ""},
        signed | {"signature": None}, signed | {"token": "\ud800"}, shifted,
        signed | {"signature": "", "parent-signature": "x"},
        signed_by_mailgun(b"one", NOW) | {"signature": 7},
    ]  # fmt: skip
    for one in forged:
        with pytest.raises(Unproven):
            tell(database, _by_mailgun(good, one), {}, "mailgun")
    for seconds in (-301, 9 * 3600 + 1, 86_400):
        at = NOW + timedelta(seconds=seconds)
        with pytest.raises(Unproven, match="too long ago"):
            tell(database, _by_mailgun(good, signed), {}, "mailgun", now=at)
    assert _end(database) == (State.SENT, ())

    late = NOW + timedelta(seconds=9 * 3600)
    assert tell(database, _by_mailgun(good, signed), {}, "mailgun", now=late)
    assert _end(database) == (State.BOUNCED, ("bounced",))


def test_a_token_of_mailgun_is_good_for_the_event_that_it_came_with(database: Database):
    """Its signature does not cover the event: whoever saw one could write another beside it."""
    send_id = given(database)
    by_what = {says: one for one, says in mailgun(token(send_id))}
    signed = signed_by_mailgun(b"one", NOW)

    assert not tell(database, _by_mailgun(by_what[What.DELIVERED], signed), {}, "mailgun")
    for other in (What.GONE, What.COMPLAINT, UNSUBSCRIBES):
        with pytest.raises(Unproven, match="another event"):
            tell(database, _by_mailgun(by_what[other], signed), {}, "mailgun")
    assert not tell(database, _by_mailgun(by_what[What.DELIVERED], signed), {}, "mailgun")
    assert _end(database) == (State.SENT, ())


def test_what_mailgun_signs_by_a_subaccount_is_proven_by_the_main_one(database: Database):
    send_id = given(database)
    signed = signed_by_mailgun(b"one", NOW)
    beside = signed | {"signature": "0" * 64, "parent-signature": signed["signature"]}

    assert tell(database, _by_mailgun(mailgun(token(send_id))[0][0], beside), {}, "mailgun")


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}",
     b'{"RecordType": "Bounce"}', b'{"RecordType": "Bounce", "Type": []}',
     b'{"RecordType": "Bounce", "Type": "HardBounce", "Metadata": [1]}',
     b'{"RecordType": "SubscriptionChange"}', b'{"type": "email.bounced"}',
     b'{"type": "email.bounced", "data": {"bounce": 7}}', b'{"type": [], "data": {}}',
     b'{"event": "failed"}', b'{"event": "failed", "severity": "permanent", "reason": "bounce"}',
     b'{"event": "delivered", "user-variables": [1]}',
     b'{"event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": {}}'],
    ids=lambda one: one[:30].decode("latin-1"),
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(database: Database, body: bytes, name: str):
    with pytest.raises((Invalid, Unproven)) as raised:
        tell(database, body, name=name)

    is_read = "not an event as the provider documents it" in str(raised.value)
    is_json_proven = name == "mailgun" and "carries no signature" in str(raised.value)
    assert is_read or is_json_proven


def test_a_provider_that_is_not_named_is_not_there(database: Database):
    for name, setting in (
        ("postmark", ""),
        ("resend", SETTINGS["postmark"]),
        ("", SETTING),
        ("x" * 99, ""),
    ):
        with pytest.raises(NotFound):
            hooks.hear(
                database, name, Brought(proven(), b"{}"), setting=setting, keyring=KEYS, now=NOW
            )


UNUSABLE = (
    "postmark", "postmark:", "postmark://", "postmark://us@", "postmark://us:short@",
    f"postmark://:{PASSWORD}@", f"postmark://us:{PASSWORD}@host", f"postmark://us:{PASSWORD}@/x",
    f"postmark://us:{PASSWORD}@/?x=1", f"postmark://us%3A:{PASSWORD}@", f"{SETTING} {SETTING}",
    "resend://", "resend://whsec_@", f"resend://{SIGNING[6:]}@", f"resend://{SIGNING[:20]}@",
    f"resend://{SIGNING}:x@", f"resend://{SIGNING}@host", "resend://whsec_é@",
    "mailgun://", "mailgun://short@", f"mailgun://{SIGNING_KEY}@mg.example.com",
    f"mailgun://{SIGNING_KEY}:x@", f"mailgun://{SIGNING_KEY}@/?a=b", f"mailgun://{SIGNING_KEY}é@",
    "ses:", "ses://", "ses:eu-west-1", "ses:arn:aws:sns:eu-west-1:1234:thinslice",
    "ses:arn:aws:sqs:eu-west-1:123456789012:thinslice", f"ses://{TOPIC}", f"ses:{TOPIC}?a=b",
    f"ses:{TOPIC}#a", "ses:arn:aws:sns:evil.example:123456789012:x", f"ses:{TOPIC} ses:{TOPIC}",
    f"sendgrid://us:{PASSWORD}@", f"postmark://us:{PASSWORD}@[",
)  # fmt: skip


@pytest.mark.parametrize("setting", UNUSABLE)
def test_a_setting_that_proves_nothing_is_refused_without_its_secret(setting: str):
    with pytest.raises(BadSettings, match="THINSLICE_MAIL_EVENTS") as raised:
        hooks.sources(setting)

    assert PASSWORD not in str(raised.value)
    assert SIGNING[6:18] not in str(raised.value)
    assert SIGNING_KEY not in str(raised.value)


@pytest.mark.parametrize("is_lost", [False, True], ids=["taken", "lost"])
@pytest.mark.parametrize("name", EVENTS)
def test_from_a_launch_to_what_became_of_each(
    database: Database, tmp_path: Path, name: str, is_lost: bool
):
    """Two were delivered and one bounced, whether or not the provider's answer was lost."""
    documented = PROVIDERS[name]
    settings = scenes.SETTINGS.model_copy(update={"mail": documented.mail, "demo": False})
    scenes.launched(database, people=3)
    by_person: dict[str, str] = {}

    def taken(request: httpx.Request) -> httpx.Response:
        mails = mails_of(request.content)
        for mail in mails:
            person = _found(rb"p\d@bakery\.example", mail)
            by_person[person] = next(filter(_is_ours, _WORD.findall(mail))).decode()
        if is_lost:
            raise httpx.ReadTimeout("no answer", request=request)
        return all_taken(name, len(mails))

    with respx.mock:
        everywhere(name).mock(side_effect=taken)
        transport = OverHttp(providers.read(documented.mail))
        asyncio.run(scenes.run(scenes.sender(database, tmp_path, transport, settings=settings)))
    assert scenes.states(database) == [State.UNCERTAIN if is_lost else State.SENT] * 3

    for number, says in ((0, What.DELIVERED), (1, What.GONE), (2, What.DELIVERED)):
        events = EVENTS[name](by_person[f"p{number}@bakery.example"])
        tell(database, next(one for one, of in events if of is says), name=name)

    assert scenes.states(database) == [State.SENT, State.BOUNCED, State.SENT]


_WORD = re.compile(rb"(?<![a-z2-7])[a-z2-7]{31}(?![a-z2-7])")


def _found(pattern: bytes, content: bytes) -> str:
    found = re.search(pattern, content)
    assert found is not None
    return found[0].decode()


def _is_ours(word: bytes) -> bool:
    with suppress(BadToken):
        return return_address.read(word.decode(), Kind.RETURN, KEYS) > 0
    return False
