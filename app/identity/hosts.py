"""Under which names pages and API answer: what somebody else points at us gets no page of ours."""

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers

from app.platform.errors import AppError

# A name or an address and perhaps a port, nothing else (RFC 9112, 3.2): no user, no path, no zone.
_HOST = re.compile(r"(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?")


class Misdirected(AppError):
    """The request was meant for a name that is not ours."""

    status = 421
    title = "Not served under this name"


def refuse_foreign(headers: Headers, ours: Collection[str]) -> None:
    """Refuse a `Host` that is neither of `ours` nor this machine's own. Ports do not matter."""
    named = headers.getlist("host")
    if len(named) != 1 or not _is_ours(named[0], ours):
        raise Misdirected(
            "Nothing is served under this name. The operator says in THINSLICE_PUBLIC_URL where"
            " pages are, and in THINSLICE_ALLOWED_HOSTS which other names may be used."
        )


def _is_ours(written: str, ours: Collection[str]) -> bool:
    written_so = _HOST.fullmatch(written)
    if written_so is None:
        return False
    host = written_so["host"].strip("[]").lower().removesuffix(".")
    return host in ours or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
