"""What a key result's past says: weeks gone by, pasted, and whether it only adds up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.okr import outcomes, past, store
from app.okr.past import Becomes, Plan, Row
from app.okr.schemas import KeyResultChanges, PastDraft
from app.platform import written_cells
from app.platform.errors import Conflict, Invalid
from app.platform.written_numbers import Decimals
from app.web.kit import formatting
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render
from app.web.outcomes import key_result_page

router = APIRouter(prefix="/key-results")

_FIELDS = ("dates", "decimals", "last_week")
_NAMES = {"text": "past"}
ORDERS = {"day_first": "The day: 31/12/2026", "month_first": "The month: 12/31/2026"}
SIGNS = {
    Decimals.POINT: "A point: 1,234.5",
    Decimals.COMMA: "A comma: 1.234,5",
}
_TOLD = {
    Becomes.NEW: "New",
    Becomes.REPLACES: "Replaces",
    Becomes.SAME: "The same already",
    Becomes.REFUSED: "Refused",
    Becomes.HEADING: "Heading",
}


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line of what was pasted and what becomes of it."""

    row: Row
    becomes: str
    place: str  # in the cycle


@dataclass(frozen=True, kw_only=True)
class PastPage(Page):
    """Paste, look, save. `plan` is what the last look found."""

    template: ClassVar[str] = "outcomes/past.html"
    section: ClassVar[str] = "outcomes"

    id: str
    title: str
    unit: str
    form: Typed
    plan: Plan | None
    lines: list[PastLine]
    same: int
    refused: int
    orders: Sequence[tuple[str, str]]
    signs: Sequence[tuple[str, str]]


@router.get("/{key_result_id}/past")
def begin(request: Request, session: Db, key_result_id: str) -> HTMLResponse:
    """An empty form."""
    return render(request, _page(session, key_result_id, Typed(), None))


@router.post("/{key_result_id}/past")
def look(request: Request, session: Db, now: Now, form: Form, key_result_id: str) -> HTMLResponse:
    """What each line would become; nothing is kept."""
    row = store.key_result_of(session, key_result_id)
    zone = request.app.state.settings.zone
    try:
        plan = past.plan(session, row, _draft(form), zone=zone, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, _page(session, key_result_id, form.mended(error, _NAMES), None))
    return render(request, _page(session, key_result_id, form, plan))


@router.post("/{key_result_id}/past/save")
def save(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, key_result_id: str
) -> Response:
    """Keep what was looked at, without the lines that are refused."""
    zone = request.app.state.settings.zone
    try:
        past.save(
            session, key_result_id, _draft(form), source="manual", by=who.name, zone=zone, now=now
        )
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, _page(session, key_result_id, form.mended(error, _NAMES), None))
    return go(f"/key-results/{key_result_id}", said="saved")


@router.post("/{key_result_id}/running-total")
def answer(*, request: Request, session: Db, now: Now, form: Form, key_result_id: str) -> Response:
    """Say whether the number only adds up."""
    row = store.key_result_of(session, key_result_id)
    try:
        changes = KeyResultChanges.model_validate({"running_total": form.text("running_total")})
        outcomes.change_key_result(session, row, changes, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        session.expire(row)
        _refuse(request, session, key_result_id, form.mended(error), now=now)
    return go(f"/key-results/{key_result_id}", said="saved")


def _draft(form: Typed) -> PastDraft:
    said = {name: form.text(name) for name in _FIELDS}
    return PastDraft.model_validate({"text": form.value("past")} | said)


def _page(session: Session, key_result_id: str, form: Typed, plan: Plan | None) -> PastPage:
    row = store.key_result_of(session, key_result_id)
    return PastPage(
        id=row.id,
        title=row.title,
        unit=row.unit,
        form=form,
        plan=plan,
        lines=[_line(one) for one in plan.rows] if plan else [],
        same=plan.count(Becomes.SAME) if plan else 0,
        refused=plan.count(Becomes.REFUSED) if plan else 0,
        orders=[
            ("", "As the lines tell it"),
            *((one.value, ORDERS[one]) for one in written_cells.WRITTEN_ORDERS),
        ],
        signs=[("", "As the lines tell it"), *((one.value, said) for one, said in SIGNS.items())],
    )


def _line(row: Row) -> PastLine:
    return PastLine(row, _TOLD[row.becomes], _place(row.cycle_week))


def _place(week: int | None) -> str:
    """Where a week lies: `week 3 of the cycle`, `4 weeks before it`."""
    if week is None:
        return ""
    if week > 0:
        return f"week {week} of the cycle"
    return f"{formatting.plural(1 - week, 'week', 'weeks')} before the cycle"


def _refuse(
    request: Request, session: Session, key_result_id: str, form: Typed, *, now: datetime
) -> None:
    refuse(request, key_result_page.page(request, session, key_result_id, form=form, now=now))
