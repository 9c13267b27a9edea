"""Invitations by mail: a link each, with which somebody chooses name and password."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, listed
from app.identity import invitations
from app.identity.guard import Db, Now, Who
from app.identity.invitations import Outcome, What
from app.identity.roles import Role
from app.outreach import invitation_mails
from app.outreach.team_mails import Letters
from app.platform.texts import Document, Line

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Users and tokens"])

_INVITATION: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ad",
    "email": "eve@halvern.example",
    "role": "editor",
    "state": "open",
    "created_by": "Ann",
    "created_at": "2026-11-22T08:00:00Z",
    "expires_at": "2026-11-29T08:00:00Z",
}
_OUTCOME: dict[str, Any] = {
    "email": "eve@halvern.example",
    "what": "invited",
    "because": "",
    "invitation_id": "1f0c3m8k2tq5w7x9z0ad",
}


class InvitationOut(BaseModel):
    """Somebody who was asked."""

    model_config = ConfigDict(json_schema_extra={"example": _INVITATION})

    id: str
    email: str
    role: Role
    state: str = Field(description="open, accepted or expired")
    created_by: str
    created_at: datetime
    expires_at: datetime


class InvitationsDraft(Document):
    """Whom to ask, and what they may do."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"emails": ["eve@halvern.example"], "role": "editor"}}
    )

    emails: Annotated[list[Line], Field(min_length=1, max_length=100)]
    role: Role


class OutcomeOut(BaseModel):
    """One address, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"example": _OUTCOME})

    email: str
    what: What
    because: str = Field(description="why, where it is no address")
    invitation_id: str | None


@router.get("/invitations", summary="List invitations")
def list_invitations(
    session: Db, now: Now, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[InvitationOut]:
    """Those that were not taken back, newest first."""
    return listed(invitations.page(session, cursor=cursor, limit=limit, now=now), _shown)


@router.post("/invitations", summary="Invite several people by mail")
def invite(
    draft: InvitationsDraft, request: Request, session: Db, who: Who, now: Now
) -> Listed[OutcomeOut]:
    """A mail to each, with a link that is good for once and for seven days.

    An address that is wrong or already here hinders no other: the answer says what became of each.
    Whoever was invited before gets a new link.
    """
    outcomes = invitations.invite(session, draft.emails, role=draft.role, by=who, now=now)
    invitation_mails.send_all(session, Letters.of(request.app.state), outcomes, who, now=now)
    return _told(outcomes)


@router.post("/invitations/{invitation_id}/again", summary="Send an invitation again")
def again(
    invitation_id: str, request: Request, session: Db, who: Who, now: Now
) -> Listed[OutcomeOut]:
    """A new link for seven days more; the one of before opens nothing."""
    outcome = invitations.again(session, invitation_id, by=who, now=now)
    invitation_mails.send_all(session, Letters.of(request.app.state), [outcome], who, now=now)
    return _told([outcome])


@router.delete("/invitations/{invitation_id}", status_code=204, summary="Take an invitation back")
def revoke(invitation_id: str, session: Db, now: Now) -> None:
    """Its link opens nothing from now on."""
    invitations.revoke(session, invitation_id, now=now)


def _shown(told: invitations.Told) -> InvitationOut:
    return InvitationOut.model_validate(told.row.model_dump() | {"state": told.state})


def _told(outcomes: Sequence[Outcome]) -> Listed[OutcomeOut]:
    items = [
        OutcomeOut(
            email=one.email,
            what=one.what,
            because=one.because,
            invitation_id=one.row.id if one.row else None,
        )
        for one in outcomes
    ]
    return Listed(items=items, next=None)
