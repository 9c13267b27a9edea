"""The SQL of one column of an audience: what its cells say, and how often."""

from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from app.audience.models import Membership, Person
from app.audience.own import TOLD
from app.platform.documents import text_of_json


def counted(session: Session, audience_id: str, column: str, *, limit: int) -> dict[str, int]:
    """How many of the first so many people have which text in a column; empty: none."""
    cell: Any = text_of_json(session, col(Membership.data), column)
    people = select(cell.label("cell")).where(col(Membership.audience_id) == audience_id)
    if column in TOLD:
        own: Any = col(getattr(Person, column)).label("cell")
        people = (
            select(own)
            .join(Membership, col(Membership.person_id) == col(Person.id))
            .where(col(Membership.audience_id) == audience_id)
        )
    some = people.order_by(col(Membership.person_id)).limit(limit).subquery()
    question = select(some.c.cell, func.count()).group_by(some.c.cell)
    found: dict[str, int] = {}
    for text, number in session.execute(question):
        found[text or ""] = found.get(text or "", 0) + int(number)
    return found
