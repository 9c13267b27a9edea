"""Where an answer may be sent: addresses that a program registered, letter by letter.

An address is what a browser reads it as, or it is refused: whatever two programs could read in two
ways (a user before the host, a backslash, a name in capitals, a number for a host) is none.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from app.platform.errors import AppError

Shape = re.Match[str]
_LONGEST = 500
MOST = 10  # addresses of one program
# What an address may be written with (RFC 3986), less `'`, and less what begins a fragment.
_WRITTEN = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&()*+,;=-]|%[0-9A-Fa-f]{2})+")
_SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<host>[^/?]*?)(?P<port>:[0-9]{1,5})?(?P<rest>[/?].*)?"
)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})
_OURS = frozenset({"code", "state", "iss", "error", "error_description"})  # of the answer


class BadRedirect(AppError):
    """An answer is not sent there."""

    status = 400
    title = "This agent cannot be let in"


def check(address: str) -> str:
    """The address, where an answer may be sent to it. Raises BadRedirect."""
    if why := _why_not(address):
        raise BadRedirect(f"The address for the answer {why}.")
    return address


def _why_not(address: str) -> str | None:
    shape = _SHAPE.fullmatch(address)
    if len(address) > _LONGEST or not _WRITTEN.fullmatch(address) or shape is None:
        return (
            f"is not one of {_LONGEST} characters or fewer that begins with https://, or with"
            " http:// for this machine, without a part after #"
        )
    return next(filter(None, (rule(shape) for rule in _RULES)), None)


def _has_user(shape: Shape) -> str | None:
    return "has a user before its host" if "@" in shape["host"] else None


def _has_no_host(shape: Shape) -> str | None:
    is_port = int((shape["port"] or ":1")[1:]) in range(1, 65536)
    is_whole = _is_host(shape["host"]) and is_port
    return None if is_whole else "has no host in small letters and ASCII"


def _is_in_the_clear(shape: Shape) -> str | None:
    if shape["scheme"] == "https" or shape["host"] in _LOOPBACK:
        return None
    return "begins with http:// and leads to another machine: https:// is wanted"


def _says_our_answer(shape: Shape) -> str | None:
    query = parse_qsl((shape["rest"] or "").partition("?")[2], keep_blank_values=True)
    is_ours = _OURS & {name for name, _ in query}
    return "says itself what the answer will say" if is_ours else None


_RULES = (_has_user, _has_no_host, _is_in_the_clear, _says_our_answer)


def _is_host(written: str) -> bool:
    """A name or an address that is written in the one way in which everybody reads it."""
    try:
        if written.startswith("["):
            return f"[{ipaddress.IPv6Address(written[1:-1])}]" == written
        last = written.rpartition(".")[2]
        if last.isdigit() or last.startswith("0x"):
            return str(ipaddress.IPv4Address(written)) == written
    except ValueError:
        return False
    return bool(_NAME.fullmatch(written)) and len(written) < 254


def is_registered(address: str, registered: Iterable[str]) -> bool:
    """Whether it is one of these; on this machine a program may listen at any port (RFC 8252)."""
    return any(address == one or _portless(address) == _portless(one) for one in registered)


def _portless(address: str) -> str | object:
    shape = _SHAPE.fullmatch(address)
    if shape is None or shape["scheme"] != "http" or shape["host"] not in _LOOPBACK:
        return object()  # like nothing else
    return f"{shape['host']}{shape['rest'] or ''}"


def host_of(address: str) -> str:
    """Whom an address belongs to, as a person reads it."""
    shape = _SHAPE.fullmatch(address)
    return shape["host"] if shape else ""  # a row that is damaged takes no other away


def is_here(address: str) -> bool:
    """Whether it leads to a program on the machine of whoever looks at the page."""
    return address.startswith("http://")


def answered(address: str, **said: str) -> str:
    """The address with the answer in it."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(said)}"
