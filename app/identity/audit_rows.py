"""What stands in the audit, searched and in words."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, or_
from sqlmodel import Session, col, select

from app.identity.models import AuditRow
from app.platform.garbled import CANNOT_BE_READ
from app.platform.listing import Asked, Listing
from app.platform.paging import Part

_LATELY = 50  # rows
LISTING = Listing(
    name="audit page",
    key=col(AuditRow.id),
    usual="-at",
    sorts={
        "at": col(AuditRow.id),
        "who": col(AuditRow.actor),
        "what": col(AuditRow.action),
        "about": col(AuditRow.subject),
    },
)
_DONE = {"POST": "made", "PUT": "changed", "PATCH": "changed", "DELETE": "deleted", "GET": "read"}
_REQUEST = re.compile(r"(POST|PUT|PATCH|DELETE|GET) (?:/api/v1)?/(\S*)(?: (refused))?")
_PART = re.compile(r"\{[^{}]*\}")
_SINGULAR = {"people": "person", "customers": "customer", "time": "time"}


@dataclass(frozen=True, slots=True)
class Days:
    """From when to when; `until` is not among what is found. None: from or to whenever."""

    since: datetime | None = None
    until: datetime | None = None


def page(session: Session, asked: Asked, days: Days, *, limit: int) -> Part[AuditRow]:
    """The newest first, or as it is asked for; each word in who, what, about what or details."""
    query: Any = select(AuditRow)
    for word in asked.words.split():
        query = query.where(or_(*_holding(word)))
    if days.since is not None:
        query = query.where(col(AuditRow.at) >= days.since)
    if days.until is not None:
        query = query.where(col(AuditRow.at) < days.until)
    return LISTING.part(session, query, replace(asked, words="", chosen={}), limit=limit)


def last_about(session: Session, subject: str) -> AuditRow | None:
    """Who did something to this last."""
    query = select(AuditRow).where(AuditRow.subject == subject)
    return session.exec(query.order_by(col(AuditRow.at).desc(), col(AuditRow.id).desc())).first()


def changes_of(session: Session, subject: str, *, limit: int) -> Sequence[AuditRow]:
    """What was done to this, the newest first: no reading, and no talk about it."""
    was_done = select(AuditRow).where(AuditRow.subject == subject)
    did = col(AuditRow.action)
    for said in (did.startswith("GET "), did.contains("/comments"), did.contains("/watch"),
                 did.endswith("/seen")):  # fmt: skip
        was_done = was_done.where(~said)
    return session.exec(was_done.order_by(col(AuditRow.id).desc()).limit(limit)).all()


def is_noted(
    session: Session, *, actor_id: str, action: str, subject: str, since: datetime
) -> bool:
    """Whether the same stands among the last few rows, noted since then."""
    lately = select(AuditRow).order_by(col(AuditRow.id).desc()).limit(_LATELY)
    return any(
        (row.actor_id, row.action, row.subject) == (actor_id, action, subject)
        and (at := at_of(row)) is not None
        and at >= since
        for row in session.exec(lately)
    )


def _holding(word: str) -> Iterator[Any]:
    for place in (AuditRow.actor, AuditRow.action, AuditRow.subject):
        yield col(place).icontains(word, autoescape=True)
    for written in {word, json.dumps(word)[1:-1]}:  # as PostgreSQL has it, and as SQLite has
        yield cast(col(AuditRow.details), String).icontains(written, autoescape=True)


def at_of(row: AuditRow) -> datetime | None:
    """When it was; None where that is damaged."""
    held: object = row.at
    return held if isinstance(held, datetime) else None


def details_of(row: AuditRow) -> Mapping[str, Any]:
    """What else a row tells; that they are damaged, where they are."""
    held: object = row.details
    told = held if isinstance(held, dict) else {"details": CANNOT_BE_READ}
    return told if at_of(row) else {**told, "at": CANNOT_BE_READ}


def in_words(action: str) -> str:
    """What was done: `experiment launch`, `token made`, `user remove`."""
    request = _REQUEST.fullmatch(action)
    if request is None:
        return action  # a command's, which is words already
    method, path, refused = request.groups()
    noun, *others = [one for one in path.split("/") if one and not _PART.fullmatch(one)] or [""]
    done = " ".join(others).replace("-", " ") or _DONE[method]
    said = noun if noun in _DOORS else f"{_one_of(noun)} {done}"
    return " ".join(filter(None, (said, refused)))


_DOORS = frozenset({"login", "logout", "setup", "password"})


def _one_of(noun: str) -> str:
    return _SINGULAR.get(noun, noun.removesuffix("s")).replace("-", " ")
