"""What this room holds about a person, and what becomes of it when they are erased.

That somebody was in an arm stays, and why somebody else was not: numbers rest on it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement
from sqlmodel import col

from app.experiments.models import Enrolment, Ineligible, Unwritable
from app.platform.held import Part, Subject


def _enrolled(subject: Subject) -> ColumnElement[bool]:
    return col(Enrolment.person_id) == subject.person_id


def _left_out(subject: Subject) -> ColumnElement[bool]:
    return col(Ineligible.person_id) == subject.person_id


def _unwritable(subject: Subject) -> ColumnElement[bool]:
    return col(Unwritable.person_id) == subject.person_id


PARTS: Sequence[Part] = (
    Part("enrolments", Enrolment, _enrolled, ("frozen",), {"frozen": {}}),
    Part("left_out", Ineligible, _left_out, ("detail",), {"detail": ""}),
    Part("unwritable", Unwritable, _unwritable, ("detail", "about"), None),
)
