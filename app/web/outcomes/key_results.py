"""What is done with one key result by a button or a form."""

from collections.abc import Callable
from datetime import date, datetime

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.experiments import key_result_usage
from app.identity.guard import Db, Now, Who
from app.okr import links, outcomes, sources, store, unusual, values
from app.okr.schemas import ConfidenceDraft, UnusualWeekDraft, ValueDraft
from app.platform.errors import Conflict, Invalid
from app.review import comments
from app.web.kit import charts
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import go, refuse, render
from app.web.outcomes import key_result_form, value_sources
from app.web.outcomes.key_result_page import page

router = APIRouter(prefix="/key-results")


@router.get("/{key_result_id}")
def show(request: Request, session: Db, now: Now, key_result_id: str) -> HTMLResponse:
    """One key result."""
    return render(request, page(request, session, key_result_id, now=now))


@router.get("/{key_result_id}/charts/{name}.{kind}")
def chart(
    *, request: Request, session: Db, now: Now, key_result_id: str, name: str, kind: str
) -> Response:
    """Its course as a file."""
    found = page(request, session, key_result_id, now=now)
    return charts.as_file(request, found.charts, name, kind, of=found.title)


@router.post("/{key_result_id}/values")
def put(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Put the value of a day; put again, it replaces."""
    zone = request.app.state.settings.zone

    def keep() -> None:
        values.put(
            session, key_result_id, _day(form), _draft(form), source="manual", by=who.name,
            zone=zone, now=now,
        )  # fmt: skip

    return _kept(request, session, key_result_id, form, keep, now=now)


@router.post("/{key_result_id}/confidence")
def confirm(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Say how sure one is, with the value as it stands."""
    zone = request.app.state.settings.zone

    def keep() -> None:
        draft = ConfidenceDraft.model_validate(
            {"confidence": form.text("confidence"), "comment": form.value("comment")}
        )
        values.confirm(session, key_result_id, draft, by=who.name, zone=zone, now=now)

    return _kept(request, session, key_result_id, form, keep, now=now)


@router.post("/{key_result_id}/edit")
def edit(request: Request, session: Db, now: Now, form: Form, key_result_id: str) -> Response:
    """Change what the key result says of itself."""
    row = store.key_result_of(session, key_result_id)
    try:
        outcomes.change_key_result(session, row, key_result_form.changes(form), now=now)
    except (ValidationError, Invalid, Conflict) as error:
        session.expire(row)
        mended = form.mended(error, value_sources.NAMES)
        refuse(request, page(request, session, key_result_id, edit=mended, now=now))
    return go(f"/key-results/{key_result_id}", said="saved")


@router.post("/{key_result_id}/unusual")
def mark(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Mark a coming week as unusual, for this key result or for every one."""
    store.key_result_of(session, key_result_id)
    zone = request.app.state.settings.zone
    about = None if form.value("for_all") else key_result_id
    try:
        draft = UnusualWeekDraft(reason=form.value("reason"), key_result_id=about)
        unusual.mark(session, form.value("week"), draft, by=who.name, zone=zone, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, page(request, session, key_result_id, marking=form.mended(error), now=now))
    return go(f"/key-results/{key_result_id}", said="saved")


@router.post("/{key_result_id}/unusual/{week}/take-back")
def take_mark_back(
    *, request: Request, session: Db, now: Now, form: Form, key_result_id: str, week: str
) -> Response:
    """Let a coming week count after all."""
    zone = request.app.state.settings.zone
    about = None if form.value("for_all") else key_result_id
    unusual.take_back(session, week, about, zone=zone, now=now)
    return go(f"/key-results/{key_result_id}", said="saved")


@router.post("/{key_result_id}/read")
def read(session: Db, now: Now, key_result_id: str) -> Response:
    """Read the value from its source as soon as a worker is free."""
    row = store.key_result_of(session, key_result_id)
    if not sources.read_soon(session, key_result_id, now=now):
        raise Conflict(f"“{row.title}” is not read from anywhere.")
    return go(f"/key-results/{key_result_id}", said="read-soon")


@router.post("/{key_result_id}/links/{experiment_id}/undo")
def undo(session: Db, who: Who, now: Now, key_result_id: str, experiment_id: str) -> Response:
    """Take back what an experiment wrote."""
    links.undo(session, key_result_id, experiment_id, by=who.name, now=now)
    return go(f"/key-results/{key_result_id}", said="removed")


@router.post("/{key_result_id}/remove")
def remove(session: Db, key_result_id: str) -> Response:
    """Only while it has no value and nothing should move it."""
    key_result_usage.refuse_linked(session, key_result_id)
    outcomes.remove_key_result(session, store.key_result_of(session, key_result_id))
    comments.forget(session, key_result_id)
    return go("/objectives", said="removed")


def _kept(
    request: Request,
    session: Session,
    key_result_id: str,
    form: Typed,
    keep: Callable[[], None],
    *,
    now: datetime,
) -> Response:
    try:
        keep()
    except (ValidationError, Invalid, Conflict) as error:
        again = form.mended(error)
        refuse(request, page(request, session, key_result_id, form=again, now=now))
    return go(f"/key-results/{key_result_id}", said="saved")


def _day(form: Typed) -> date:
    try:
        return date.fromisoformat(form.value("date"))
    except ValueError:
        raise Invalid.at("date", "Write a day here, like 2026-11-22.") from None


def _draft(form: Typed) -> ValueDraft:
    names = ("value", "comment", "confidence")
    return ValueDraft.model_validate({name: form.text(name) for name in names})
