"""What was said of a thing and done to it, and who watches: the same for each noun."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import activity_words, audit_rows, watching
from app.identity.audit_rows import at_of, details_of
from app.identity.callers import Principal
from app.identity.guard import Db, Now, Who
from app.identity.models import AuditRow
from app.identity.roles import Role
from app.okr import store as okr
from app.platform.errors import Conflict, Invalid
from app.review import comments
from app.review.models import Comment
from app.review.schemas import CommentDraft
from app.web.kit.form_state import Form, Typed
from app.web.kit.list_paging import Cursor, next_of
from app.web.kit.pages import Page, go, refuse, render

_PAGE = 50
_DONE = 50  # of what was done lately


@dataclass(frozen=True, slots=True)
class Line:
    """A comment, and what its reader may do with it."""

    row: Comment
    is_own: bool
    may_remove: bool
    tells_nobody: str  # who is named in it and was not told, in a sentence to its author


@dataclass(frozen=True, slots=True)
class Did:
    """Something that was done. `at`: None where that is damaged."""

    at: datetime | None
    by: str
    what: str
    changes: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything that the page shows. `edited`: the comment whose change was refused."""

    home: str
    lines: Sequence[Line]
    next_address: str | None
    did: Sequence[Did]
    watchers: Sequence[str]
    watches: bool
    is_closed: bool
    form: Typed = field(default_factory=Typed)
    edited: str = ""


# The page of one noun around what was said of it.
Around = Callable[[Session, str, Talk], Page]


def router_of(about: str, around: Around) -> APIRouter:
    """The routes of one noun: to read, to say, to change, to take back, to watch."""
    kind = comments.ABOUT[about]
    router = APIRouter(prefix=kind.page)
    said = f"/{{{about}_id}}/comments"

    def back(request: Request, told: str) -> Response:
        return go(f"{kind.page}/{_subject(request, about)}/comments", said=told)

    @router.get(said)
    def show(request: Request, session: Db, who: Who, cursor: Cursor = None) -> HTMLResponse:
        subject = _subject(request, about)
        comments.name_of(session, about, subject)
        talk = _talk(session, who, about, subject, cursor=cursor)
        return render(request, around(session, subject, talk))

    @router.post(said)
    def add(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
        subject = _subject(request, about)
        try:
            comments.add(session, about, subject, _draft(form), by=who, now=now)
        except (ValidationError, Invalid, Conflict) as error:
            talk = _talk(session, who, about, subject, form=form.mended(error))
            refuse(request, around(session, subject, talk))
        return back(request, "said")

    @router.post(f"{said}/{{comment_id}}")
    def change(
        *, request: Request, session: Db, who: Who, now: Now, form: Form, comment_id: str
    ) -> Response:
        subject = _subject(request, about)
        try:
            comments.change(session, comment_id, _draft(form), by=who, now=now)
        except (ValidationError, Invalid, Conflict) as error:
            wrong = form.mended(error)
            talk = _talk(session, who, about, subject, form=wrong, edited=comment_id)
            refuse(request, around(session, subject, talk))
        return back(request, "saved")

    @router.post(f"{said}/{{comment_id}}/remove")
    def remove(request: Request, session: Db, who: Who, comment_id: str) -> Response:
        comments.remove(session, comment_id, by=who)
        return back(request, "comment-taken-back")

    @router.post(f"/{{{about}_id}}/watch")
    def watch(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
        subject = _subject(request, about)
        comments.name_of(session, about, subject)
        is_on = form.value("watch") != "no"
        watching.put(session, subject, who.id, is_on=is_on, now=now)
        return back(request, "watched" if is_on else "unwatched")

    return router


def _subject(request: Request, about: str) -> str:
    return str(request.path_params[f"{about}_id"])


def _draft(form: Typed) -> CommentDraft:
    return CommentDraft.model_validate({"text": form.value("text").replace("\r\n", "\n")})


def _talk(
    session: Session,
    who: Principal,
    about: str,
    subject: str,
    *,
    cursor: str | None = None,
    form: Typed | None = None,
    edited: str = "",
) -> Talk:
    part = comments.page(session, subject, cursor=cursor, limit=_PAGE)
    home = f"{comments.ABOUT[about].page}/{subject}"
    watchers = watching.watchers(session, subject)
    is_admin = who.role.may(Role.ADMIN)
    unknown = comments.calls_nobody(session, part)
    return Talk(
        home=home,
        lines=[
            Line(
                row,
                is_own := comments.is_own(row, who),
                may_remove=is_own or is_admin,
                tells_nobody=_tells_nobody(unknown.get(row.id, ()) if is_own else ()),
            )
            for row in part
        ],
        next_address=next_of(f"{home}/comments", part),
        did=[_did(row) for row in audit_rows.changes_of(session, subject, limit=_DONE)],
        watchers=[user.name for user in watchers],
        watches=who.id in {user.id for user in watchers},
        is_closed=about == "key_result" and okr.is_closed(session, subject),
        form=form or Typed(),
        edited=edited,
    )


def _tells_nobody(names: Sequence[str]) -> str:
    if not names:
        return ""
    called = " and ".join(f"“@{name}”" for name in names)
    return f"{called} told nobody: nobody of the team is called so, or more than one is."


def _did(row: AuditRow) -> Did:
    """Who, what and when; of the rest only what was changed from what to what."""
    changes = [f"{name}: {said}" for name, said in details_of(row).items() if " → " in str(said)]
    return Did(at_of(row), row.actor, activity_words.done(row.action), ", ".join(changes))
