"""What a request did, in the audit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from fastapi import Request
from sqlalchemy import event
from sqlmodel import Session

from app.identity import audit, audit_rows, watching
from app.identity.access import is_export
from app.identity.callers import Principal
from app.identity.changes import Changes
from app.platform import clock
from app.platform.db import Database

_DRAFT = "/experiments/{experiment_id}/edit/{step}"  # each pause while typing saves it
_A_WHILE = timedelta(minutes=10)


def done(request: Request, who: Principal, subject: str, **details: str) -> None:
    """What has transactions of its own, or none, stands in the audit by itself."""
    database: Database = request.app.state.database
    with database.write() as session:
        _note(session, request, who, subject, **details)


def export(request: Request) -> None:
    """Whoever takes a file stands in the audit before it leaves."""
    who = _who(request)
    if who is not None and is_export(_path(request)):
        done(request, who, _subject(request))


@contextmanager
def change(session: Session, request: Request) -> Iterator[None]:
    """A change, at the end of its own transaction; what it made is what it is about."""
    made: list[object] = []
    event.listen(session, "transient_to_pending", lambda _, row: made.append(row))
    changes = Changes(session)
    who = _who(request)  # who asked: a route may log them out
    watching.acts(session, who.user_id if who else None)
    yield
    if who is not None and not _goes_on(session, request, who):
        _note(session, request, who, _subject(request) or _id_of(made), **changes.in_words())


def _goes_on(session: Session, request: Request, who: Principal) -> bool:
    """Whether a draft saves itself while somebody types on: one row says so for some minutes."""
    return _path(request) == _DRAFT and audit_rows.is_noted(
        session,
        actor_id=who.id,
        action=_action(request),
        subject=_subject(request),
        since=clock.now() - _A_WHILE,
    )


def _id_of(made: Sequence[object]) -> str:
    """Of what was made first: what follows belongs to it."""
    ids = (getattr(row, "id", None) for row in made)
    return next((one for one in ids if isinstance(one, str)), "")


def by_agent(session: Session, request: Request, tool: str, *, subject: str, client: str) -> None:
    """What an agent wrote: its tool, its program and the token, whoever made that."""
    who: Principal = request.state.principal
    audit.note(
        session,
        actor=who.name,
        actor_id=who.id,
        action=f"agent {tool}",
        subject=subject,
        details={"client": client} | _let_in(who),
        now=clock.now(),
    )


def _let_in(who: Principal) -> dict[str, str]:
    """Of an agent that somebody let in: its program, and who that was."""
    return {"program": who.client, "user": who.made_by} if who.client else {}


def _note(session: Session, request: Request, who: Principal, subject: str, **details: str) -> None:
    audit.note(
        session,
        actor=who.name,
        actor_id=who.id,
        action=_action(request),
        subject=subject,
        details=audit.told(session) | details,
        now=clock.now(),
    )


def _action(request: Request) -> str:
    return f"{request.method} {_path(request)}"


def _who(request: Request) -> Principal | None:
    return getattr(request.state, "principal", None)


def _path(request: Request) -> str:
    return getattr(request.scope.get("route"), "path", request.url.path)


def _subject(request: Request) -> str:
    return str(next(iter(request.path_params.values()), ""))
