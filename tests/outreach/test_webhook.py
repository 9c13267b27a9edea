"""Signatures against the standard's own example, and a verifier written a second time."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError

from app.outreach import connecting, store
from app.outreach.connectors import webhook
from app.outreach.connectors.ports import Request, Verdict
from app.outreach.push_worker import ROTATION
from app.platform import clock
from app.platform.errors import Invalid
from app.platform.outbound import Answer
from tests.outreach.conftest import NOW, VAULT, World
from tests.outreach.test_connectors import PARCEL

HOOK = replace(PARCEL, settings={"url": "https://hooks.example/x"}, secrets={})


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver does it, from the text of the standard."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    key = base64.b64decode(secret.split("_", 1)[1])
    wanted = base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
    return f"v1,{wanted}" in headers["webhook-signature"].split(" ")


def test_the_standards_example_is_signed_as_it_says():
    # standard-webhooks/standard-webhooks, libraries/python/tests/test_webhooks.py
    signature = webhook.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )

    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(min_size=24, max_size=64), st.text(max_size=50))
def test_a_receiver_can_verify_whatever_is_said(key: bytes, comment: str):
    secret = webhook.PREFIX + base64.b64encode(key).decode()
    parcel = replace(HOOK, secrets={"secret": secret}, facts={"comment": comment})

    request = webhook.CONNECTOR.write(parcel, None)

    assert verified(secret, dict(request.headers), request.content or b"")


@given(st.binary(min_size=24, max_size=64), st.text(max_size=50))
def test_the_standards_own_library_verifies_it(key: bytes, comment: str):
    secret = webhook.PREFIX + base64.b64encode(key).decode()
    old = webhook.new_secret()
    parcel = replace(
        HOOK,
        secrets={"secret": secret},
        old_secrets={"secret": old},
        facts={"comment": comment},
        now=clock.now() - clock.shift(),  # the library reads the machine's own clock
    )
    request = webhook.CONNECTOR.write(parcel, None)
    body, headers = request.content or b"", dict(request.headers)

    for known in (secret, old):
        assert StandardWebhook(known).verify(body, headers)["data"]["comment"] == comment
    with pytest.raises(WebhookVerificationError):
        StandardWebhook(webhook.new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        StandardWebhook(secret).verify(body + b" ", headers)


def test_it_says_what_happened_to_what_and_when():
    request = written({"secret": webhook.new_secret()})

    said = json.loads(request.content or b"")
    assert (said["type"], said["timestamp"]) == ("key_result.valued", "2026-11-23T09:00:00Z")
    assert said["data"]["subject"] == "kr"
    assert request.headers["webhook-id"] == "e1"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_§", "x" * 40])
def test_a_secret_that_the_standard_does_not_know_is_refused(secret: str):
    with pytest.raises(Invalid, match="24 to 64 bytes"):
        webhook.key_of(secret)


@pytest.mark.parametrize("status", [301, 302, 400, 404, 500])
def test_anything_but_2xx_is_tried_again(status: int):
    outcome = webhook.CONNECTOR.read(Answer(status, {}, b""), HOOK)

    assert outcome.verdict is Verdict.RETRY


def test_410_is_a_farewell():
    assert webhook.CONNECTOR.read(Answer(410, {}, b""), HOOK).verdict is Verdict.DISABLE


def test_while_a_secret_is_rotated_both_sign_and_a_day_later_one(world: World):
    old = webhook.new_secret()
    world.webhook(old)
    with world.database.write() as session:
        new = connecting.rotate(session, store.connector_of(session, "hook"), VAULT, now=NOW)
    world.put(1)
    world.tell()
    world.push()
    world.now += ROTATION + timedelta(seconds=1)
    world.put(2)
    world.tell()
    world.push()

    during, after = world.receiver.asked
    assert [verified(one, during["headers"], during["content"]) for one in (old, new)] == [True] * 2
    assert [verified(one, after["headers"], after["content"]) for one in (old, new)] == [
        False,
        True,
    ]


def written(secrets: dict[str, str]) -> Request:
    return webhook.CONNECTOR.write(replace(HOOK, secrets=secrets), None)
