"""60 calls a minute of each token, counted by each web process."""

import math

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.agents import refusals
from app.platform import clock

CALLS = 60
_PER_TOKEN = RateLimitItemPerMinute(CALLS)
_limiter = MovingWindowRateLimiter(MemoryStorage())


def check(token_id: str) -> None:
    """Count one call. Raises TooMany, with how long to wait."""
    if not _limiter.hit(_PER_TOKEN, "agents", token_id):
        opens = _limiter.get_window_stats(_PER_TOKEN, "agents", token_id).reset_time
        raise refusals.too_fast(max(1, math.ceil(opens - clock.machine_micros() / 1_000_000)))
