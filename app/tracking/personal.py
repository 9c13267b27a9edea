"""What this room holds about a person, and what becomes of it when they are erased.

Verdicts and counts stay, attached to a number that leads to nobody.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from app.platform.held import Part, Subject
from app.tracking.models import Answer, Conversion, Hit, Reaction
from app.tracking.ranges import AddressClass

FORGOTTEN = ""  # in place of a conversion's digest, which somebody could guess the address from


def _hit(subject: Subject) -> ColumnElement[bool]:
    return col(Hit.send_id).in_(subject.send_ids)


def _reaction(subject: Subject) -> ColumnElement[bool]:
    return col(Reaction.send_id).in_(subject.send_ids)


def _answer(subject: Subject) -> ColumnElement[bool]:
    return col(Answer.send_id).in_(subject.send_ids)


def _conversion(subject: Subject) -> ColumnElement[bool]:
    """Those that nobody was found for yet, too."""
    names = [col(Conversion.person_id) == subject.person_id]
    names += [col(Conversion.email_key) == subject.email_key] if subject.email_key else []
    names += [col(Conversion.external_id) == subject.external_id] if subject.external_id else []
    return or_(*names)


PARTS: Sequence[Part] = (
    Part(
        "hits",
        Hit,
        _hit,
        ("user_agent", "address_key", "address_class", "flags"),
        {
            "user_agent": "",
            "address_key": "",
            "address_class": AddressClass.UNKNOWN,
            "flags": {},
            "intact": False,
        },
    ),
    Part("judging", Reaction, _reaction, ("memory",), {"memory": ""}),
    Part("answers", Answer, _answer, ("comment",), {"comment": ""}),
    Part(
        "conversions",
        Conversion,
        _conversion,
        ("email_key", "external_id", "person_id", "digest"),
        {"email_key": None, "external_id": None, "person_id": None, "digest": FORGOTTEN},
    ),
)
