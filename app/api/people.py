"""People: found by address, and what an audience holds about one of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.audience import store
from app.audience.models import Person
from app.identity.guard import Db

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["People"])

_PERSON: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@example.com",
    "external_id": "c-1",
    "name": "Ann",
    "timezone": "Europe/Oslo",
    "consent_open": "unknown",
    "consent_click": "yes",
    "created_at": "2026-11-22T08:00:00Z",
    "updated_at": "2026-11-22T08:00:00Z",
}
_MEMBER: dict[str, Any] = {
    "audience_id": "1f0c3m8k2tq5w7x9z0aa",
    "audience": "Bakers in Norway",
    "data": {"country": "NO"},
}
_EXPORT: dict[str, Any] = {"person": _PERSON, "suppressed": False, "audiences": [_MEMBER]}
_Email = Annotated[str | None, Query(max_length=320, description="only the person of this address")]


class PersonOut(BaseModel):
    """Somebody who may be mailed."""

    model_config = ConfigDict(json_schema_extra={"example": _PERSON})

    id: str
    email: str
    external_id: str | None
    name: str
    timezone: str
    consent_open: str
    consent_click: str
    created_at: datetime
    updated_at: datetime


class MemberOut(BaseModel):
    """An audience that a person is in, with their columns there."""

    model_config = ConfigDict(json_schema_extra={"example": _MEMBER})

    audience_id: str
    audience: str
    data: dict[str, Any]


class PersonExport(BaseModel):
    """One person: who they are, whether they get mail, and their columns in each audience."""

    model_config = ConfigDict(json_schema_extra={"example": _EXPORT})

    person: PersonOut
    suppressed: bool
    audiences: list[MemberOut]


@router.get("/people", summary="Find people")
def list_people(
    session: Db, email: _Email = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[PersonOut]:
    """The person of an address (upper and lower case are one), or everybody, page by page."""
    if email is not None:
        found = store.person_by_email(session, email)
        return Listed(items=[_shown(found)] if found else [], next=None)
    rows = store.people(session, cursor=cursor, limit=limit)
    return listed(rows, _shown)


@router.get("/people/{person_id}/export", summary="Export one person")
def export_person(person_id: str, session: Db) -> PersonExport:
    """For somebody who asks what is held about them."""
    person = store.person_of(session, person_id)
    return PersonExport(
        person=_shown(person),
        suppressed=bool(store.suppressed(session, [person.email_key])),
        audiences=_memberships(session, person_id),
    )


def _memberships(session: Session, person_id: str) -> list[MemberOut]:
    return [
        MemberOut(audience_id=audience.id, audience=audience.name, data=membership.data)
        for audience, membership in store.memberships_of(session, person_id)
    ]


def _shown(row: Person) -> PersonOut:
    return PersonOut.model_validate(row, from_attributes=True)
