"""A cycle and how it ends: a score for every key result."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity.guard import Db, Now, Who
from app.okr import closing, outcomes, store
from app.okr.models import Cycle
from app.okr.pace_words import grade_in_words
from app.okr.progress import grade
from app.okr.schemas import CloseDraft, CycleChanges
from app.platform import figures
from app.platform.errors import Conflict, Invalid
from app.web.kit import confidences, formatting, key_result_line
from app.web.kit.confidences import SaidPart
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render

router = APIRouter(prefix="/cycles")


@dataclass(frozen=True, slots=True)
class Scored:
    """A key result at the end: where it stands, what is suggested, what was given."""

    id: str
    title: str
    way: str
    current: str
    suggested: str
    score: str
    said: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class CyclePage(Page):
    """The scores of a cycle: asked for while it is open, shown once it is closed."""

    template: ClassVar[str] = "outcomes/cycle.html"
    section: ClassVar[str] = "outcomes"

    id: str
    name: str
    dates: str
    closed_at: datetime | None
    closed_by: str
    mean: str
    key_results: list[Scored]
    calibration: SaidPart | None
    form: Typed
    edit: Typed
    copy: Typed
    open: str


@router.get("/{cycle_id}")
def show(request: Request, session: Db, cycle_id: str) -> HTMLResponse:
    """One cycle with its key results."""
    return render(request, page(session, store.cycle_of(session, cycle_id)))


@router.post("/{cycle_id}")
def change(request: Request, session: Db, form: Form, cycle_id: str) -> Response:
    """Another name, other days."""
    cycle = store.cycle_of(session, cycle_id)
    try:
        sent = {name: form.text(name) for name in ("name", "starts", "ends")}
        outcomes.change_cycle(session, cycle, CycleChanges.model_validate(sent))
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, page(session, cycle, edit=form.mended(error)))
    return go(f"/cycles/{cycle_id}", said="saved")


@router.post("/{cycle_id}/close")
def close(
    *, request: Request, session: Db, who: Who, now: Now, form: Form, cycle_id: str
) -> Response:
    """Keep the scores; from then on the cycle is read-only."""
    cycle = store.cycle_of(session, cycle_id)
    try:
        closing.close(session, cycle, _draft(session, cycle, form), by=who.name, now=now)
    except (ValidationError, Invalid, Conflict) as error:
        refuse(request, page(session, cycle, form.mended(error, _names(session, cycle))))
    return go(f"/cycles/{cycle_id}", said="cycle-closed")


@router.post("/{cycle_id}/reopen")
def reopen(session: Db, cycle_id: str) -> Response:
    """Let values change again; the scores go."""
    closing.reopen(session, store.cycle_of(session, cycle_id))
    return go(f"/cycles/{cycle_id}", said="cycle-reopened")


def _draft(session: Session, cycle: Cycle, form: Typed) -> CloseDraft:
    scores = {
        ended.row.id: {
            "score": form.text(f"score_{ended.row.id}"),
            "comment": form.value(f"comment_{ended.row.id}"),
        }
        for ended in closing.ended(session, cycle)
    }
    return CloseDraft.model_validate({"scores": scores})


def _names(session: Session, cycle: Cycle) -> dict[str, str]:
    ids = [ended.row.id for ended in closing.ended(session, cycle)]
    parts = ("score", "comment")
    return {f"scores.{one}.{part}": f"{part}_{one}" for one in ids for part in parts}


def page(
    session: Session,
    cycle: Cycle,
    form: Typed | None = None,
    *,
    edit: Typed | None = None,
    copy: Typed | None = None,
) -> CyclePage:
    """A cycle with the forms of which one may need another look."""
    found = closing.ended(session, cycle)
    mean = closing.mean(ended.row for ended in found)
    suggested = {f"score_{ended.row.id}": figures.score(ended.suggested) for ended in found}
    return CyclePage(
        id=cycle.id,
        name=cycle.name,
        dates=f"{formatting.short(cycle.starts)} to {formatting.short(cycle.ends)}",
        closed_at=cycle.closed_at,
        closed_by=cycle.closed_by,
        mean="" if mean is None else figures.score(mean),
        key_results=[_scored(ended) for ended in found],
        calibration=confidences.part_of(session) if cycle.closed_at else None,
        form=form or Typed.of(**suggested),
        edit=edit or Typed.of(name=cycle.name, starts=cycle.starts, ends=cycle.ends),
        copy=copy or _next(cycle),
        open="edit" if edit else "copy" if copy else "",
    )


def _next(cycle: Cycle) -> Typed:
    """What follows it: after whole months as many months, else as many days."""
    starts = cycle.ends + timedelta(days=1)
    months = 12 * (starts.year - cycle.starts.year) + starts.month - cycle.starts.month
    ends = starts + (starts - cycle.starts)
    if cycle.starts.day == starts.day == 1:
        year, month = divmod(starts.month - 1 + months, 12)
        ends = date(starts.year + year, month + 1, 1)
    return Typed.of(copy_name="", copy_starts=starts, copy_ends=ends - timedelta(days=1))


def _scored(ended: closing.Ended) -> Scored:
    return Scored(
        id=ended.row.id,
        title=ended.row.title,
        way=key_result_line.way(ended.row),
        current=formatting.amount(ended.current, ended.row.unit),
        suggested=figures.score(ended.suggested),
        score="" if ended.score is None else figures.score(ended.score),
        said="" if ended.score is None else grade_in_words(grade(ended.score)).capitalize(),
        comment=ended.row.score_comment,
    )
