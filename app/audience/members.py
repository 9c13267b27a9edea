"""People of an audience with their columns, in order of id."""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.audience import store

EXAMPLES = 20  # people; ours
_OWN = ("email", "name", "external_id", "timezone")  # the person's; every other column is data


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an audience."""

    person_id: str
    email: str
    email_key: str
    name: str
    external_id: str | None
    timezone: str
    consent_open: str
    consent_click: str
    data: dict[str, Any] = field(default_factory=dict)
    line: int | None = None  # of the file that named them last

    def row(self) -> dict[str, object]:
        """What a template sees; a column that is empty is not there."""
        own = {name: getattr(self, name) for name in _OWN}
        every = (own | self.data).items()
        return {name: value for name, value in every if value is not None and value != ""}


def chunk(session: Session, audience_id: str, *, after: str | None, limit: int) -> list[Member]:
    """The next people after an id."""
    return [
        _member(row) for row in store.member_rows(session, audience_id, after=after, limit=limit)
    ]


def sample_people(session: Session, audience_id: str, count: int) -> list[Member]:
    """The first few people, for a preview."""
    return chunk(session, audience_id, after=None, limit=count)


def examples(session: Session, audience_id: str) -> list[Member]:
    """The people among whom a test mail finds one whom it can be written to."""
    return sample_people(session, audience_id, EXAMPLES)


def _member(row: Any) -> Member:
    return Member(
        person_id=row.id,
        email=row.email,
        email_key=row.email_key,
        name=row.name,
        external_id=row.external_id,
        timezone=row.timezone,
        consent_open=row.consent_open,
        consent_click=row.consent_click,
        data=row.data,
        line=row.line,
    )
