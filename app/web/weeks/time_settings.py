"""Who answers, when the week is asked about, and which kinds of work there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.allocation import roster, store
from app.allocation.schemas import BucketsDraft, SettingsDraft
from app.identity.guard import Db, Now
from app.platform.errors import AppError, Invalid
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/time/settings")

_BLANK_ROWS = 2
_MOST_ROWS = 40  # of a form that somebody made up; ours has as many as there are buckets, and two
_PARTS = ("id", "name", "elective", "target")
_TIMES = ("mode", "opens", "reminds", "closes")


@dataclass(frozen=True, kw_only=True)
class TimeSettingsPage(Page):
    """Two forms: the calendar, and the buckets with their targets."""

    template: ClassVar[str] = "weeks/time_settings.html"
    section: ClassVar[str] = "time"

    zone: str
    times: Typed
    buckets: Typed
    rows: Sequence[int]
    old: int  # so many of the rows are buckets that exist


@router.get("")
def show(request: Request, session: Db) -> HTMLResponse:
    """As it is set."""
    return render(request, _page(request, session))


@router.post("/times")
def put_times(request: Request, session: Db, form: Form) -> Response:
    """From the next opening on."""
    try:
        draft = SettingsDraft.model_validate({name: form.value(name) for name in _TIMES})
        roster.put_settings(session, draft)
    except (AppError, ValidationError) as error:
        refuse(request, _page(request, session, times=form.mended(error)))
    return go("/time/settings", said="saved")


@router.post("/buckets")
def put_buckets(request: Request, session: Db, now: Now, form: Form) -> Response:
    """All of them, in the order of their numbers; a retired one keeps its answers."""
    rows = _kept_rows(form)
    names = {
        f"items.{index}.{part}": f"{row}.{part}"
        for index, row in enumerate(rows)
        for part in _PARTS
    }
    try:
        draft = BucketsDraft.model_validate({"items": [_bucket(form, row) for row in rows]})
        roster.put_buckets(session, draft, now=now)
    except (AppError, ValidationError) as error:
        refuse(request, _page(request, session, buckets=form.mended(error, names)))
    return go("/time/settings", said="saved")


def _kept_rows(form: Typed) -> list[int]:
    """The rows with a name that are not retired, in the order that was asked for."""
    asked = [row for row in range(_MOST_ROWS) if form.text(f"{row}.name")]
    kept = [row for row in asked if not form.value(f"{row}.retired")]
    return sorted(kept, key=lambda row: (_place(form, row), row))


def _place(form: Typed, row: int) -> int:
    typed = form.value(f"{row}.position").strip()
    return int(typed[:4]) if typed.isascii() and typed.isdigit() else _MOST_ROWS


def _bucket(form: Typed, row: int) -> dict[str, Any]:
    return {
        "id": form.text(f"{row}.id"),
        "name": form.text(f"{row}.name"),
        "elective": form.value(f"{row}.elective") == "yes",
        "target": _target(form, row),
    }


def _target(form: Typed, row: int) -> float | None:
    typed = form.value(f"{row}.target").strip().removesuffix("%").strip()
    if not typed:
        return None
    try:
        return float(typed) / 100
    except ValueError:
        raise Invalid.at(f"{row}.target", "A target is a share in percent, like 60.") from None


def _page(
    request: Request,
    session: Session,
    *,
    times: Typed | None = None,
    buckets: Typed | None = None,
) -> TimeSettingsPage:
    old = len(store.buckets(session))
    return TimeSettingsPage(
        zone=request.app.state.settings.timezone,
        times=times or Typed.of(**roster.settings_shown(session).model_dump(mode="json")),
        buckets=buckets or _filled(session),
        rows=range(old + _BLANK_ROWS),
        old=old,
    )


def _filled(session: Session) -> Typed:
    fields: dict[str, object] = {}
    for row, bucket in enumerate(store.buckets(session)):
        fields[f"{row}.id"] = bucket.id
        fields[f"{row}.name"] = bucket.name
        fields[f"{row}.elective"] = "yes" if bucket.elective else "no"
        fields[f"{row}.target"] = None if bucket.target is None else 100 * bucket.target
        fields[f"{row}.position"] = row + 1
    return Typed.of(**fields)
