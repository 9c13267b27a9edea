"""People who were erased, and who stay away: a keyed mark tells them, and names nobody."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.audience.models import Erased

Marker = Callable[[str], tuple[str, ...]]  # the marks of a text by each of our secrets

_CHUNK = 500  # marks per question, far below every database's limit of parameters


def by_email(key: str) -> str:
    """Somebody, by how their address is compared."""
    return f"email:{key}"


def by_external_id(external_id: str) -> str:
    """Somebody, by what another system calls them."""
    return f"external:{external_id}"


def remember(session: Session, labels: Iterable[str], marker: Marker, *, now: datetime) -> None:
    """From now on, whoever is called so is not taken in again."""
    for label in labels:
        session.merge(Erased(mark=marker(label)[0], at=now))
    session.flush()


def among(session: Session, labels: Iterable[str], marker: Marker) -> set[str]:
    """Of these labels, those of people who were erased."""
    if session.exec(select(Erased.mark).limit(1)).first() is None:
        return set()
    whose = {mark: label for label in labels for mark in marker(label)}
    marks, found = list(whose), set[str]()
    for start in range(0, len(marks), _CHUNK):
        known = select(Erased.mark).where(col(Erased.mark).in_(marks[start : start + _CHUNK]))
        found |= {whose[mark] for mark in session.exec(known)}
    return found


def readmit(session: Session, labels: Iterable[str], marker: Marker) -> bool:
    """Somebody wants to come back: files may name them again. Whether they had been erased."""
    marks = [mark for label in labels for mark in marker(label)]
    gone = delete(Erased).where(col(Erased.mark).in_(marks)).returning(col(Erased.mark))
    return session.execute(gone).first() is not None
