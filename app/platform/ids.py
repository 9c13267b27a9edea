"""Opaque ids that sort by the time they were made, so that a list's cursor is its last id."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_TIME_CHARS = 9  # 45 bits of milliseconds reach the year 3084
_RANDOM_CHARS = 11  # 55 bits: two ids of one millisecond collide once in 3.6e16


def new_id() -> str:
    """Twenty characters, safe in a path."""
    stamp = time.time_ns() // 1_000_000
    return _encode(stamp, _TIME_CHARS) + _encode(secrets.randbits(55), _RANDOM_CHARS)


def _encode(number: int, width: int) -> str:
    letters: list[str] = []
    for _ in range(width):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
