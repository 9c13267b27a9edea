"""People of an audience with their columns, in order of id."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from app.audience import own, store
from app.audience.own import TOLD

EXAMPLES = 20  # people; ours


@dataclass(frozen=True, slots=True)
class Member:
    """A person in an audience."""

    person_id: str
    email_key: str
    own: Mapping[str, str | None]
    data: dict[str, Any] = field(default_factory=dict)  # every other column
    line: int | None = None  # of the file that named them last

    @property
    def email(self) -> str:
        """Their address, as it was written."""
        return self.own["email"] or ""

    @property
    def name(self) -> str:
        """What they are called; empty where nobody said."""
        return self.own["name"] or ""

    @property
    def consent_click(self) -> str:
        """What they said about clicks."""
        return self.own["consent_click"] or ""

    def row(self) -> dict[str, object]:
        """What a template sees; a column that is empty is not there."""
        told = {name: self.own[name] for name in TOLD}
        every = {**told, **self.data}.items()
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
        email_key=row.email_key,
        own=own.of(row),
        data=row.data,
        line=row.line,
    )
