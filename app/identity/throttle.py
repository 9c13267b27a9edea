"""Slows down whoever guesses passwords, and never locks out whom they guess at."""

from limits import RateLimitItemPerMinute, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.platform.errors import TooMany

# Both are per caller's address: a victim elsewhere is not touched (ASVS 6.1.1).
_PER_CALLER = RateLimitItemPerMinute(30)
_PER_ACCOUNT = parse("5/minute")
_limiter = MovingWindowRateLimiter(MemoryStorage())


def check_log_in(*, caller: str, email: str) -> None:
    """Count one try; raise TooMany past five a minute for an account, thirty in all."""
    account = email.strip().lower()
    allowed = _limiter.hit(_PER_CALLER, "log-in", caller) and _limiter.hit(
        _PER_ACCOUNT, "log-in", caller, account
    )
    if not allowed:
        raise TooMany("Too many tries. Wait a minute, then try again.")


def forget_tries() -> None:
    """Begin counting anew."""
    _limiter.storage.reset()
