"""Goals of another tool: a file, what its columns become, what would be made, and the import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter, Request
from pydantic import ValidationError
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from app.identity import audit
from app.identity.guard import Db, Now, Who
from app.okr import goal_columns, goal_file, goal_import, store
from app.okr.goal_import import Look
from app.okr.goal_plan import Refusal
from app.okr.schemas import GoalsDraft
from app.platform import written_cells
from app.platform.asked import Choices
from app.platform.errors import AppError, Invalid
from app.web.kit import formatting
from app.web.kit.form_state import Form, Typed
from app.web.kit.pages import Page, go, refuse, render
from app.web.kit.uploads import Uploaded
from app.web.outcomes.past_values import ORDERS, SIGNS

router = APIRouter(prefix="/outcomes/import")

_SHOWN = 3  # rows of the file beside each column
_REFUSED = 200  # lines that are named on the page
_SAID = ("dates", "decimals", "cycle_id")
_ARE: Sequence[tuple[str, str, str]] = (
    ("cycles", "cycle", "cycles"),
    ("teams", "team", "teams"),
    ("objectives", "objective", "objectives"),
    ("key_results", "key result", "key results"),
    ("check_ins", "check-in", "check-ins"),
)


@dataclass(frozen=True, slots=True)
class ColumnLine:
    """A column of the file, what it becomes, and its first cells."""

    name: str  # of its field in the form
    heading: str
    becomes: str
    is_guess: bool
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GoalsPage(Page):
    """Choose a file; then say where we are wrong; then import."""

    template: ClassVar[str] = "outcomes/goal_import.html"
    section: ClassVar[str] = "outcomes"

    form: Typed
    lead: str
    would: str
    counts: Mapping[str, int]
    columns: list[ColumnLine]
    fields: Choices
    refused: Sequence[Refusal]
    more: int
    asks: bool
    makes: bool
    cycles: Choices
    orders: Choices
    signs: Choices


@router.get("")
def begin(request: Request, session: Db) -> HTMLResponse:
    """A field for a file."""
    return render(request, _page(session, Typed(), None))


@router.post("")
def upload(request: Request, session: Db, now: Now, sent: Uploaded) -> HTMLResponse:
    """The file as we read it."""
    try:
        raw = b"".join(sent.pieces())
        form = Typed.of(csv=goal_file.text_of(raw))
    except Invalid as error:
        refuse(request, _page(session, Typed().mended(error), None))
    return _looked(request, session, form, now=now)


@router.post("/look")
def look(request: Request, session: Db, now: Now, form: Form) -> HTMLResponse:
    """The same file, read as somebody says that it is meant."""
    return _looked(request, session, form, now=now)


@router.post("/save")
def save(request: Request, session: Db, who: Who, now: Now, form: Form) -> Response:
    """Make it, all in one transaction."""
    zone = request.app.state.settings.zone
    try:
        found = goal_import.take(session, _draft(form), by=who.name, zone=zone, now=now)
    except (ValidationError, AppError) as error:
        refuse(request, _page(session, form.mended(error), _again(request, session, form, now=now)))
    audit.note(
        session, actor=who.name, actor_id=who.id, action="goals imported", now=now,
        details=found.plan.counts | {"sha256": found.digest},
    )  # fmt: skip
    return go("/objectives", said="imported")


def _looked(request: Request, session: Session, form: Typed, *, now: datetime) -> HTMLResponse:
    zone = request.app.state.settings.zone
    try:
        found = goal_import.look(session, _draft(form), zone=zone, now=now)
    except (ValidationError, AppError) as error:
        refuse(request, _page(session, form.mended(error), _again(request, session, form, now=now)))
    return render(request, _page(session, form, found))


def _again(request: Request, session: Session, form: Typed, *, now: datetime) -> Look | None:
    """The look at the file as we guess it, so that the mapping can be mended; None: no look."""
    zone = request.app.state.settings.zone
    try:
        plain = GoalsDraft(csv=form.value("csv"))
        return goal_import.look(session, plain, zone=zone, now=now)
    except (ValidationError, AppError):
        return None  # what is wrong with the file itself is said already


def _draft(form: Typed) -> GoalsDraft:
    csv = form.value("csv")
    said = {name: form.text(name) for name in _SAID}
    columns = {}
    if any(name.startswith("column-") for name in form.fields):
        headings = goal_file.read(csv).headings
        columns = {heading: form.value(f"column-{place}") for place, heading in enumerate(headings)}
    return GoalsDraft.model_validate({"csv": csv, "columns": columns} | said)


def _page(session: Session, form: Typed, found: Look | None) -> GoalsPage:
    plan = found.plan if found else None
    refused = plan.refused if plan else []
    counts = plan.counts if plan else {}
    return GoalsPage(
        form=form,
        lead=_lead(found),
        would=_would(counts),
        counts=counts,
        columns=_columns(found, form) if found else [],
        fields=[("", "Leave out"), *((one.value, said) for one, said in goal_columns.TOLD.items())],
        refused=refused[:_REFUSED],
        more=max(0, len(refused) - _REFUSED),
        asks=bool(plan and plan.asks),
        makes=any(counts.get(name) for name, _, _ in _ARE),
        cycles=[("", "None: refuse those rows"), *_cycles(session)],
        orders=[
            ("", "As the cells tell it"),
            *((one.value, ORDERS[one]) for one in written_cells.WRITTEN_ORDERS),
        ],
        signs=[("", "As the cells tell it"), *((one.value, said) for one, said in SIGNS.items())],
    )


def _cycles(session: Session) -> list[tuple[str, str]]:
    return [(one.id, one.name) for one in store.cycles(session) if one.closed_at is None]


def _lead(found: Look | None) -> str:
    if found is None:
        return "Objectives, key results and their check-ins from a file of another tool."
    rows = formatting.plural(len(found.sheet.rows) + len(found.sheet.unread), "row", "rows")
    columns = formatting.plural(len(found.columns), "column", "columns")
    return f"{rows}, {columns}. This is how we read it; say where we are wrong."


def _would(counts: Mapping[str, int]) -> str:
    """`Would create 3 objectives, 9 key results, 41 check-ins; 2 rows refused.`"""
    if not counts:
        return ""
    made = [formatting.plural(counts[name], one, many) for name, one, many in _ARE if counts[name]]
    refused = formatting.plural(counts["refused"], "row or part of one", "rows or parts of them")
    sentence = f"Would create {', '.join(made)}" if made else "Would create nothing new"
    if counts["known"]:
        sentence += f"; {counts['known']} are here already and stay as they are"
    return sentence + (f"; {refused} refused." if counts["refused"] else ".")


def _columns(found: Look, form: Typed) -> list[ColumnLine]:
    guessed = goal_columns.guess(found.sheet.headings)
    return [
        ColumnLine(
            name=f"column-{place}",
            heading=heading,
            becomes=_chosen(form, place, found.columns[place]),
            is_guess=found.columns[place] is not None and found.columns[place] == guessed[place],
            cells=tuple(row.cells[place][:60] for row in found.sheet.rows[:_SHOWN]),
        )
        for place, heading in enumerate(found.sheet.headings)
    ]


def _chosen(form: Typed, place: int, becomes: goal_columns.Field | None) -> str:
    name = f"column-{place}"
    return form.value(name) if name in form.fields else becomes.value if becomes else ""
