"""Codes of six digits that change every half minute (TOTP, RFC 6238, over HOTP, RFC 4226)."""

import hmac
from datetime import datetime
from urllib.parse import quote

_STEP_SECONDS = 30
_DIGITS = 6
_AROUND = 1  # steps before and after: two clocks differ, and people type (RFC 6238, 5.2)


def code_at(secret: bytes, step: int, *, digits: int = _DIGITS) -> str:
    """The code of a step, with HMAC-SHA-1, which every app knows."""
    mac = hmac.new(secret, step.to_bytes(8), "sha1").digest()
    offset = mac[-1] & 0xF
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(now: datetime) -> int:
    """Half minutes since 1970."""
    return int(now.timestamp()) // _STEP_SECONDS


def step_of(secret: bytes, code: str, *, now: datetime) -> int | None:
    """The step around now that this is the code of; None where there is none."""
    present, found = step_at(now), None
    for step in range(present - _AROUND, present + _AROUND + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            found = step
    return found


def address(secret_base32: str, *, account: str, issuer: str) -> str:
    """What an app reads from the square picture."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?secret={secret_base32}&issuer={quote(issuer)}"
