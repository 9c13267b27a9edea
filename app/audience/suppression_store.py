"""All SQL of addresses that get no mail."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.audience.addresses import key_of
from app.audience.models import Suppression
from app.platform.db import among
from app.platform.errors import NotFound
from app.platform.listing import Listing
from app.platform.paging import Order, Part, part

UNSUBSCRIBED = "unsubscribed"
RECIPIENT = "recipient"  # who asked for it
AGAIN = "recipient, more than once"  # that is no mistake any more
_SUPPRESSIONS = Order("suppressions", is_descending=True)
EVERY: Any = select(Suppression)
LISTING = Listing(
    name="suppressions page",
    key=col(Suppression.id),
    usual="-since",
    sorts={
        "since": col(Suppression.id),
        "address": col(Suppression.email_key),
        "why": col(Suppression.reason),
    },
    words=(col(Suppression.email_key), col(Suppression.reason)),
)


def suppress(session: Session, email: str, reason: str, *, by: str, now: datetime) -> Suppression:
    """No mail to this address from now on; saying it twice changes nothing.

    That somebody called it spam outweighs that a mail came back, whichever is heard first.
    """
    held, _ = suppress_now(session, email, reason, by=by, now=now)
    return held


def suppress_now(
    session: Session, email: str, reason: str, *, by: str, now: datetime
) -> tuple[Suppression, bool]:
    """The same, and whether they got mail until now."""
    row = Suppression(email_key=key_of(email), reason=reason, created_at=now, created_by=by)
    _confirm(session, [row.email_key])
    session.execute(
        inserting(session)(Suppression).values(row.model_dump()).on_conflict_do_nothing()
    )
    # whoever came first, perhaps a moment ago: mail programs send an unsubscribe twice at once
    question = select(Suppression).where(Suppression.email_key == row.email_key)
    held = session.exec(question.execution_options(populate_existing=True)).one()
    if (held.reason, reason) == ("bounced", "complained"):
        held.reason, held.created_by = reason, by
    return held, held.id == row.id


def suppress_all(
    session: Session, keys: Iterable[str], reason: str, *, by: str, now: datetime
) -> None:
    """The same of many, by their keys: whoever is on the list stays on it as they are."""
    suppress_rows(session, [(key, reason, now) for key in keys], by=by)


def suppress_rows(
    session: Session, wishes: Iterable[tuple[str, str, datetime]], *, by: str
) -> None:
    """The same, each with a reason and since when of its own."""
    rows = [
        Suppression(email_key=key, reason=reason, created_at=since, created_by=by).model_dump()
        for key, reason, since in sorted(wishes)
    ]
    if rows:
        _confirm(session, [row["email_key"] for row in rows])
        statement = inserting(session)(Suppression).on_conflict_do_nothing()
        session.connection().execute(statement, rows)


def lift(session: Session, suppression_id: str) -> None:
    """Mail may go to this address again."""
    if session.get(Suppression, suppression_id) is None:
        raise NotFound("There is no suppression with this id.")
    session.execute(delete(Suppression).where(col(Suppression.id) == suppression_id))


def take_back(session: Session, suppression_id: str, *, email_key: str) -> bool:
    """Undo what somebody asked for by mistake, if it stands as they asked; whether it did."""
    statement = delete(Suppression).where(
        col(Suppression.id) == suppression_id,
        col(Suppression.email_key) == email_key,
        col(Suppression.reason) == UNSUBSCRIBED,
        col(Suppression.created_by) == RECIPIENT,
    )
    return bool(session.connection().execute(statement).rowcount)


def suppressions(
    session: Session, *, cursor: str | None = None, limit: int = 100
) -> Part[Suppression]:
    """Newest first."""
    every = select(Suppression)
    return part(session, every, _SUPPRESSIONS, Suppression.id, cursor=cursor, limit=limit)


def suppressed(session: Session, keys: Iterable[str]) -> set[str]:
    """Of these address keys, those that get no mail."""
    query = select(Suppression.email_key).where(among(session, Suppression.email_key, list(keys)))
    return set(session.exec(query).all())


def _confirm(session: Session, keys: Sequence[str]) -> None:
    """Whoever is named once more is out for good: an earlier press cannot be taken back then.

    Else somebody who pressed for another, to take it back later, would have them mailed again.
    """
    statement = (
        update(Suppression)
        .where(
            among(session, Suppression.email_key, keys),
            col(Suppression.created_by) == RECIPIENT,
            col(Suppression.reason) == UNSUBSCRIBED,
        )
        .values(created_by=AGAIN)
    )
    session.execute(statement.execution_options(synchronize_session=False))


def inserting(session: Session) -> Any:
    """The INSERT that knows ON CONFLICT, of the database at hand."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
