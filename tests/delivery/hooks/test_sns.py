"""Messages of SNS: what proves them, what is asked of whom because of them."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import Any

import httpx
import pytest
import respx

from app.delivery import hooks
from app.delivery.hooks import sns
from app.delivery.hooks.told import Brought, Unproven
from app.delivery.inbox.reading import What
from app.delivery.models import State
from app.links import return_address
from app.links.keyring import Kind
from app.platform.db import Database
from app.platform.errors import Invalid
from app.platform.outbound import Outbound, Unreachable
from tests.delivery import scenes
from tests.delivery.hooks.of_ses import (
    CERTIFICATE,
    CONFIRMATION,
    HOST,
    TOPIC,
    AtSns,
    at_sns,
    confirmation,
    message,
    pem,
    ses,
    signed,
)
from tests.delivery.inbox.test_came_back import given
from tests.delivery.scenes import KEYS, NOW


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[AtSns]:
    with at_sns(monkeypatch) as found:
        yield found


def tell(database: Database, body: bytes, *, now: datetime = NOW) -> bool:
    brought = Brought({}, body)
    return hooks.hear(database, "ses", brought, setting=f"ses:{TOPIC}", keyring=KEYS, now=now)


def _gone(database: Database) -> str:
    token = return_address.sign(given(database), Kind.RETURN, KEYS)
    return json.dumps(next(one for one, says in ses(token) if says is What.GONE))


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_prove_and_the_certificate_is_fetched_once(
    database: Database, there: AtSns, version: str
):
    event = _gone(database)
    body = signed(message(event, NOW, SignatureVersion=version))

    assert tell(database, body)
    assert not tell(database, body)
    assert scenes.states(database) == [State.BOUNCED]
    assert there.asked == [CERTIFICATE]


def _but(body: bytes, **more: Any) -> bytes:
    return json.dumps(json.loads(body) | more).encode()


def test_what_sns_did_not_sign_changes_nothing_and_asks_nothing_of_others(
    database: Database, there: AtSns
):
    event = _gone(database)
    good = signed(message(event, NOW))
    elsewhere = (
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        f"{HOST}:8443/SimpleNotificationService-0123456789abcdef.pem",
        f"{HOST}/bucket/SimpleNotificationService-0123456789abcdef.pem",
        f"{HOST}/SimpleNotificationService-0123456789abcdef.pem?x=.pem", f"{CERTIFICATE}\n",
        f"{HOST}/x.pem", "https://evil.example/x.pem", "", f" {CERTIFICATE}",
    )  # fmt: skip
    forged = [
        *(signed(message(event, NOW, SigningCertURL=one)) for one in elsewhere),
        signed(message(event, NOW), whose="somebody else"),
        signed(message(event, NOW, TopicArn=TOPIC + "x")),
        signed(message(event, NOW, TopicArn=TOPIC.replace("123456789012", "210987654321"))),
        *(_but(good, **{name: json.loads(good)[name] + "x"})
          for name in ("Message", "MessageId", "Subject", "Timestamp", "Type")),
        _but(good, SignatureVersion="3"), _but(good, SignatureVersion="1"),
        _but(good, Signature=""), _but(good, Signature="é"), _but(good, Signature=7),
        _but(good, SigningCertURL=None), _but(good, Timestamp=7), _but(good, TopicArn=None),
        _but(good, Type=None), b"", b"{", b"[]", b"null", b"7", b"\xff", b"[" * 100_000,
    ]  # fmt: skip
    wrong = []
    for body in forged:
        try:
            tell(database, body)
        except Unproven:
            continue
        wrong.append(body)

    assert wrong == []
    assert scenes.states(database) == [State.SENT]
    assert set(there.asked) <= {CERTIFICATE}


@pytest.mark.parametrize("hours", [-1, 3, 24])
def test_what_was_signed_long_ago_changes_nothing(database: Database, there: AtSns, hours: int):
    body = signed(message(_gone(database), NOW - timedelta(hours=hours)))
    with pytest.raises(Unproven, match="too long ago"):
        tell(database, body)

    assert scenes.states(database) == [State.SENT]


def test_a_message_that_is_repeated_for_an_hour_is_still_taken(database: Database, there: AtSns):
    assert tell(database, signed(message(_gone(database), NOW - timedelta(hours=1))))


def test_a_number_is_good_for_the_message_that_it_came_with(database: Database, there: AtSns):
    event = _gone(database)
    first = signed(message("{}", NOW, MessageId="one"))
    with pytest.raises(Invalid):
        tell(database, first)
    with pytest.raises(Unproven, match="another event"):
        tell(database, signed(message(event, NOW, MessageId="one")))

    assert scenes.states(database) == [State.SENT]


@pytest.mark.parametrize(
    "begins", [datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)]
)
def test_a_certificate_that_is_not_valid_now_proves_nothing(
    database: Database, there: AtSns, begins: datetime
):
    there.lies[CERTIFICATE] = pem("SNS", begins)
    with pytest.raises(Unproven, match="not valid now"):
        tell(database, signed(message(_gone(database), NOW)))


def test_a_certificate_that_does_not_lie_there_is_asked_for_again(database: Database, there: AtSns):
    body = signed(message(_gone(database), NOW))
    for lies in (b"no certificate", None):
        sns._certificate.cache_clear()
        there.lies = {} if lies is None else {CERTIFICATE: lies}
        with pytest.raises(Unproven):
            tell(database, body)
    there.lies = {CERTIFICATE: pem()}

    assert tell(database, body)


def test_our_topic_is_confirmed_at_sns(database: Database, there: AtSns):
    assert tell(database, signed(confirmation(NOW)))
    assert there.asked == [CERTIFICATE, CONFIRMATION]


def test_nothing_else_is_confirmed(database: Database, there: AtSns):
    other = TOPIC.replace("thinslice", "theirs")
    forged = [
        signed(confirmation(NOW), whose="somebody else"),
        signed(confirmation(NOW, TopicArn=other)),
        *(signed(confirmation(NOW, SubscribeURL=url)) for url in (
            "https://evil.example/?Action=ConfirmSubscription&TopicArn=" + TOPIC,
            CONFIRMATION.replace("https", "http"), CONFIRMATION.replace("eu-west-1.", "eu-west-2."),
            CONFIRMATION.replace("thinslice", "theirs"), CONFIRMATION.replace("Confirm", "Delete"),
            CONFIRMATION.replace("sns.eu", "u@sns.eu"), CONFIRMATION.replace("/?", "/x?"),
            CONFIRMATION.replace(".com/", ".com:8443/"), f"{HOST}/", "", "https://[",
        )),
    ]  # fmt: skip
    for body in forged:
        with pytest.raises(Unproven):
            tell(database, body)

    assert set(there.asked) <= {CERTIFICATE}


def test_a_confirmation_that_sns_does_not_take_is_asked_for_again(database: Database, there: AtSns):
    del there.lies[CONFIRMATION]
    with pytest.raises(Unreachable, match="confirmation"):
        tell(database, signed(confirmation(NOW)))


def test_a_subscription_that_ended_is_told_in_the_log(
    database: Database, there: AtSns, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        assert not tell(database, signed(confirmation(NOW, Type="UnsubscribeConfirmation")))

    assert f"ended the subscription of {TOPIC}" in caplog.text
    assert there.asked == [CERTIFICATE]


def test_sns_is_asked_through_our_own_way_out(database: Database, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.216.34"]

    monkeypatch.setattr(sns, "OUTBOUND", Outbound(resolve=resolve))
    sns._certificate.cache_clear()
    path = CERTIFICATE.removeprefix(HOST)
    with respx.mock:
        route = respx.get(f"https://93.184.216.34{path}")
        route.mock(return_value=httpx.Response(200, content=pem()))
        assert tell(database, signed(message(_gone(database), NOW)))
    sns._certificate.cache_clear()

    assert asked == ["sns.eu-west-1.amazonaws.com"]


def test_where_sns_cannot_be_reached_the_message_comes_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sns, "OUTBOUND", Outbound(resolve=lambda _host, _port: []))
    sns._certificate.cache_clear()
    with pytest.raises(Unreachable):
        tell(database, signed(message(_gone(database), NOW)))

    assert scenes.states(database) == [State.SENT]


def test_what_others_publish_is_read_in_one_way_alone(
    database: Database, there: AtSns, caplog: pytest.LogCaptureFixture
):
    """Their own topic is signed for them, by the same key: ours may not stand within its lines."""
    theirs = {"MessageId": "2", "Timestamp": NOW.isoformat(), "TopicArn": TOPIC + "x"}
    rest = "".join(f"{name}\n{value}\n" for name, value in theirs.items())
    whole = message("x", NOW, Type=f"UnsubscribeConfirmation\n{rest}Type\nNotification")
    whole.pop("Subject", None)

    for said in (whole, message("x", NOW, Type="Else"), message("{}", NOW, MessageId="1\n2")):
        with pytest.raises(Unproven, match="no type"):
            tell(database, signed(said))
    assert "ended the subscription" not in caplog.text


def test_certificates_that_do_not_come_take_few_threads(
    database: Database, there: AtSns, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sns, "_turns", BoundedSemaphore(1))
    body = signed(message(_gone(database), NOW))
    with sns._turns, pytest.raises(Unreachable, match="again"):
        tell(database, body)

    assert tell(database, body)
