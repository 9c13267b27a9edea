"""Passwords: kept with argon2, a few at a time, for each takes memory and a fifth of a second."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import NewType

from pwdlib import PasswordHash

from app.platform.errors import Invalid, TooMany

Hashed = NewType("Hashed", str)  # so that nobody keeps a password as it was typed

SHORTEST = 10  # characters; length beats rules about signs (NIST SP 800-63B)
_LONGEST = 1000
_AT_ONCE = BoundedSemaphore(2)  # argon2 takes 64 MB a piece
_WAITING = BoundedSemaphore(10)  # each holds one of the threads that pages are made in
_hasher = PasswordHash.recommended()


def hashed(password: str) -> Hashed:
    """The password as it is kept; one that is too short is refused with a sentence.

    It takes a fifth of a second: call it before a transaction that writes, never in one.
    """
    if not SHORTEST <= len(password) <= _LONGEST or len(set(password)) < 4:
        raise Invalid.at(
            "password",
            f"The password must have at least {SHORTEST} characters, and not all alike.",
        )
    with _turn():
        return Hashed(_hasher.hash(password))


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password; takes as long where there is none, or an empty one."""
    with _turn():
        nobodys = _nobodys()  # asked for either way: the first log-in tells nothing by its time
        right = _hasher.verify(password[:_LONGEST], kept or nobodys)
    return right and bool(kept)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for a turn, unless so many wait that pages would find no thread."""
    if not _WAITING.acquire(blocking=False):
        raise TooMany("Many people are logging in right now. Try again in a few seconds.")
    try:
        with _AT_ONCE:
            yield
    finally:
        _WAITING.release()


@cache
def _nobodys() -> str:
    """Compared for an unknown address, so that it takes the same time."""
    return _hasher.hash("nobody has this password")
