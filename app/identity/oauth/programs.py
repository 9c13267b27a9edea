"""Programs that ask to be let in: known by a document of their own, or registered here by itself.

What a program says of itself (its name) nobody has checked: pages show beside it where its answer
goes. One that registers itself and is let in by nobody is forgotten after a day, and of those only
so many are kept: the oldest go first, so that nobody who fills the table shuts others out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.identity import names
from app.identity.models import AgentProgram
from app.identity.oauth import redirects, store
from app.identity.secrets import fresh
from app.platform import turns
from app.platform.errors import AppError

PREFIX = "tsp_"
UNUSED_LASTS = timedelta(days=1)  # from registering to being let in
LASTS = timedelta(days=180)  # since somebody last let it in; what it was allowed ends before
MOST_UNUSED = 1000
_NAME_CHARS = 80
_UNWANTED = frozenset({"private_key_jwt", "client_secret_jwt", "tls_client_auth"})


class BadProgram(AppError):
    """What a program says of itself cannot be used."""

    status = 400
    title = "This agent cannot be let in"


@dataclass(frozen=True, slots=True)
class Program:
    """Who asks."""

    id: str
    name: str
    redirects: Sequence[str]


def read(said: Any) -> tuple[str, list[str]]:
    """Name and addresses of what a program says of itself (RFC 7591).

    Raises:
        BadRedirect: no address, too many, or one that no answer is sent to.
        BadProgram: it wants what is not given here.
    """
    if not isinstance(said, dict):
        raise BadProgram("What the program says of itself is no JSON object.")
    addresses = said.get("redirect_uris")
    if not isinstance(addresses, list) or not 1 <= len(addresses) <= redirects.MOST:
        raise redirects.BadRedirect(f"It needs 1 to {redirects.MOST} addresses in redirect_uris.")
    checked = [redirects.check(one if isinstance(one, str) else "") for one in addresses]
    for field, needed in (("grant_types", "authorization_code"), ("response_types", "code")):
        wanted = said.get(field)
        if wanted is not None and (not isinstance(wanted, list) or needed not in wanted):
            raise BadProgram(f"Its {field} must hold {needed}.")
    if said.get("token_endpoint_auth_method") in list(_UNWANTED):
        raise BadProgram("Its token_endpoint_auth_method must be none: programs have no key here.")
    return _name(said.get("client_name"), checked[0]), checked


def _name(given: Any, address: str) -> str:
    """What is seen of it, and nothing that we call ourselves; else the host of its address."""
    seen = "".join(
        filter(str.isprintable, given[: 2 * _NAME_CHARS] if isinstance(given, str) else "")
    )
    return names.usable_part(seen)[:_NAME_CHARS].strip() or redirects.host_of(address)


def register(session: Session, said: Any, *, now: datetime) -> AgentProgram:
    """Take in a program that nobody here knows yet. Raises BadRedirect or BadProgram."""
    name, addresses = read(said)
    turns.take(session, "agent programs")  # of many at once, all are counted
    forget_old(session, now=now)
    store.forget_unused(session, kept=MOST_UNUSED - 1)
    row = AgentProgram(id=fresh(PREFIX), name=name, redirects=addresses, created_at=now)
    session.add(row)
    session.flush()
    return row


def registered(session: Session, client_id: str, *, now: datetime) -> Program:
    """A program that registered itself. Raises BadProgram."""
    row = store.program(session, client_id)
    if row is None or _is_over(row, now=now):
        raise BadProgram(
            "This program is not known here, or asked too long ago. Disconnect it there and connect"
            " it again: it registers anew."
        )
    return Program(row.id, row.name, row.redirects)


def forget_old(session: Session, *, now: datetime) -> None:
    """Programs that nobody uses."""
    store.forget_programs(session, unused=now - UNUSED_LASTS, used=now - LASTS)


def _is_over(row: AgentProgram, *, now: datetime) -> bool:
    if row.used_at is None:
        return row.created_at <= now - UNUSED_LASTS
    return row.used_at <= now - LASTS
