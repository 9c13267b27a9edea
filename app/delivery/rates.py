"""A rate that somebody set, as a bucket of tokens that all machines draw from.

It holds what may leave in two seconds, one mail at least, so that whoever looks once a second
misses nothing. So much less comes in during the minute that no minute, wherever it begins, has more
mails than were allowed.
"""

from dataclasses import dataclass
from datetime import datetime

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """`tokens` mails may leave, as it stood `at` a moment."""

    tokens: float
    at: datetime


def holds(rate: int) -> int:
    """How many tokens at most, of a rate of mails a minute."""
    return 1 + rate // 30


def filled(bucket: Bucket | None, rate: int, *, now: datetime) -> Bucket:
    """The same bucket now; a full one where nothing was ever taken.

    A clock that was set back fills nothing, and counts from there.
    """
    if bucket is None:
        return Bucket(float(holds(rate)), now)
    seconds = max(0.0, (now - bucket.at).total_seconds())
    tokens = min(float(holds(rate)), bucket.tokens + seconds * _a_second(rate))
    return Bucket(tokens, now)


def seconds_until_one(bucket: Bucket, rate: int) -> float:
    """How long until a mail may leave; 0 where one may now."""
    return max(0.0, (1.0 - bucket.tokens) / _a_second(rate))


def _a_second(rate: int) -> float:
    return (rate - holds(rate) + 1) / _MINUTE
