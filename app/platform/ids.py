"""Opaque ids that sort by the time they were made, so that a list's cursor is its last id."""

import secrets
from threading import Lock

from app.platform import clock

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_TIME_CHARS = 9  # 45 bits of milliseconds reach the year 3084
_RANDOM_CHARS = 11  # 54 random bits: two processes collide in one millisecond once in 1.8e16


_lock = Lock()
_last = (0, 0)  # the stamp and the random part of the id before


def new_id() -> str:
    """Twenty characters, safe in a path; within a process each sorts after the one before."""
    global _last  # noqa: PLW0603 - a file's people keep the file's order
    with _lock:
        stamp = max(clock.micros() // 1000, _last[0])
        again = stamp == _last[0]
        _last = (stamp, _last[1] + 1 if again else secrets.randbits(54))
        stamp, number = _last
    return _encode(stamp, _TIME_CHARS) + _encode(number, _RANDOM_CHARS)


def _encode(number: int, width: int) -> str:
    letters: list[str] = []
    for _ in range(width):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))
