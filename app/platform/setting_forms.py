"""How settings must be written, looked at before anything starts: what is not so is a sentence."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "THINSLICE_"
SQL = "SQL_"  # and a name: a database that key results may be read from
_NEEDED = {
    "OIDC_": "OIDC_ISSUER",
    "DKIM_": "DKIM_KEY",
}  # settings that begin so do nothing where this one is empty
_ELSEWHERE = {"TOKEN", "CLOCK_SHIFT_SECONDS", "PARENT_PIPE"}  # read where they are used
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")


def networks(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks of proxies; a name is none, for requests come from addresses."""
    for address in addresses:
        try:
            ip_network(address, strict=False)
        except ValueError as error:
            raise ValueError(
                f"must be addresses or networks such as 10.0.0.5 or 10.0.0.0/8, not “{address}”"
            ) from error
    return addresses


def hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of hosts as `Host:` has them, their port left out."""
    for name in names:
        if not _HOST.fullmatch(name) and not _is_ip(name):
            raise ValueError(
                f"must be names such as thinslice.internal, without https://, port or path,"
                f" not “{name}”"
            )
    return names


def database(url: str) -> str:
    """An address that can be taken apart; what is in it is said to nobody, for passwords are."""
    if url and not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    try:
        make_url(url or "sqlite:///")
    except (ArgumentError, ValueError):
        raise ValueError(
            "cannot be read; write it like postgresql://user:password@host:5432/name, and in the"
            " password %40 for @, %2F for /, %3A for :, %25 for %"
        ) from None
    return url


def nobodys(environment: Mapping[str, str], ours: Iterable[str]) -> list[str]:
    """A sentence for each variable that looks like a setting, and that nothing here reads."""
    known = {name.upper() for name in ours} | _ELSEWHERE
    named = sorted(name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
    return [_unread(name, known) for name in named if not _is_read(name, known)]


def idle(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each setting that does nothing because another one is not set."""
    return [
        f"{name} is set, and does nothing without {PREFIX}{needed}."
        for begins, needed in _NEEDED.items()
        if not environment.get(PREFIX + needed)
        for name, value in sorted(environment.items())
        if name.startswith(PREFIX + begins) and value
    ]


def _is_read(name: str, known: set[str]) -> bool:
    return name in known or name.startswith(SQL) or _is_of_a_service(name)


def _is_of_a_service(name: str) -> bool:
    """Kubernetes names services to pods: thinslice-web is THINSLICE_WEB_PORT_80_TCP, and more."""
    return "PORT" in name.split("_") or name.endswith("SERVICE_HOST")


def _unread(name: str, known: set[str]) -> str:
    meant = get_close_matches(name, sorted(known - _ELSEWHERE), n=1)
    hint = (
        f"Did you mean {PREFIX}{meant[0]}?" if meant else "Is it misspelt, or of another version?"
    )
    return f"{PREFIX}{name} is set, and no setting has this name: it does nothing. {hint}"


def _is_ip(written: str) -> bool:
    try:
        ip_address(written)
    except ValueError:
        return False
    return True
