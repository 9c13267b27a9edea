"""When a push is tried again: the published times, for every connector."""

from datetime import datetime, timedelta

# Standard Webhooks 1.0's example schedule: 0 s, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h.
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)


def next_try(attempts: int, *, now: datetime, asked_seconds: float) -> datetime | None:
    """When to try again after so many tries; later where the other side asks; None: give up."""
    if attempts >= len(WAITS):
        return None
    return now + max(WAITS[attempts], timedelta(seconds=asked_seconds))
