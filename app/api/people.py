"""People: found by address, and what an audience holds about one of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.audience import one_person, people_rows, store, suppression_store
from app.audience.models import Person
from app.audience.own import OWN, PersonColumns
from app.identity.guard import Db, Now, Who
from app.platform.listing import Asked
from app.platform.texts import Document
from app.privacy import erasing, export, readmission

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["People"])

_PERSON: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    **{name: one.example for name, one in OWN.items()},
    "created_at": "2026-11-22T08:00:00Z",
    "updated_at": "2026-11-22T08:00:00Z",
}
_MEMBER: dict[str, Any] = {
    "audience_id": "1f0c3m8k2tq5w7x9z0aa",
    "audience": "Bakers in Norway",
    "data": {"country": "NO"},
}
_HIT: dict[str, Any] = {
    "id": 7,
    "kind": "click",
    "link": 0,
    "at": "2026-11-22T09:00:00+00:00",
    "user_agent": "Firefox",
    "verdict": "human",
    "rule": "R15",
}
_EXPORT: dict[str, Any] = {
    "person": _PERSON,
    "suppressed": False,
    "audiences": [_MEMBER],
    "exported_at": "2026-11-22T10:00:00+00:00",
    "held": {"hits": [_HIT], "sends": [], "answers": [], "mentions": []},
}
_ERASED: dict[str, Any] = {
    "person_id": "1f0c3m8k2tq5w7x9z0ab",
    "sends": 3,
    "under_way": 0,
    "sentence": "Erased. Numbers stay as they were.",
}
Cells = Annotated[dict[str, str | int | float | bool | None], Field(max_length=1_000)]
_Search = Annotated[
    str | None, Query(max_length=200, description="words in an address, a name or any column")
]
_Audience = Annotated[str | None, Query(max_length=50, description="only people in this one")]
_Email = Annotated[str | None, Query(max_length=320, description="only the person of this address")]


def _always_there(schema: dict[str, Any]) -> None:
    for column in schema["properties"].values():
        column.pop("default", None)
    schema["example"] = _PERSON


class PersonOut(PersonColumns):
    """Somebody who may be mailed."""

    model_config = ConfigDict(  # type: ignore[assignment]  # SQLModel's narrower type lacks these
        json_schema_serialization_defaults_required=True, json_schema_extra=_always_there
    )

    created_at: datetime
    updated_at: datetime


class MemberOut(BaseModel):
    """An audience that a person is in, with their columns there."""

    model_config = ConfigDict(json_schema_extra={"example": _MEMBER})

    audience_id: str
    audience: str
    data: dict[str, Any]


class MemberAdded(BaseModel):
    """Somebody in an audience: who they are, their columns there, and whether they get mail."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person": _PERSON,
                "audience_id": "1f0c3m8k2tq5w7x9z0aa",
                "data": {"country": "NO"},
                "suppressed": False,
            }
        }
    )

    person: PersonOut
    audience_id: str
    data: dict[str, Any]
    suppressed: bool


class PersonExport(BaseModel):
    """One person: who they are, whether they get mail, and every row that is held about them.

    `held` names each kind of row: person, audiences, suppressions, declined, notes, enrolments,
    left_out, sends, outcomes, mails, test_mails, hits, answers, conversions, mentions.
    """

    model_config = ConfigDict(json_schema_extra={"example": _EXPORT})

    person: PersonOut
    suppressed: bool
    audiences: list[MemberOut]
    exported_at: datetime
    held: dict[str, list[dict[str, Any]]]


class ErasedOut(BaseModel):
    """What erasing came to. Mails under way finish first; then they are forgotten, too."""

    model_config = ConfigDict(json_schema_extra={"example": _ERASED})

    person_id: str
    sends: int
    under_way: int
    sentence: str


class ReadmitDraft(Document):
    """Somebody who was erased and wants to come back."""

    model_config = ConfigDict(json_schema_extra={"example": {"email": "ann@example.com"}})

    email: str = Field(max_length=320)
    external_id: str | None = Field(default=None, max_length=500)


