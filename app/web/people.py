"""People who log in, and what they may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.identity import guard, passwords, store, users
from app.identity.guard import Db, Now
from app.identity.models import User
from app.identity.roles import Role
from app.platform.errors import Conflict, Invalid
from app.web.pages import Page, go, refuse, render
from app.web.typed import Form, Typed

router = APIRouter()
ROLES = tuple((role.value, role.value.capitalize()) for role in Role)


@dataclass(frozen=True, kw_only=True)
class PeoplePage(Page):
    """Everybody with a log-in."""

    template: ClassVar[str] = "people/list.html"
    section: ClassVar[str] = "people"

    users: Sequence[User]
    roles: tuple[tuple[str, str], ...]
    form: Typed


@router.get("/people")
def listed(request: Request, session: Db) -> HTMLResponse:
    """Everybody who can log in, and a form for one more."""
    form = Typed.of(role=Role.EDITOR)
    return render(request, PeoplePage(users=store.users(session), roles=ROLES, form=form))


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
            known = store.users(session)
        refuse(request, PeoplePage(users=known, roles=ROLES, form=form.refused(error)))
    return go("/people", said="added")


@router.post("/people/{user_id}")
def change_role(session: Db, form: Form, user_id: str) -> Response:
    """What somebody may do from now on."""
    users.change_role(session, store.user_of(session, user_id), form.value("role"))
    return go("/people", said="saved")
