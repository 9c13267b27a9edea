"""Codes of an app: the numbers of RFC 6238, appendix B, and a window of a minute and a half."""

from datetime import UTC, datetime, timedelta

import pytest

from app.identity import totp

SECRET = b"12345678901234567890"
NOW = datetime(2026, 11, 25, 9, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1111111111, "14050471"),
     (1234567890, "89005924"), (2000000000, "69279037"), (20000000000, "65353130")],
)  # fmt: skip
def test_the_published_codes(seconds: int, code: str):
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))

    assert totp.code_at(SECRET, step, digits=8) == code
    assert totp.code_at(SECRET, step) == code[2:]


@pytest.mark.parametrize(
    ("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_step_before_and_after_opens_too(steps: int, opens: bool):
    code = totp.code_at(SECRET, totp.step_at(NOW) + steps)

    found = totp.step_of(SECRET, code, now=NOW)

    assert found == (totp.step_at(NOW + timedelta(seconds=30 * steps)) if opens else None)


@pytest.mark.parametrize("code", ["", "0", "abcdef", "١٢٣٤٥٦", "1" * 20, "\x00"])
def test_what_is_no_code_opens_nothing(code: str):
    assert totp.step_of(SECRET, code, now=NOW) is None


def test_the_address_names_account_and_issuer():
    written = totp.address("ABC", account="ann+x@b.example", issuer="Thinslice")

    assert written == "otpauth://totp/Thinslice%3Aann%2Bx%40b.example?secret=ABC&issuer=Thinslice"
