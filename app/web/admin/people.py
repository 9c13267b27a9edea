"""People who log in, and what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import guard, passwords, second_step, store, users
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.listings import HERE, USERS
from app.identity.models import AgentGrant, ApiToken, User
from app.identity.oauth import grants
from app.identity.roles import Role
from app.platform.errors import Conflict, Invalid
from app.platform.listing import Asked
from app.web.kit.form_state import Form, Typed
from app.web.kit.lists import FromAddress, Shown, narrowed_to, shown
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter()
_PAGE = 50
_COLUMNS = {"name": "Person", "email": "Address", "role": "Role", "since": "Since"}
ROLES = tuple((role.value, role.value.capitalize()) for role in Role)


@dataclass(frozen=True, kw_only=True)
class PeoplePage(Page):
    """Everybody with a log-in."""

    template: ClassVar[str] = "admin/people.html"
    section: ClassVar[str] = "people"

    users: Sequence[User]
    list: Shown
    roles: tuple[tuple[str, str], ...]
    form: Typed


@dataclass(frozen=True, kw_only=True)
class PersonPage(Page):
    """One of them: log them out, set a password, remove them."""

    template: ClassVar[str] = "admin/person.html"
    section: ClassVar[str] = "people"

    user: User
    sessions: int
    second_step: bool
    tokens: Sequence[ApiToken]
    agents: Sequence[AgentGrant]
    is_me: bool
    form: Typed


@router.get("/people")
def listed(request: Request, session: Db, asked: FromAddress) -> HTMLResponse:
    """Everybody who can log in, and a form for one more."""
    return render(request, _people_page(session, asked, Typed.of(role=Role.EDITOR)))


@router.post("/people")
def add(request: Request, now: Now, form: Form) -> Response:
    """Let somebody in."""
    try:
        password = passwords.hashed(form.value("password"))
        with guard.writing(request) as session:
            users.add(
                session,
                email=form.value("email"),
                name=form.value("name"),
                role=form.value("role"),
                password=password,
                now=now,
            )
    except (Invalid, Conflict) as error:
        with request.app.state.database.read() as session:
            page = _people_page(session, Asked(), form.refused(error))
        refuse(request, page)
    return go("/people", said="added")


@router.post("/people/{user_id}")
def change_role(session: Db, now: Now, form: Form, user_id: str) -> Response:
    """What somebody may do from now on; their tokens that may more end."""
    users.change_role(session, store.user_of(session, user_id), form.value("role"), now=now)
    return go("/people", said="saved")


@router.get("/people/{user_id}")
def show(request: Request, session: Db, who: Who, now: Now, user_id: str) -> HTMLResponse:
    """One person, and what an admin may do about their log-in."""
    return render(request, _person_page(session, who, user_id, Typed(), now=now))


@router.post("/people/{user_id}/end-sessions")
def end_sessions(session: Db, user_id: str) -> Response:
    """Every browser of theirs has to log in again."""
    store.end_sessions_of(session, store.user_of(session, user_id).id)
    return go(f"/people/{user_id}", said="sessions-ended")


@router.post("/people/{user_id}/end-agents")
def end_agents(session: Db, now: Now, user_id: str) -> Response:
    """Every agent that they let in is refused."""
    grants.end_all_of(session, store.user_of(session, user_id), now=now)
    return go(f"/people/{user_id}", said="agents-ended")


@router.post("/people/{user_id}/reset-second-step")
def reset_second_step(session: Db, user_id: str) -> Response:
    """No code is asked of them any more, until they set it up again."""
    second_step.turn_off(session, store.user_of(session, user_id).id)
    return go(f"/people/{user_id}", said="second-step-reset")


@router.post("/people/{user_id}/password")
def set_password(request: Request, who: Who, now: Now, form: Form, user_id: str) -> Response:
    """A new password for them; every session of theirs ends."""
    try:
        password = passwords.hashed(form.value("password"))
    except Invalid as error:
        with request.app.state.database.read() as session:
            page = _person_page(session, who, user_id, form.refused(error), now=now)
        refuse(request, page)
    with guard.writing(request) as session:
        users.change_password(session, store.user_of(session, user_id), password, now=now)
    return go(f"/people/{user_id}", said="password")


@router.post("/people/{user_id}/remove")
def remove(session: Db, now: Now, user_id: str) -> Response:
    """Nobody logs in with their address any more."""
    users.remove(session, store.user_of(session, user_id), now=now)
    return go("/people", said="removed")


def _people_page(session: Session, asked: Asked, form: Typed) -> PeoplePage:
    asked = narrowed_to(asked, USERS)
    users = USERS.part(session, HERE, asked, limit=_PAGE)
    told = shown(USERS, users, asked, "/people", _COLUMNS, hint="A name, an address, a role")
    return PeoplePage(users=users, list=told, roles=ROLES, form=form)


def _person_page(
    session: Session, who: Principal, user_id: str, form: Typed, *, now: datetime
) -> PersonPage:
    user = store.user_of(session, user_id)
    return PersonPage(
        user=user,
        sessions=len(store.sessions_of(session, user.id, now=now)),
        second_step=second_step.is_on(session, user.id),
        tokens=store.tokens_of(session, user),
        agents=grants.listed(session, user.id, now=now),
        is_me=who.id == user.id,
        form=form,
    )
