"""People who log in, and the tokens of other systems: who they are, and the way out for each."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from app.api.address import PREFIX
from app.api.garbled import GarbledOut
from app.api.once import OnceRoute
from app.api.paging import DEFAULT_LIMIT, Cursor, Limit, Listed, Sort, listed
from app.identity import guard, passwords, second_step, sessions, store, tokens, users
from app.identity.guard import Db, Now
from app.identity.listings import HERE, IN_USE, TOKENS, USERS
from app.identity.models import ApiToken, User
from app.identity.oauth import grants
from app.identity.roles import Role
from app.platform import garbled
from app.platform.listing import Asked
from app.platform.texts import Document

router = APIRouter(prefix=PREFIX, route_class=OnceRoute, tags=["Users and tokens"])

_USER: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ab",
    "email": "ann@halvern.example",
    "name": "Ann",
    "role": "editor",
    "created_at": "2026-11-22T08:00:00Z",
}
_SESSION: dict[str, Any] = {
    "id": "9f2b6f0e5d7c4a1b",
    "device": "Firefox on Windows",
    "network": "192.0.2.0/24",
    "method": "password",
    "started_at": "2026-11-22T08:00:00Z",
    "seen_at": "2026-11-22T09:15:00Z",
}
_TOKEN: dict[str, Any] = {
    "id": "1f0c3m8k2tq5w7x9z0ac",
    "name": "Warehouse export",
    "role": "viewer",
    "may_draft": False,
    "hint": "tsl_a1b2",
    "created_by": "Ann",
    "created_at": "2026-11-22T08:00:00Z",
    "last_used_at": None,
}


class UserOut(BaseModel):
    """Somebody who can log in."""

    model_config = ConfigDict(json_schema_extra={"example": _USER})

    id: str
    email: str
    name: str
    role: Role
    created_at: datetime


class SessionOut(BaseModel):
    """A browser that is logged in."""

    model_config = ConfigDict(json_schema_extra={"example": _SESSION})

    id: str
    device: str
    network: str
    method: str = Field(description="password, or identity provider")
    started_at: datetime
    seen_at: datetime


class NewPassword(Document):
    """What somebody logs in with from now on."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"password": "four words nobody guesses"}}
    )

    password: str = Field(max_length=1000, description="10 characters or more, not all alike")


class TokenOut(BaseModel):
    """Another system's way in, without its secret."""

    model_config = ConfigDict(json_schema_extra={"example": _TOKEN})

    id: str
    name: str
    role: Role
    may_draft: bool  # an agent may write drafts with it, over MCP
    hint: str
    created_by: str
    created_at: datetime
    last_used_at: datetime | None


@router.get("/users", summary="List who can log in")
def list_users(
    *, session: Db, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[UserOut | GarbledOut]:
    """Everybody, in the order in which they came; or by `email`, `name`, `role`, `since`."""
    return listed(
        USERS.part(session, HERE, Asked(sort=sort, cursor=cursor), limit=limit)
        if sort
        else store.users_page(session, cursor=cursor, limit=limit),
        lambda row: garbled.read(_user, row) or GarbledOut(id=row.id, name=row.email),
    )


@router.delete("/users/{user_id}", status_code=204, summary="Remove somebody who logs in")
def remove_user(user_id: str, session: Db, now: Now) -> None:
    """Their sessions, the tokens that they made and the agents that they let in end at once.

    What they wrote keeps their name.
    The last admin who has a password stays (409).
    """
    users.remove(session, store.user_of(session, user_id), now=now)


@router.put("/users/{user_id}/password", status_code=204, summary="Set somebody's password")
def set_password(user_id: str, draft: NewPassword, request: Request, now: Now) -> None:
    """Every session of that person ends, and so do the agents that they let in."""
    password = passwords.hashed(draft.password)  # slow, so before the transaction
    with guard.writing(request) as session:
        users.change_password(session, store.user_of(session, user_id), password, now=now)


@router.delete("/users/{user_id}/sessions", status_code=204, summary="Log somebody out everywhere")
def end_sessions(user_id: str, session: Db) -> None:
    """Every browser has to log in again. Tokens go on working."""
    store.end_sessions_of(session, store.user_of(session, user_id).id)


@router.get("/users/{user_id}/sessions", summary="List where somebody is logged in")
def list_sessions(
    user_id: str, session: Db, now: Now, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[SessionOut]:
    """The last one that began comes first. `seen_at` is right to a quarter of an hour."""
    user = store.user_of(session, user_id)
    found = sessions.page(session, user.id, cursor=cursor, limit=limit, now=now)
    return listed(found, lambda one: SessionOut.model_validate(one, from_attributes=True))


@router.delete(
    "/users/{user_id}/sessions/{session_id}", status_code=204, summary="Log one browser out"
)
def end_session(user_id: str, session_id: str, session: Db) -> None:
    """That browser has to log in again."""
    store.end_session_of(session, store.user_of(session, user_id).id, session_id)


@router.delete("/users/{user_id}/agents", status_code=204, summary="End whom somebody let in")
def end_agents(user_id: str, session: Db, now: Now) -> None:
    """Every agent that they let in from a page is refused from now on. Tokens go on working."""
    grants.end_all_of(session, store.user_of(session, user_id), now=now)


@router.delete(
    "/users/{user_id}/second-step", status_code=204, summary="Reset somebody's code at log-in"
)
def reset_second_step(user_id: str, session: Db) -> None:
    """For whoever lost phone and recovery codes: a password alone logs them in again."""
    second_step.turn_off(session, store.user_of(session, user_id).id)


@router.get("/tokens", summary="List tokens")
def list_tokens(
    *, session: Db, sort: Sort = "", cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Listed[TokenOut | GarbledOut]:
    """Those that open something, newest first; or by `made`, `name`, `role`, `used`."""
    return listed(
        TOKENS.part(session, IN_USE, Asked(sort=sort, cursor=cursor), limit=limit),
        lambda row: garbled.read(_token, row) or GarbledOut(id=row.id, name=row.name),
    )


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token")
def revoke_token(token_id: str, session: Db, now: Now) -> None:
    """It opens nothing from now on."""
    tokens.revoke(session, token_id, now=now)


def _user(row: User) -> UserOut:
    return UserOut.model_validate(row, from_attributes=True)


def _token(row: ApiToken) -> TokenOut:
    return TokenOut.model_validate(row, from_attributes=True)
