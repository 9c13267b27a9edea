"""The secrets that sign: told apart without being told."""

import hashlib
import hmac
import subprocess
import sys
from base64 import urlsafe_b64encode
from struct import pack

import pytest

from app.links.keyring import Keyring, Kind
from app.links.token import TrackedLink, sign

SECRET = b"a new secret of forty characters or so!!"
OTHER = b"an old secret of forty characters or so!"


@pytest.mark.parametrize("kind", Kind)
def test_a_token_is_an_hmac_under_a_key_derived_as_in_rfc_5869(kind: Kind):
    # a second derivation, from the RFC's two steps: extract with a salt of zeros, expand once
    extracted = hmac.digest(bytes(32), SECRET, "sha256")
    key = hmac.digest(extracted, b"thinslice link " + kind.encode() + b"\x01", "sha256")
    body = pack(">BIQB", hashlib.sha256(SECRET).digest()[0], 7, 8, 9)

    expected = urlsafe_b64encode(body + hmac.digest(key, body, "sha256")[:10]).decode()

    assert sign(TrackedLink(7, 8, 9), kind, Keyring.of([SECRET])) == expected


def test_no_secret_is_no_keyring():
    with pytest.raises(ValueError, match="at least one secret"):
        Keyring.of([])


def test_two_different_secrets_with_one_key_id_are_refused():
    wanted = hashlib.sha256(SECRET).digest()[0]
    twin = next(
        secret
        for secret in (f"secret number {number}".encode() for number in range(10_000))
        if hashlib.sha256(secret).digest()[0] == wanted
    )

    with pytest.raises(ValueError, match="same key id"):
        Keyring.of([SECRET, twin])


def test_fingerprints_stay_the_same_and_follow_the_order_of_the_secrets():
    # stored in databases: a change here locks every installation out
    assert Keyring.of([SECRET]).fingerprints() == ("8421df04760d50759bb3179f60c5501a",)
    assert (
        Keyring.of([SECRET, OTHER]).fingerprints()
        == Keyring.of([OTHER, SECRET]).fingerprints()[::-1]
    )


def test_neither_fingerprints_nor_the_printed_keyring_hold_a_secret():
    keyring = Keyring.of([SECRET])
    shown = repr(keyring) + "".join(keyring.fingerprints())

    assert SECRET.decode() not in shown
    assert SECRET.hex() not in shown
    assert hashlib.sha256(SECRET).hexdigest()[:8] not in shown


def test_importing_the_room_imports_no_framework_and_no_database():
    program = (
        "import sys, app.links.token;"
        "heavy = {'fastapi', 'starlette', 'sqlalchemy', 'sqlmodel', 'pydantic', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
