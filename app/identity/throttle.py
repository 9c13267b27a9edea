"""Slows down whoever guesses passwords, and never locks out whom they guess at."""

import ipaddress

from limits import RateLimitItemPerMinute, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.platform.errors import TooMany

# Both are per caller's address, of IPv6 per /64: a victim elsewhere is not touched (ASVS 6.1.1).
_PER_CALLER = RateLimitItemPerMinute(30)
_PER_ACCOUNT = parse("5/minute")
_WAIT = "Too many tries. Wait a minute, then try again."
# Of codes beside a password, whoever asks: to have tried one, the password must be known.
_CODES = parse("30/hour")
# Of the way to an identity provider and back: nothing is guessed there, and an office shares one
# address. What is refused there stands in the audit, so of that there is less.
_ON_THE_WAY = RateLimitItemPerMinute(120)
_REFUSED = RateLimitItemPerMinute(30)
# Programs that register themselves: an office has a few a day, a flood has no end. Of a flood from
# many networks a thousand rows stay (oauth.programs), so what registers lives twenty minutes in it;
# a lower bound for all would shut others out sooner than it helps.
_REGISTERED = parse("20/hour")
_REGISTERED_BY_ALL = parse("3000/hour")
# New tokens for an old one: each leaves a row for a month, and a program needs two an hour.
_RENEWED = parse("30/hour")
# Documents of programs that are fetched because somebody looks at the page that asks.
_LOOKED_UP = RateLimitItemPerMinute(30)
_limiter = MovingWindowRateLimiter(MemoryStorage())


def check_log_in(*, caller: str, email: str) -> None:
    """Count one try; raise TooMany past five a minute for an account, thirty in all."""
    account, where = email.strip().lower(), _network(caller)
    allowed = _limiter.hit(_PER_CALLER, "log-in", where) and _limiter.hit(
        _PER_ACCOUNT, "log-in", where, account
    )
    if not allowed:
        raise TooMany(_WAIT)


def check_way(step: str, *, caller: str) -> None:
    """Count one step to the identity provider or back; raise TooMany past 120 a minute."""
    if not _limiter.hit(_ON_THE_WAY, "way", step, _network(caller)):
        raise TooMany(_WAIT)


def check_refused(*, caller: str) -> None:
    """Count one log-in that the provider's answer did not allow; raise TooMany past thirty."""
    if not _limiter.hit(_REFUSED, "refused", _network(caller)):
        raise TooMany(_WAIT)


def check_unproven(*, caller: str) -> None:
    """Count one event that no provider of ours sent; raise TooMany past thirty a minute."""
    if not _limiter.hit(_REFUSED, "unproven", _network(caller)):
        raise TooMany(_WAIT)


def check_codes(user_id: str) -> None:
    """Count one code; raise TooMany past thirty an hour for an account, from wherever."""
    if not _limiter.hit(_CODES, "code", user_id):
        raise TooMany(
            "Too many codes were tried for this account. Wait an hour; if it was not you, somebody"
            " knows your password: have it changed."
        )


def check_registering(*, caller: str) -> None:
    """Count one program; raise TooMany past twenty an hour for a network, 3,000 for all."""
    allowed = _limiter.hit(_REGISTERED, "register", _network(caller)) and _limiter.hit(
        _REGISTERED_BY_ALL, "register"
    )
    if not allowed:
        raise TooMany("Too many programs registered within an hour. Try again later.")


def check_renewing(grant_id: str) -> None:
    """Count one renewal; raise TooMany past thirty an hour for what somebody allowed."""
    if not _limiter.hit(_RENEWED, "renew", grant_id):
        raise TooMany("Tokens are renewed too often. Use an access token until it is too old.")


def check_looking_up(user_id: str) -> None:
    """Count one look at a page that fetches; raise TooMany past thirty a minute for a person."""
    if not _limiter.hit(_LOOKED_UP, "look up", user_id):
        raise TooMany(_WAIT)


def _network(caller: str) -> str:
    """Whom an address belongs to: of IPv6 a house gets 2**64 of them, so they count as one."""
    try:
        address = ipaddress.ip_address(caller.split("%", maxsplit=1)[0])
    except ValueError:
        return caller  # a socket file
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))