class MemberDraft(Document):
    """One person for an audience: what a line of a file says."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"email": "ann@example.com", "columns": {"name": "Ann", "country": "NO"}}
        }
    )

    email: str = Field(max_length=320)
    columns: Cells = Field(default={}, description="people's own columns, and any other")


class MemberChange(Document):
    """Columns of somebody in an audience."""

    model_config = ConfigDict(json_schema_extra={"example": {"columns": {"country": "SE"}}})

    columns: Cells = Field(description="an empty text or null empties; what is not named stays")


@router.get("/people", summary="Find people")
def list_people(
    *,
    session: Db,
    email: _Email = None,
    search: _Search = None,
    audience_id: _Audience = None,
    sort: Sort = "",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Listed[PersonOut]:
    """The person of an address (upper and lower case are one), or everybody, page by page.

    `search` finds words in addresses, names, external ids and all columns. A cursor goes on in the
    same search and order; where the person at its end was erased meanwhile, begin anew (422).
    """
    if email is not None:
        person = store.person_by_email(session, email)
        return Listed(items=[_shown(person)] if person else [], next=None)
    asked = Asked(words=search or "", sort=sort, cursor=cursor)
    rows = people_rows.found(session, asked, audience_id=audience_id, limit=limit)
    return listed(rows, _shown)


@router.post("/audiences/{audience_id}/people", status_code=201, summary="Add one person")
def add_person(
    *, audience_id: str, draft: MemberDraft, request: Request, session: Db, who: Who, now: Now
) -> MemberAdded:
    """Checked as a line of a file is; of somebody who is in it already, these columns change.

    A column that says that they opted out elsewhere puts them on the do-not-mail list. 409: they
    were erased, or their external id is somebody else's.
    """
    person = one_person.add(
        session, audience_id, draft.columns | {"email": draft.email}, by=who.name,
        marker=request.app.state.keyring.marks, now=now,
    )  # fmt: skip
    return _member(session, audience_id, person)


@router.patch("/audiences/{audience_id}/people/{person_id}", summary="Change somebody's columns")
def change_person(
    *,
    audience_id: str,
    person_id: str,
    changes: MemberChange,
    request: Request,
    session: Db,
    who: Who,
    now: Now,
) -> MemberAdded:
    """In this audience, and their own. An address stays: another one is somebody else."""
    person = one_person.change(
        session, audience_id, person_id, changes.columns, by=who.name,
        marker=request.app.state.keyring.marks, now=now,
    )  # fmt: skip
    return _member(session, audience_id, person)


@router.get("/people/{person_id}/export", summary="Export one person")
def export_person(person_id: str, session: Db, now: Now) -> PersonExport:
    """For somebody who asks what is held about them: exactly what erasing them would touch."""
    person = store.person_of(session, person_id)
    return PersonExport(
        person=_shown(person),
        suppressed=bool(suppression_store.suppressed(session, [person.email_key])),
        audiences=_memberships(session, person_id),
        exported_at=now,
        held=export.rows_about(session, person_id),
    )


@router.delete("/people/{person_id}", summary="Erase one person")
def erase_person(person_id: str, request: Request, session: Db, now: Now) -> ErasedOut:
    """Forget somebody for good: their rows in every audience, mail and click. Results stay.

    Mails that wait are never sent, and no import brings the person back. What was written by then
    in other texts, and traces in the database's files, go within minutes.
    """
    asked = erasing.erase(session, person_id, marker=request.app.state.keyring.marks, now=now)
    return ErasedOut.model_validate(asked, from_attributes=True)


@router.post("/people/readmit", status_code=204, summary="Let somebody who was erased come back")
def readmit_person(draft: ReadmitDraft, request: Request, session: Db) -> None:
    """Files may name this address (and external id) again. 404: nobody of it was erased."""
    marker = request.app.state.keyring.marks
    readmission.readmit(session, draft.email, draft.external_id, marker=marker)


def _memberships(session: Session, person_id: str) -> list[MemberOut]:
    return [
        MemberOut(audience_id=audience.id, audience=audience.name, data=membership.data)
        for audience, membership in store.memberships_of(session, person_id)
    ]


def _member(session: Session, audience_id: str, person: Person) -> MemberAdded:
    member = people_rows.member(session, audience_id, person.id)
    return MemberAdded(
        person=_shown(person),
        audience_id=audience_id,
        data=dict(member.data) if member else {},
        suppressed=bool(suppression_store.suppressed(session, [person.email_key])),
    )


def _shown(row: Person) -> PersonOut:
    return PersonOut.model_validate(row, from_attributes=True)
